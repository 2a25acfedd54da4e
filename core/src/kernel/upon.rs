//! A function that sees a value when it comes, in no task of its own.
//!
//! | the value is           | the function                                   |
//! |------------------------|------------------------------------------------|
//! | there                  | is called with it in a later turn              |
//! | cancelled, or failed   | likewise, with [`Missing`]                     |
//! | still to come          | waits for it, beside others that do            |
//!
//! Those that wait for the same epoch of a value on the same executor, one after the other, have one task and one reader among them: its *audience*.

#[cfg(not(feature = "std"))]
use crate::task::spawn_small;
#[cfg(feature = "std")]
use crate::{context::with_pool, task::spawn_small_send};
use crate::{
    context::{Here, HomeRef, MaySend, MayShare, Shares, with_current},
    dag::{self, Site},
    epoch::{Async, Audience, join, join_here},
    error::{Missing, NoContext},
    lock::{Lock, RawLock},
    task::LieDown,
};

/// What puts an audience in line before it has had a turn, where that may be.
#[inline]
fn lies<T, E: Clone + 'static, L: RawLock, F>() -> Option<impl LieDown<Audience<T, E, L, F>>> {
    Audience::<T, E, L, F>::LIES_DOWN.then_some(Audience::lie_down)
}

impl<T: 'static, E: Clone + 'static, L: RawLock> Async<T, E, L> {
    /// Calls `f` with the value as it is now, or with why there is none, in a later turn of the current executor: never inside of this call, nor
    /// of what writes the value. It is enrolled at the call: what is written later `f` does not see, and the next writer waits until it has
    /// returned. Those that wait for the same on one thread are called in the order in which they asked, each in the context of its call, to whose
    /// monitor its panic goes. With the executor `f` is dropped.
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
            let here = here.ok_or(NoContext)?;
            #[cfg(feature = "std")]
            return self.ask(here, f, site);
            #[cfg(not(feature = "std"))]
            self.ask_of(here, f, |audience| spawn_small(audience, lies(), site))
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
        self.ask(here, f, Site::here())
    }

    /// Asks on this executor.
    #[inline]
    fn ask<F>(&self, here: &Here, f: F, site: Site) -> Result<(), NoContext>
    where
        F: FnOnce(Result<&T, Missing<E>>) + 'static,
    {
        let Err(f) = join_here(self, here, f) else { return Ok(()) };
        if !here.home().is_open() {
            return Err(NoContext);
        }
        here.spawn_small(Audience::new(self, f), lies(), site);
        Ok(())
    }

    /// Asks on the executor of `home`, which may be anywhere.
    fn ask_of<F>(
        &self,
        home: &HomeRef,
        f: F,
        spawn: impl FnOnce(Audience<T, E, L, F>) -> Option<dag::Task>,
    ) -> Result<(), NoContext>
    where
        F: FnOnce(Result<&T, Missing<E>>) + 'static,
    {
        let Err(f) = join(self, home, f) else { return Ok(()) };
        if !home.is_open() {
            return Err(NoContext);
        }
        spawn(Audience::new(self, f)).map(drop).ok_or(NoContext)
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
            self.ask_of(pool, f, |audience| spawn_small_send(|| audience, lies(), site))
        });
        #[cfg(not(feature = "std"))]
        self.upon(f)
    }
}
