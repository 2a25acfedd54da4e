//! A task's waker: the address of its header, behind the language's own vtable. It counts nothing, so to clone and to drop it is nothing.
//!
//! [K1] The data of a waker with this vtable is that of a [`Task`].
//! [K2] That others are [met](meets_others) is marked before any clone has another vtable, or a waker that is not cloned here comes where clones are.

#![expect(unsafe_code, reason = "implements the contract of `RawWaker`")]

use core::{
    mem::{self, ManuallyDrop},
    ptr::{self, NonNull},
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{
    base::ring,
    ends::drop_cancelled,
    header::{CANCELLED, HELD, Header, LIVE, Task},
    queue::Queue,
};
use crate::{
    mask::{Mask, masked},
    time::{has_met_others, meets_others},
};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop_waker);

/// A waker of the task at this address. To drop it is nothing.
///
/// # Safety
/// [K1].
#[inline(always)]
pub(super) unsafe fn waker_at(data: *const ()) -> Waker {
    // SAFETY: [K1].
    unsafe { Waker::new(data, &VTABLE) }
}

/// A waker for one poll.
#[inline(always)]
pub(super) fn borrowed(task: Task) -> ManuallyDrop<Waker> {
    // SAFETY: [K1].
    ManuallyDrop::new(unsafe { waker_at(task.as_ptr().as_ptr().cast_const().cast()) })
}

/// Nobody knows here whether this is the task's own thread: `false`, and nothing is woken.
#[inline(always)]
#[must_use]
pub fn wake_here(_: &Waker) -> bool {
    false
}

/// As `wake_here`.
#[inline(always)]
pub(crate) fn wake_later(_: &Waker) -> bool {
    false
}

/// Asks for the end of a task, from anywhere.
pub(super) fn cancel_task(task: Task) {
    let lives = masked(|mask| {
        let flags = task.flags_in(mask);
        let lives = flags & LIVE != 0;
        if lives {
            task.set_flags(mask, flags | CANCELLED);
        }
        // Who is HELD has no turn, and is asked again when it is over.
        if lives && flags & HELD == 0 {
            task.set_turn(mask, drop_cancelled);
        }
        lives
    });
    if lives {
        wake_task(task);
    }
}

impl Task {
    /// Wakes it, in a mask of its caller's. If it answers its queue, that is to be [rung](ring) for.
    #[inline(always)]
    pub(super) fn wake_in(self, mask: Mask<'_>) -> Option<&'static Queue<Header>> {
        let queue = self.shut(mask)?;
        self.node().wakes();
        // SAFETY: [H2] of `header`: it is in no queue.
        unsafe { queue.push(mask, self.as_ptr()) };
        queue.asks(mask).then_some(queue)
    }
}

/// The task that this waker wakes, if it is one of ours.
#[inline(always)]
pub(super) fn task_of(waker: &Waker) -> Option<Task> {
    if !ptr::eq(waker.vtable(), &raw const VTABLE) {
        return None;
    }
    // SAFETY: [K1].
    Some(unsafe { task_at(waker.data()) })
}

/// Clones a waker, without a call if it is one of ours.
#[inline(always)]
pub(crate) fn clone_waker(waker: &Waker) -> Waker {
    match task_of(waker) {
        Some(task) => ManuallyDrop::into_inner(borrowed(task)),
        None => {
            meets_others();
            waker.clone()
        }
    }
}

/// The task that a clone of a waker wakes, if it is one of ours.
#[inline(always)]
pub(super) fn task_of_clone(clone: &Waker) -> Option<Task> {
    // The mark first, since that is the shorter where there are no others.
    if has_met_others() {
        return task_of(clone);
    }
    // SAFETY: [K2].
    Some(unsafe { task_at(clone.data()) })
}

/// Drops a clone, without a call if it is one of ours.
#[inline(always)]
pub(crate) fn drop_clone(clone: Waker) {
    match task_of_clone(&clone) {
        Some(_) => mem::forget(clone),
        None => drop(clone),
    }
}

/// # Safety
/// [K1].
#[inline(always)]
unsafe fn task_at(data: *const ()) -> Task {
    // SAFETY: [K1], never null.
    let header = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) };
    // SAFETY: [K1].
    unsafe { Task::new(header) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    RawWaker::new(data, &VTABLE)
}

#[inline(never)] // Whoever is not in a hurry calls this one.
unsafe fn wake(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { task_at(data) };
    masked(|mask| task.wake_in(mask)).into_iter().for_each(ring);
}

/// Wakes a task, from anywhere. Not under a mask.
#[inline(always)]
pub(super) fn wake_task(task: Task) {
    // SAFETY: [K1].
    unsafe { wake(task.as_ptr().as_ptr().cast_const().cast()) };
}

unsafe fn drop_waker(_: *const ()) {}
