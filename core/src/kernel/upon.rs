//! A function that sees a value when it comes, in no task of its own.
//!
//! | the value is           | the function                                   |
//! |------------------------|------------------------------------------------|
//! | there                  | is called with it in a later turn              |
//! | cancelled, or failed   | likewise, with [`Missing`]                     |
//! | still to come          | waits for it, beside others that do            |
//!
//! Those that wait for the same epoch of a value on the same executor, one after the other, have one task and one reader among them: its *audience*.

use core::{pin::Pin, task::Waker};

#[cfg(not(feature = "std"))]
use crate::task::spawn_small;
#[cfg(feature = "std")]
use crate::{context::with_pool, task::spawn_small_send};
use crate::{
    context::{Here, MaySend, MayShare, Shares, with_current},
    dag::{self, Site},
    epoch::{Async, Audience, ask, ask_here},
    error::{Missing, NoContext},
    lock::{Lock, RawLock},
};

/// What puts an audience in line before it has had a turn, where that may be.
#[inline]
fn lies<T, E: Clone + 'static, L: RawLock, F>()
-> Option<impl FnOnce(Pin<&mut Audience<T, E, L, F>>, Waker) -> bool> {
    Audience::<T, E, L, F>::LIES_DOWN.then_some(Audience::lie_down)
}

/// What came of asking: nothing had to be made, or a task was, or nobody took it.
#[inline]
fn asked(made: Option<Option<dag::Task>>) -> Result<(), NoContext> {
    match made {
        None | Some(Some(_)) => Ok(()),
        Some(None) => Err(NoContext),
    }
}

impl<T: 'static, E: Clone + 'static, L: RawLock> Async<T, E, L> {
    /// Calls `f` with the value as it is now, or with why there is none, in a later turn of the current executor: never inside of this call, nor
    /// of what writes the value. It is enrolled at the call: what is written later `f` does not see, and the next writer waits until it has
    /// returned. It runs in the context of this call, after those of this executor that asked before for the same; a panic goes to the
    /// monitor of that context. With the executor `f` is dropped.
    ///
    /// A reader that waits so is no task, and the cheapest there is. Who wants to know when it has run, what it returns, or to cancel it,
    /// takes [`inspect`](Self::inspect); who makes a value of it, [`map`](Self::map); and who is to await more, a task.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use tidemill_core::{epoch::Async, error::NoContext};
    ///
    /// let x: Async<u32> = Async::ready(7);
    /// assert!(matches!(x.upon(|_| unreachable!()), Err(NoContext)), "outside of an executor");
    /// # }
    /// ```
    ///
    /// # Errors
    /// No executor is current, or it is being dropped: `f` is dropped.
    ///
    /// Source: Async's `upon`.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn upon(
        &self,
        f: impl FnOnce(Result<&T, Missing<E>>) + MaySend + 'static,
    ) -> Result<(), NoContext>
    where
        T: MayShare,
        E: MayShare,
        L: MayShare,
    {
        let site = Site::here();
        with_current(|here| {
            let here = here.filter(|here| here.home().is_open()).ok_or(NoContext)?;
            #[cfg(feature = "std")]
            let made =
                ask_here(self, here, f, |audience| Some(here.spawn_small(audience, lies(), site)));
            #[cfg(not(feature = "std"))]
            let made = ask(self, here, f, |audience| spawn_small(audience, lies(), site));
            asked(made)
        })
    }

    /// As [`upon`](Self::upon), in a turn of the executor of `here`.
    ///
    /// # Errors
    /// The executor is gone, or being dropped: `f` is dropped.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn upon_on(
        &self,
        here: &Here,
        f: impl FnOnce(Result<&T, Missing<E>>) + 'static,
    ) -> Result<(), NoContext> {
        if !here.home().is_open() {
            return Err(NoContext);
        }
        let site = Site::here();
        asked(ask_here(self, here, f, |audience| Some(here.spawn_small(audience, lies(), site))))
    }
}

impl<T: Shares + 'static, E: Clone + Shares + 'static> Async<T, E, Lock> {
    /// As [`upon`](Self::upon), in a turn on the pool that is entered, or else of the current executor.
    ///
    /// # Errors
    /// There is neither, or it is being dropped: `f` is dropped.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn upon_send(
        &self,
        f: impl FnOnce(Result<&T, Missing<E>>) + Send + 'static,
    ) -> Result<(), NoContext> {
        #[cfg(feature = "std")]
        let site = Site::here();
        #[cfg(feature = "std")]
        return with_pool(|pool| {
            let Some(pool) = pool else { return self.upon(f) };
            if !pool.is_open() {
                return Err(NoContext);
            }
            asked(ask(self, pool, f, |audience| spawn_small_send(|| audience, lies(), site)))
        });
        #[cfg(not(feature = "std"))]
        self.upon(f)
    }
}
