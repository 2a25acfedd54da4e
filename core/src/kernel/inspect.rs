//! A look: a task that reads one value, and returns what it makes of it.
//!
//! | the value is           | the function is                | the task returns            |
//! |------------------------|--------------------------------|-----------------------------|
//! | there                  | called with it                 | `Ok`, with what that returns |
//! | cancelled, or failed   | dropped                        | [`Missing`]                 |
//! | still to come          | waits with its reader          |                             |
//!
//! It keeps its reader until then, so no writer has its turn before it; a panic of the function is one of the task.

#![expect(
    unsafe_code,
    reason = "says that it keeps its buffer, and looks at that when its time has come"
)]

use core::{pin::Pin, task::Waker};

use crate::{
    context::{HOME_IS_KNOWN, Here, MaySend, MayShare},
    dag::{Site, Value},
    epoch::{Arrival, Async, Enrolled, ReadBuffer, Spot},
    error::{Missing, NoContext},
    lock::RawLock,
    task::{JoinHandle, spawn_enrolled},
};

/// A reader, and what looks.
struct Look<T, E: 'static, L: RawLock, F> {
    reader: ReadBuffer<T, E, L>,
    f: F,
}

// SAFETY: it keeps the buffer of its place until it is dropped, or does what it does.
unsafe impl<T, R, E: Clone, L: RawLock, F: FnOnce(&T) -> R> Enrolled for Look<T, E, L, F> {
    type Error = E;
    type Lock = L;
    type Output = Result<R, Missing<E>>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.reader.spot()
    }

    #[inline]
    unsafe fn arrived(self) -> Self::Output {
        let Self { reader, f } = self;
        // SAFETY: its time has come (contract).
        unsafe { (&reader).arrived() }.map(f)
    }
}

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
        spawn_enrolled(|| self.look(f, early), enrol(early), Site::here()).ok_or(NoContext)
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
        here.spawn_enrolled(|| self.look(f, EARLY), enrol(EARLY), Site::here()).ok_or(NoContext)
    }

    /// A reader that looks; enrolled now where that is `early`, or else by [`enrol`].
    #[inline]
    fn look<R, F: FnOnce(&T) -> R>(&self, f: F, early: bool) -> Arrival<Look<T, E, L, F>> {
        let reader = if early {
            self.read()
        } else {
            // SAFETY: `enrol` comes next.
            unsafe { self.read_later() }
        };
        Arrival::new(Look { reader, f })
    }
}

/// Whether readers are enrolled before they have a task: what is written down of them is written in that order, and where tasks have their
/// turns.
const EARLY: bool = Value::SHOWN;

/// How a look enrols, unless it was `early`.
#[inline]
fn enrol<T, R, E, L, F>(
    early: bool,
) -> impl FnOnce(Pin<&mut Arrival<Look<T, E, L, F>>>, Waker) -> Option<Waker>
where
    E: Clone + 'static,
    L: RawLock,
    F: FnOnce(&T) -> R,
{
    move |look, waker| {
        if early {
            return Some(waker);
        }
        // SAFETY: it was made so by `look`, just before.
        unsafe { ReadBuffer::enrol(look, waker, |look: &mut Look<T, E, L, F>| &mut look.reader) }
    }
}
