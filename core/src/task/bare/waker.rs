//! A task's waker: the address of its header, behind the language's own vtable. It counts nothing, so to clone and to drop it is nothing.
//!
//! [K1] The data of a waker with this vtable is that of a [`Task`].

#![expect(unsafe_code, reason = "implements the contract of `RawWaker`")]

use core::{
    mem::ManuallyDrop,
    ptr::NonNull,
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{
    base::Base,
    header::{CANCELLED, Header, LIVE, QUEUED, Task},
};
use crate::mask::masked;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop_waker);

/// A waker for one poll.
#[inline(always)]
pub(super) fn borrowed(task: Task) -> ManuallyDrop<Waker> {
    // SAFETY: [K1]; dropping it would do nothing.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().as_ptr().cast_const().cast(), &VTABLE) })
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

/// Wakes a task, from anywhere.
pub(super) fn wake_task(task: Task) {
    // SAFETY: [K1].
    unsafe { wake(task.as_ptr().as_ptr().cast_const().cast()) };
}

/// Asks for the end of a task, from anywhere.
pub(super) fn cancel_task(task: Task) {
    set(task, CANCELLED);
}

/// Sets flags of a living task, and queues it.
#[inline(always)]
fn set(task: Task, more: u8) {
    let woken = masked(|mask| {
        let flags = task.flags_in(mask);
        if flags & LIVE == 0 {
            return None;
        }
        task.set_flags(mask, flags | more | QUEUED);
        if flags & QUEUED != 0 {
            return None;
        }
        let home = task.home_in(mask)?;
        Some((home, Base::of(&home).push(mask, task, flags)))
    });
    let Some((home, ring)) = woken else { return };
    task.node().wakes();
    if ring {
        home.ring();
    }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: [K1], never null.
    let header = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) };
    // SAFETY: [K1].
    set(unsafe { Task::new(header) }, 0);
}

unsafe fn drop_waker(_: *const ()) {}
