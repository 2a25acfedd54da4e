//! A look: a task that reads one value, and returns what it makes of it.
//!
//! | the value is           | the function is                | the task returns            |
//! |------------------------|--------------------------------|-----------------------------|
//! | there                  | called with it                 | `Ok`, with what that returns |
//! | cancelled, or failed   | dropped                        | [`Missing`]                 |
//! | still to come          | waits with its reader          |                             |
//!
//! It keeps its reader until then, so no writer has its turn before it; a panic of the function is one of the task.

use crate::{
    context::{HOME_IS_KNOWN, Here, MaySend, MayShare},
    dag::{Site, Value},
    epoch::{Async, Glance},
    error::{Missing, NoContext},
    lock::RawLock,
    task::{JoinHandle, spawn_enrolled},
};

/// Whether readers are enrolled before they have a task: what is written down of them is written in that order, and where tasks have their
/// turns.
const EARLY: bool = Value::SHOWN;

/// The handle of a task that looks.
type Looking<R, E> = JoinHandle<Result<R, Missing<E>>>;

impl<T: 'static, E: Clone + 'static, L: RawLock> Async<T, E, L> {
    /// Has `f` look at the value as it is now, in a task of the current executor, whose handle answers what `f` returned. Dropping that lets
    /// the task go on. It is enrolled at the call: what is written later `f` does not see, and the next writer waits until it has looked.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use tidemill_core::{epoch::Async, error::NoContext};
    ///
    /// let x: Async<u32> = Async::ready(7);
    /// assert!(matches!(x.inspect(|x| x + 1), Err(NoContext)), "outside of an executor");
    /// # }
    /// ```
    ///
    /// # Errors
    /// No executor is current, or it is being dropped. The handle answers [`Missing`] where the value was cancelled, or failed.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn inspect<R>(
        &self,
        f: impl FnOnce(&T) -> R + MaySend + 'static,
    ) -> Result<Looking<R, E>, NoContext>
    where
        T: MayShare,
        R: MaySend + 'static,
        E: MayShare,
        L: MayShare,
    {
        // Where nobody knows his thread it is sent as it is.
        let early = EARLY || !HOME_IS_KNOWN;
        spawn_enrolled(|| Glance::new(self, f, early), Site::here()).ok_or(NoContext)
    }

    /// As [`inspect`](Self::inspect), in a task of the executor of `here`.
    ///
    /// # Errors
    /// The executor is gone, or being dropped. The handle answers as above.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn inspect_on<R: 'static>(
        &self,
        here: &Here,
        f: impl FnOnce(&T) -> R + 'static,
    ) -> Result<Looking<R, E>, NoContext> {
        here.spawn_enrolled(|| Glance::new(self, f, EARLY), Site::here()).ok_or(NoContext)
    }
}
