//! The latest value without `alloc`, or none; and one who waits for it. Who waits has found none, so one word tells both.
//!
//! | `guest`      | value | `put`                               | `take`            | `look`                                        |
//! |--------------|-------|-------------------------------------|-------------------|-----------------------------------------------|
//! | NOBODY       | none  | -> COME, there                      | nothing           | -> whoever looks                              |
//! | one who waits | none | -> COME, there; he is told          | nothing           | -> whoever looks; if it is another, he is told |
//! | COME         | there | replaced                            | -> NOBODY, none   | likewise                                      |
//!
//! [V1] The value is there while the guest is COME, and only then. Both change under one mask.

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

    /// Puts `value` there, and tells who waits. Answers what was there before, if that is to be dropped.
    #[inline(always)]
    pub(crate) fn put(&self, value: T) -> Option<T> {
        let (before, told) = masked(|mask| {
            let there = mem::needs_drop::<T>() && self.guest.who(mask) == Who::COME;
            let before = self.value.replace(mask, MaybeUninit::new(value));
            // SAFETY: [V1].
            let before = there.then(|| unsafe { before.assume_init() });
            (before, self.guest.come(mask))
        });
        self.guest.finish(told);
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
            Some(task) => self.look_as(task),
            None => self.look_with(waker),
        }
    }

    /// For a task of ours.
    #[inline(always)]
    fn look_as(&self, task: Task) -> Poll<T> {
        let ours = Who::task(task);
        let (before, value) = masked(|mask| {
            let before = self.guest.who(mask);
            let come = before == Who::COME;
            self.guest.follow(mask, if come { Who::NOBODY } else { ours });
            (before, if come { self.move_out(mask) } else { MaybeUninit::uninit() })
        });
        if before == Who::COME {
            // SAFETY: [V1], it was there.
            return Poll::Ready(unsafe { value.assume_init() });
        }
        if before != Who::NOBODY && before != ours {
            self.guest.tell(before);
        }
        Poll::Pending
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
            self.guest.tell(before);
        }
        other.into_iter().for_each(Waker::wake);
        result
    }

    #[inline(always)]
    fn take_in(&self, mask: Mask<'_>) -> Option<T> {
        if self.guest.who(mask) != Who::COME {
            return None;
        }
        self.guest.follow(mask, Who::NOBODY);
        let value = self.move_out(mask);
        // SAFETY: [V1].
        Some(unsafe { value.assume_init() })
    }

    #[inline(always)]
    fn move_out(&self, mask: Mask<'_>) -> MaybeUninit<T> {
        self.value.replace(mask, MaybeUninit::uninit())
    }
}

impl<T, L> Drop for Latest<T, L> {
    fn drop(&mut self) {
        if self.guest.has_come() {
            // SAFETY: [V1], and nobody looks any more.
            unsafe { self.value.get_mut().assume_init_drop() };
        }
    }
}
