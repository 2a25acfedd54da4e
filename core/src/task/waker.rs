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
    header::Header,
    reference::{self, TaskRef},
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

/// A waker, whose reference is counted already.
///
/// # Safety
/// It is, and nobody else has it.
#[cfg(feature = "alloc")]
#[inline]
pub(super) unsafe fn counted(task: NonNull<Header>) -> Waker {
    // SAFETY: [K1], by the contract.
    unsafe { Waker::new(task.as_ptr().cast(), &VTABLE) }
}

/// Wakes the task behind `waker` if it is one of the Home that is current on this thread. That only queues it and runs nobody's code, so it may be called while
/// things are borrowed that wakers of others might want. `false`: it is another's, and was not woken.
#[inline]
#[must_use]
pub fn wake_here(waker: &Waker) -> bool {
    // SAFETY: [K1], the waker's reference outlasts the call.
    task(waker).is_some_and(|task| unsafe { reference::wake_here(task) })
}

/// Wakes the task behind `waker` in the next cycle, if it is one of the Home that is current on this thread. `false`: it is another's, and
/// was not woken.
pub(crate) fn wake_later(waker: &Waker) -> bool {
    // SAFETY: [K1], the waker's reference outlasts the call.
    task(waker).is_some_and(|task| unsafe { reference::wake_later(task) })
}

/// The task behind `waker`, if it is one.
#[inline]
pub(super) fn task(waker: &Waker) -> Option<NonNull<Header>> {
    // SAFETY: [K1].
    ptr::eq(waker.vtable(), &VTABLE).then(|| unsafe { behind(waker.data()) })
}

/// # Safety
/// [K1].
#[inline]
unsafe fn behind(data: *const ()) -> NonNull<Header> {
    // SAFETY: [K1], never null.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], the reference of what is cloned.
    unsafe { task.as_ref() }.retain();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], and `wake` takes the waker over, reference and all.
    unsafe { reference::wake_and_release(task) };
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], the waker's reference outlasts the call.
    unsafe { reference::wake(task) };
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], and `drop` takes the waker over, reference and all.
    drop(unsafe { TaskRef::from_raw(task) });
}
