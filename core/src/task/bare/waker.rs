//! A task's waker: the address of its header, behind the language's own vtable. It counts nothing, so to clone and to drop it is nothing.
//!
//! [K1] The data of a waker with this vtable is that of a [`Task`].

#![expect(unsafe_code, reason = "implements the contract of `RawWaker`")]

use core::{
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{
    base::Base,
    header::{CANCELLED, Header, LIVE, Task},
    queue::Queue,
};
use crate::{
    context::{Head, HomeRef},
    mask::{Mask, masked},
};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop_waker);

/// Of what ends the sleep of a Home: its address is the data.
static RINGER: RawWakerVTable = RawWakerVTable::new(clone_ringer, ring, ring, drop_waker);

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
    let woken = masked(|mask| {
        let flags = task.flags_in(mask);
        if flags & LIVE == 0 {
            return None;
        }
        task.set_flags(mask, flags | CANCELLED);
        task.wake_under(mask)
    });
    woken.into_iter().for_each(Waker::wake);
}

impl Task {
    /// Wakes it, in a mask of its caller's. What is to be woken afterwards, if there is something: the Home.
    #[inline(always)]
    pub(super) fn wake_in(self, mask: Mask<'_>) -> Option<Waker> {
        let queue = self.take_queue(mask)?;
        self.node().wakes();
        // SAFETY: [H2] of `header`: it is in no queue.
        let ring = unsafe { queue.push(mask, self.as_ptr()) };
        if ring { rouse(mask, queue) } else { None }
    }
}

impl Task {
    /// As `wake_in`, for whoever is not in so much of a hurry.
    #[inline(never)]
    pub(super) fn wake_under(self, mask: Mask<'_>) -> Option<Waker> {
        self.wake_in(mask)
    }
}

/// The first task has come to a Home that sleeps.
#[cold]
#[inline(never)]
fn rouse(mask: Mask<'_>, queue: &Queue<Header>) -> Option<Waker> {
    let home = queue.home(mask)?;
    Base::of(&home).stay_up(mask);
    Some(ringer(home))
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

unsafe fn wake(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { task_at(data) };
    masked(|mask| task.wake_under(mask)).into_iter().for_each(Waker::wake);
}

unsafe fn drop_waker(_: *const ()) {}

/// Ends the sleep of a Home when it is woken: so whatever is to be done after a mask is to wake a waker.
#[inline(always)]
fn ringer(home: HomeRef) -> Waker {
    // SAFETY: a Home is in a static, and is rung from anywhere.
    unsafe { Waker::new(home.as_ptr(), &RINGER) }
}

unsafe fn clone_ringer(data: *const ()) -> RawWaker {
    RawWaker::new(data, &RINGER)
}

unsafe fn ring(data: *const ()) {
    // SAFETY: `ringer` put the address of a Home there, never null.
    let head = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Head>()) };
    // SAFETY: it is that of a handle, which was one of a Home in a static.
    unsafe { Head::handle(head) }.ring();
}
