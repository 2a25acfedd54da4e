//! A task's waker: a reference to its header, behind the language's own vtable.
//!
//! It is `Send + Sync` and may outlive the task, the thread, the Local and the last handle on the Home: whatever it points at is kept by
//! the reference it counts, and a closed Home takes no more.
//!
//! [K1] The data of a waker with one of these vtables is the header of a task, on which it has a reference (a borrowed one: its lender has). The task is tagged if
//!      the vtable says so: then a wake on its home thread does not touch the header.

#![expect(unsafe_code, reason = "implements the contract of `RawWaker`")]

use core::{
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::{
    header::Header,
    reference::{self, here},
    tag::{AtHome, HAS_TAGS},
};

static VTABLE: RawWakerVTable = vtable::<false>();
static TAGGED: RawWakerVTable = vtable::<true>();

const fn vtable<const TAGGED: bool>() -> RawWakerVTable {
    RawWakerVTable::new(
        clone::<TAGGED>,
        wake::<TAGGED>,
        wake_by_ref::<TAGGED>,
        drop_waker::<TAGGED>,
    )
}

/// The vtable of the wakers of a task.
#[inline(always)]
fn vtable_of(tagged: bool) -> &'static RawWakerVTable {
    if tagged { &TAGGED } else { &VTABLE }
}

/// A waker for one poll, which borrows the reference of whoever polls.
///
/// # Safety
/// A reference to the task, which is `tagged` or not, outlasts the waker, whose clones count on their own.
#[inline(always)]
pub(crate) unsafe fn borrowed(task: NonNull<Header>, tagged: bool) -> ManuallyDrop<Waker> {
    // SAFETY: [K1]; it is never dropped, so it gives up no reference.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast(), vtable_of(tagged)) })
}

/// A waker, whose reference is counted already.
///
/// # Safety
/// It is, and nobody else has it.
#[cfg(feature = "alloc")]
#[inline]
pub(super) unsafe fn counted(task: NonNull<Header>) -> Waker {
    // SAFETY: [T1] of `header`, the reference.
    let tagged = unsafe { task.as_ref() }.is_tagged();
    // SAFETY: [K1], by the contract.
    unsafe { Waker::new(task.as_ptr().cast(), vtable_of(tagged)) }
}

/// Wakes the task behind `waker` if it is one of the Home that is current on this thread. That only queues it and runs nobody's code, so it may be called while
/// things are borrowed that wakers of others might want. `false`: it is another's, and was not woken.
#[inline]
#[must_use]
pub fn wake_here(waker: &Waker) -> bool {
    let Some((task, at_home)) = task_here(waker) else { return false };
    // SAFETY: it is here, and [K1], the waker's reference outlasts the call.
    unsafe { reference::wake_here(task, at_home) };
    true
}

/// Wakes the task behind `waker` in the next cycle, if it is one of the Home that is current on this thread. `false`: it is another's, and
/// was not woken.
pub(crate) fn wake_later(waker: &Waker) -> bool {
    let Some((task, at_home)) = task_here(waker) else { return false };
    // SAFETY: it is here, and [K1], the waker's reference outlasts the call.
    unsafe { reference::wake_later(task, at_home) };
    true
}

/// The task behind `waker`, if it is one.
#[cfg(feature = "alloc")]
#[inline]
pub(super) fn task(waker: &Waker) -> Option<NonNull<Header>> {
    let vtable = waker.vtable();
    let ours = ptr::eq(vtable, &VTABLE) || HAS_TAGS && ptr::eq(vtable, &TAGGED);
    // SAFETY: [K1].
    ours.then(|| unsafe { behind(waker.data()) })
}

/// The task behind `waker`, if it is one of the Home that is current on this thread; and where that is.
#[inline(always)]
pub(super) fn task_here(waker: &Waker) -> Option<(NonNull<Header>, AtHome<'_>)> {
    // SAFETY: [K1], where one of them is the vtable.
    let task = || unsafe { behind(waker.data()) };
    if HAS_TAGS && ptr::eq(waker.vtable(), &TAGGED) {
        // SAFETY: [K1], the waker's reference outlasts the borrow.
        return Some((task(), unsafe { here::<true>(task()) }?));
    }
    if ptr::eq(waker.vtable(), &VTABLE) {
        // SAFETY: [K1], the waker's reference outlasts the borrow.
        return Some((task(), unsafe { here::<false>(task()) }?));
    }
    None
}

/// # Safety
/// [K1].
#[inline]
unsafe fn behind(data: *const ()) -> NonNull<Header> {
    // SAFETY: [K1], never null.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) }
}

unsafe fn clone<const TAGGED: bool>(data: *const ()) -> RawWaker {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], the reference of what is cloned.
    unsafe { reference::retain::<TAGGED>(task) };
    RawWaker::new(data, vtable_of(TAGGED))
}

unsafe fn wake<const TAGGED: bool>(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], and `wake` takes the waker over, reference and all.
    unsafe { reference::wake_and_release::<TAGGED>(task) };
}

unsafe fn wake_by_ref<const TAGGED: bool>(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], the waker's reference outlasts the call.
    unsafe { reference::wake::<TAGGED>(task) };
}

unsafe fn drop_waker<const TAGGED: bool>(data: *const ()) {
    // SAFETY: [K1].
    let task = unsafe { behind(data) };
    // SAFETY: [K1], and `drop` takes the waker over, reference and all.
    unsafe { reference::release::<TAGGED>(task) };
}
