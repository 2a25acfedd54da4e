//! A hatch without `alloc`: a state that is touched under a mask, and one who waits for a change of it.
//!
//! | it answers | `look`                                                                            | `change`                      |
//! |------------|-----------------------------------------------------------------------------------|-------------------------------|
//! | something  | who waits is told, and waits no more                                              | likewise                      |
//! | nothing    | whoever looks waits; if it is another that waited that one is told, and looks again | all is as it was            |
//!
//! Two may wait for different things at one hatch where no state has both wait: each change takes the guest, so whoever waits has looked in vain at the state as it
//! is. How one waits and is told says `guest`.

#![expect(unsafe_code, reason = "lends what is touched under a mask")]

use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    task::{Poll, Waker},
};

use super::{
    guest::{Guest, Who},
    header::Task,
    waker::task_of,
};
use crate::{
    const_new,
    mask::{Mask, Masked, masked},
};

/// See the [module](self). The mask is the lock: `L` only says who may share it.
pub(crate) struct Hatch<S, L> {
    state: Masked<S>,
    guest: Guest,
    lock: PhantomData<L>,
}

impl<S, L> Hatch<S, L> {
    const_new! {
        /// A state for which nobody waits.
        pub(crate) fn new(state: S) -> Self {
            Self { state: Masked::new(state), guest: Guest::new(), lock: PhantomData }
        }
    }

    /// Lends the state to `f`, which calls nobody's code and changes nothing.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&S) -> R) -> R {
        masked(|mask| self.lend(mask, |state| f(state)))
    }

    /// Has `f` change the state, which calls nobody's code. If it answers something it has, and who waits is told.
    #[inline(always)]
    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut S) -> Option<R>) -> Option<R> {
        let (result, before) = masked(|mask| match self.lend(mask, f) {
            Some(result) => (Some(result), self.guest.follow(mask, Who::NOBODY)),
            None => (None, Who::NOBODY),
        });
        self.tell(before, Who::NOBODY);
        result
    }

    /// As `change`; but if `f` answers nothing, `waker` waits.
    #[inline(always)] // So that whoever knows that it is a task of ours has nothing else in his program.
    pub(crate) fn look<R>(&self, waker: &Waker, f: impl FnOnce(&mut S) -> Option<R>) -> Poll<R> {
        let Some(task) = task_of(waker) else { return self.look_with(waker, f) };
        match self.look_as(task, f) {
            // SAFETY: it says that there is a result.
            (Who::NOBODY, result) => Poll::Ready(unsafe { result.assume_init() }),
            _ => Poll::Pending,
        }
    }

    /// For a task of ours. Answers who waits, and if that is nobody the result.
    #[inline(never)] // All who wait for the same kind of thing call this one.
    fn look_as<R>(&self, task: Task, f: impl FnOnce(&mut S) -> Option<R>) -> (Who, MaybeUninit<R>) {
        let (before, next, result) = masked(|mask| {
            let (next, result) = match self.lend(mask, f) {
                Some(result) => (Who::NOBODY, MaybeUninit::new(result)),
                None => (Who::task(task), MaybeUninit::uninit()),
            };
            (self.guest.follow(mask, next), next, result)
        });
        self.tell(before, next);
        (next, result)
    }

    /// For any waker.
    #[inline(never)]
    fn look_with<R>(&self, waker: &Waker, f: impl FnOnce(&mut S) -> Option<R>) -> Poll<R> {
        let mut fresh = Some(waker.clone());
        let (result, (before, other)) = masked(|mask| match self.lend(mask, f) {
            Some(result) => (Poll::Ready(result), (self.guest.follow(mask, Who::NOBODY), None)),
            None => (Poll::Pending, self.guest.follow_by(mask, &mut fresh)),
        });
        self.tell(before, Who::NOBODY);
        other.into_iter().for_each(Waker::wake);
        result
    }

    /// The guest of a hatch is never COME.
    #[inline(always)]
    fn tell(&self, before: Who, next: Who) {
        if before != Who::NOBODY && before != next {
            self.guest.tell(before);
        }
    }

    /// [E2] of `guest`: `f` calls nobody's code, so it does not come back here.
    #[inline(always)]
    fn lend<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut S) -> R) -> R {
        // SAFETY: as said.
        unsafe { self.state.lend(mask, f) }
    }
}
