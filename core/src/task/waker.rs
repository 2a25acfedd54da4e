//! A task's waker: a reference to its header, behind the language's own vtable.
//!
//! It is `Send + Sync` and may outlive the task, the thread, the Local and the last handle on the Home: whatever it points at is kept by
//! the reference it counts, and a closed Home takes no more.
//!
//! [K1] The data of a waker with this vtable is the header of a task, on which it has a reference (a borrowed one: its lender has).

#![expect(unsafe_code, reason = "implements the contract of `RawWaker`")]

use core::{
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{
    header::{Header, TaskRef, schedule, schedule_later},
    state::Wake,
};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker for one poll, which borrows the reference of whoever polls.
///
/// # Safety
/// A reference to the task outlasts the waker, whose clones count on their own.
#[inline]
pub(crate) unsafe fn borrowed(task: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: [K1]; it is never dropped, so it gives up no reference.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast(), &VTABLE) })
}

/// Wakes the task behind `waker` if it is one of the Home that is current on this thread. That only queues it and runs nobody's code, so it may be called while
/// things are borrowed that wakers of others might want. `false`: it is another's, and was not woken.
#[inline]
#[must_use]
pub fn wake_here(waker: &Waker) -> bool {
    // SAFETY: [K1], the waker's reference outlasts the call.
    here(waker, |task, wake| unsafe { schedule(task, wake) })
}

/// Wakes the task behind `waker` in the next cycle, if it is one of the Home that is current on this thread. `false`: it is another's, and
/// was not woken.
pub(crate) fn wake_later(waker: &Waker) -> bool {
    // SAFETY: [K1], the waker's reference outlasts the call; and it is here.
    here(waker, |task, wake| unsafe { schedule_later(task, wake) })
}

/// Wakes the task behind `waker`, to be queued by `queue`, if it is one of the Home that is current on this thread.
#[inline]
fn here(waker: &Waker, queue: impl FnOnce(NonNull<Header>, Wake)) -> bool {
    if !ptr::eq(waker.vtable(), &VTABLE) {
        return false;
    }
    // SAFETY: [K1], the waker is borrowed, and its reference with it.
    let (task, header) = unsafe { header(waker.data()) };
    if !header.is_here() {
        return false;
    }
    queue(task, header.state().wake());
    true
}

/// # Safety
/// [K1].
#[inline]
unsafe fn header<'a>(data: *const ()) -> (NonNull<Header>, &'a Header) {
    // SAFETY: [K1], never null.
    let task = unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) };
    // SAFETY: [K1], the reference keeps it alive.
    (task, unsafe { task.as_ref() })
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: [K1].
    let (_, header) = unsafe { header(data) };
    header.state().retain();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: [K1].
    let (task, header) = unsafe { header(data) };
    // At home nothing can end the task between its state and its queue, so one step does both.
    if header.is_here()
        && let Some(wake) = header.state().wake_and_release()
    {
        // SAFETY: it is not complete, so the list holds a reference, and this is the thread that would give it up.
        return unsafe { schedule(task, wake) };
    }
    // SAFETY: [K1], and `wake` takes the waker over, reference and all.
    let ours = unsafe { TaskRef::from_raw(task) };
    let wake = ours.header().state().wake();
    // SAFETY: our reference outlasts the call.
    unsafe { schedule(task, wake) };
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: [K1].
    let (task, header) = unsafe { header(data) };
    let wake = header.state().wake();
    // SAFETY: [K1], the waker's reference outlasts the call.
    unsafe { schedule(task, wake) };
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: [K1].
    let (task, _) = unsafe { header(data) };
    // SAFETY: [K1], and `drop` takes the waker over, reference and all.
    drop(unsafe { TaskRef::from_raw(task) });
}
