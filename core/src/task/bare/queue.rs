//! A queue: tasks of one Home and priority that are ready, first in first out; and whether somebody is to be rung for the first.
//!
//! | `first` | means                                                  | `push`              | `pop`             |
//! |---------|--------------------------------------------------------|---------------------|-------------------|
//! | null    | none is ready, and the home thread will look again     | -> the task         | nothing           |
//! | ASLEEP  | none is ready, and the home thread sleeps, or is about to | -> the task, rings | nothing          |
//! | a task  | it is the first, and `last` the last                   | the task comes last | -> the next, null |
//!
//! [Q1] What is queued is a header in a static, and is in no other queue: its link is this queue's. All is touched under a mask.

#![expect(unsafe_code, reason = "links headers")]

use core::ptr::{self, NonNull};

use crate::{
    const_new,
    context::HomeRef,
    mask::{Mask, Masked},
    wait::{Linked, next, set_next},
};

const ASLEEP: usize = 1;

/// See the [module](self).
pub(super) struct Queue<T> {
    ends: Masked<Ends<T>>,
    /// Whose it is: since the first task came to it.
    home: Masked<Option<HomeRef>>,
}

struct Ends<T> {
    first: *mut T,
    last: *mut T,
}

// SAFETY: what is queued may go anywhere.
unsafe impl<T: Send> Send for Ends<T> {}

impl<T: Linked> Queue<T> {
    const_new! {
        /// In which no task is, and for which nobody is to be rung.
        pub(super) fn new() -> Self {
            let ends = Ends { first: ptr::null_mut(), last: ptr::null_mut() };
            Self { ends: Masked::new(ends), home: Masked::new(None) }
        }
    }

    /// It is one of `home`.
    #[inline(always)]
    pub(super) fn settle(&self, mask: Mask<'_>, home: HomeRef) {
        self.home.set(mask, Some(home));
    }

    /// Whose it is.
    pub(super) fn home(&self, mask: Mask<'_>) -> Option<HomeRef> {
        self.home.get(mask)
    }

    /// Puts `task` behind the others. Whether to ring.
    ///
    /// # Safety
    /// [Q1], and it is in no queue.
    #[inline(always)]
    pub(super) unsafe fn push(&self, mask: Mask<'_>, task: NonNull<T>) -> bool {
        // SAFETY: [Q1], and we are putting it here.
        unsafe { set_next::<_, ()>(task, None) };
        self.lend(mask, |ends| {
            let before = ends.first;
            if before.addr() <= ASLEEP {
                ends.first = task.as_ptr();
            } else {
                // SAFETY: with a first there is a last.
                let last = unsafe { NonNull::new_unchecked(ends.last) };
                // SAFETY: [Q1].
                unsafe { set_next::<_, ()>(last, Some(task)) };
            }
            ends.last = task.as_ptr();
            before.addr() == ASLEEP
        })
    }

    /// Takes the first task, if there is one and `may` then says so.
    #[inline(always)]
    pub(super) fn pop_if(&self, mask: Mask<'_>, may: impl FnOnce() -> bool) -> Option<NonNull<T>> {
        self.lend(mask, |ends| {
            if ends.first.addr() <= ASLEEP || !may() {
                return None;
            }
            // SAFETY: it is no null pointer, as found above.
            let first = unsafe { NonNull::new_unchecked(ends.first) };
            // SAFETY: [Q1].
            ends.first = unsafe { next::<_, ()>(first) }.map_or(ptr::null_mut(), NonNull::as_ptr);
            Some(first)
        })
    }

    /// Whether no task is in it.
    #[inline(always)]
    pub(super) fn is_idle(&self, mask: Mask<'_>) -> bool {
        self.lend(mask, |ends| ends.first.addr() <= ASLEEP)
    }

    /// The next push rings. No task is in it.
    #[inline(always)]
    pub(super) fn fall_asleep(&self, mask: Mask<'_>) {
        self.lend(mask, |ends| ends.first = ptr::without_provenance_mut(ASLEEP));
    }

    /// The next push does not ring.
    #[inline(always)]
    pub(super) fn stay_up(&self, mask: Mask<'_>) {
        self.lend(mask, |ends| {
            if ends.first.addr() == ASLEEP {
                ends.first = ptr::null_mut();
            }
        });
    }

    #[inline(always)]
    fn lend<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut Ends<T>) -> R) -> R {
        // SAFETY: what is done here reaches the ends on no other way, and calls nobody's code.
        unsafe { self.ends.lend(mask, f) }
    }
}
