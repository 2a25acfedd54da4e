//! The latest value without `alloc`, or none; and one who waits for it. Who waits finds none, so one word tells both.
//!
//! | who             | value | `put`                     | `take`   | `look`                  |
//! |-----------------|-------|---------------------------|----------|-------------------------|
//! | nobody          | none  | -> there                  | nothing  | -> a guest              |
//! | a guest         | none  | -> there; the guest is told | nothing | stays, if it is the same; another -> a guest, and this one is told |
//! | COME           | there | replaced                  | -> none  | -> none                 |
//!
//! [V1] The value is there while the guest is COME, and then alone.

#![expect(unsafe_code, reason = "keeps a value that is there at times")]

use core::{
    marker::PhantomData,
    mem::{self, MaybeUninit},
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
pub(crate) struct Latest<T, L> {
    guest: Guest,
    value: Masked<MaybeUninit<T>>,
    lock: PhantomData<L>,
}

impl<T, L> Latest<T, L> {
    const_new! {
        /// None, for which nobody waits.
        pub(crate) fn new() -> Self {
            let value = Masked::new(MaybeUninit::uninit());
            Self { guest: Guest::new(), value, lock: PhantomData }
        }
    }

    /// Puts `value` there, and tells who waits. Answers what was there before.
    #[inline(always)]
    pub(crate) fn put(&self, value: T) -> Option<T> {
        let (before, told) = masked(|mask| {
            let there = mem::needs_drop::<T>() && self.guest.who(mask) == Who::COME;
            let before = self.value.replace(mask, MaybeUninit::new(value));
            // SAFETY: [V1].
            (there.then(|| unsafe { before.assume_init() }), self.guest.come(mask))
        });
        self.guest.go(told);
        before
    }

    /// Takes it.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        masked(|mask| self.take_in(mask))
    }

    /// Whether it is there.
    #[inline]
    pub(crate) fn is_there(&self) -> bool {
        masked(|mask| self.guest.who(mask) == Who::COME)
    }

    /// Takes it; if it is not there, `waker` waits.
    #[inline(always)] // So that whoever knows that it is a task of ours has nothing else in his program.
    pub(crate) fn look(&self, waker: &Waker) -> Poll<T> {
        match task_of(waker) {
            Some(task) => match self.look_as(task) {
                // SAFETY: [V1].
                (Who::COME, value) => Poll::Ready(unsafe { value.assume_init() }),
                _ => Poll::Pending,
            },
            None => self.look_with(waker),
        }
    }

    /// For a task of ours.
    #[inline(never)] // All who wait for the same kind of thing call this one.
    fn look_as(&self, task: Task) -> (Who, MaybeUninit<T>) {
        let ours = Who::task(task);
        let found = masked(|mask| {
            let who = self.guest.who(mask);
            let come = who == Who::COME;
            self.guest.set(mask, if come { Who::NOBODY } else { ours });
            (
                who,
                if size_of::<T>() != 0 && come {
                    self.value.replace(mask, MaybeUninit::uninit())
                } else {
                    MaybeUninit::uninit()
                },
            )
        });
        if found.0.waits() {
            self.guest.tell(found.0, ours);
            return (Who::NOBODY, MaybeUninit::uninit());
        }
        found
    }

    /// For any waker.
    #[inline(never)]
    fn look_with(&self, waker: &Waker) -> Poll<T> {
        let mut fresh = Some(waker.clone());
        let (result, (before, other)) = masked(|mask| match self.take_in(mask) {
            Some(value) => (Poll::Ready(value), (Who::NOBODY, None)),
            None => (Poll::Pending, self.guest.follow_by(mask, &mut fresh)),
        });
        if before.waits() {
            self.guest.tell(before, Who::NOBODY);
        }
        other.into_iter().for_each(Waker::wake);
        result
    }

    #[inline(always)]
    fn take_in(&self, mask: Mask<'_>) -> Option<T> {
        if self.guest.who(mask) != Who::COME {
            return None;
        }
        self.guest.set(mask, Who::NOBODY);
        let value = self.value.replace(mask, MaybeUninit::uninit());
        // SAFETY: [V1].
        Some(unsafe { value.assume_init() })
    }
}

impl<T, L> Drop for Latest<T, L> {
    fn drop(&mut self) {
        drop(self.take());
    }
}
