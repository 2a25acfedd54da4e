//! A reference to a task, and what everybody who has one may do: wake the task, ask for its end, let go.
//!
//! | on                | a wake                         | a reference comes or goes                       |
//! |-------------------|--------------------------------|-------------------------------------------------|
//! | the home thread   | own half, queue of the Local   | own half; once the task has ended, the word     |
//! | any other thread  | word, inbox, perhaps the bell  | the word                                        |
//!
//! [F1] A `TaskRef` is one counted reference: the header is alive ([T1] of `header`).

#![expect(unsafe_code, reason = "counts references to memory of a type that is erased")]

use core::ptr::NonNull;

use super::{
    header::Header,
    state::{Rest, State, Wake},
    tag::{self, AtHome},
};
use crate::context::TaskInfo;
#[cfg(feature = "std")]
use crate::context::queue_at;

/// The home thread's half of its state, and its Home, if this is that thread, in a turn of its Local. What is TAGGED has it apart, and is not touched.
///
/// # Safety
/// A reference to the task outlasts `'a`; it is tagged, or is not.
#[inline(always)]
pub(super) unsafe fn here<'a, const TAGGED: bool>(task: NonNull<Header>) -> Option<AtHome<'a>> {
    if TAGGED {
        // SAFETY: the contract is the same.
        return unsafe { tag::own_here(task.as_ptr().addr()) };
    }
    // SAFETY: [T1] of `header`, the reference.
    unsafe { task.as_ref() }.untagged_here()
}

/// Wakes `task`.
///
/// # Safety
/// A reference to the task outlasts this call; it is tagged, or is not.
#[inline(always)]
pub(crate) unsafe fn wake<const TAGGED: bool>(task: NonNull<Header>) {
    // SAFETY: the contract is the same.
    if let Some(at_home) = unsafe { here::<TAGGED>(task) } {
        // SAFETY: it is here, and the contract is the same.
        return unsafe { wake_here(task, at_home) };
    }
    // SAFETY: [T1] of `header`, the reference.
    let wake = unsafe { task.as_ref() }.state.wake();
    // SAFETY: the contract is the same.
    unsafe { send(task, wake) };
}

/// Wakes a new task, whichever it is.
///
/// # Safety
/// It is here, and a reference to the task outlasts this call.
pub(super) unsafe fn wake_new(task: NonNull<Header>) {
    // SAFETY: [T1] of `header`, the reference.
    match unsafe { task.as_ref() }.is_tagged() {
        // SAFETY: the contract is the same.
        true => unsafe { wake::<true>(task) },
        // SAFETY: the contract is the same.
        false => unsafe { wake::<false>(task) },
    }
}

/// Wakes `task` and gives up a reference.
///
/// # Safety
/// The reference is the caller's, who does not use it again; it is tagged, or is not.
#[inline(always)]
pub(super) unsafe fn wake_and_release<const TAGGED: bool>(task: NonNull<Header>) {
    // At home nothing can end the task between its state and its queue, so one step does both.
    // SAFETY: the contract is the same.
    if let Some((own, home)) = unsafe { here::<TAGGED>(task) } {
        // SAFETY: [T1] of `header`, the reference.
        let state = &unsafe { task.as_ref() }.state;
        if let Some(wake) = state.wake_here_and_release(own) {
            // SAFETY: it is here; it is not complete, so the list holds a reference, and this is the thread that would give it up.
            return unsafe { queue(task, home, wake) };
        }
    }
    // SAFETY: the reference is ours.
    let ours = unsafe { TaskRef::from_raw(task) };
    // SAFETY: our reference outlasts the call.
    unsafe { wake::<TAGGED>(ours.0) };
}

/// Wakes `task`, whose half this is. Runs nobody's code.
///
/// # Safety
/// It is here, where that says; a reference to the task outlasts this call.
#[inline(always)]
pub(super) unsafe fn wake_here(task: NonNull<Header>, (own, home): AtHome<'_>) {
    // SAFETY: the contract is the same.
    unsafe { queue(task, home, State::wake_here(own)) };
}

/// As `wake_here`, for the next cycle.
///
/// # Safety
/// As `wake_here`.
pub(super) unsafe fn wake_later(task: NonNull<Header>, (own, _): AtHome<'_>) {
    if State::wake_here(own) == Wake::Enqueue {
        // SAFETY: [T1] of `header`, the reference.
        let header = unsafe { task.as_ref() };
        header.node.wakes();
        // SAFETY: it is here, and the contract is the same. Without `std` nobody knows that he is.
        #[cfg(feature = "std")]
        unsafe {
            header.home().queue_later(task.cast());
        }
    }
}

/// Queues `task` at its Home if `wake` says so.
///
/// # Safety
/// It is here, at this Home; a reference to the task outlasts this call; `wake` is what its own half has just answered.
#[inline(always)]
unsafe fn queue(task: NonNull<Header>, home: *const (), wake: Wake) {
    if wake == Wake::Enqueue {
        // SAFETY: [T1] of `header`, the reference.
        unsafe { task.as_ref() }.node.wakes();
        // SAFETY: the contract is the same. Without `std` nobody knows that he is here.
        #[cfg(feature = "std")]
        unsafe {
            queue_at(home, task.cast());
        }
        #[cfg(not(feature = "std"))]
        let _ = home;
    }
}

/// One more reference.
///
/// # Safety
/// There is one already; the task is tagged, or is not.
#[inline(always)]
pub(super) unsafe fn retain<const TAGGED: bool>(task: NonNull<Header>) {
    // SAFETY: [T1] of `header`, the reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: the contract is the same.
    match unsafe { here::<TAGGED>(task) } {
        Some((own, _)) => header.state.retain_here(own),
        None => header.state.retain(),
    }
}

/// One reference less.
///
/// # Safety
/// It is the caller's, who does not use it again; the task is tagged, or is not.
#[inline(always)]
pub(super) unsafe fn release<const TAGGED: bool>(task: NonNull<Header>) {
    // SAFETY: [T1] of `header`, the reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: the contract is the same.
    let rest = match unsafe { here::<TAGGED>(task) } {
        Some((own, _)) => header.state.release_here(own),
        None => header.state.release(),
    };
    if rest == Rest::Free {
        // SAFETY: that was the last reference.
        unsafe { free(task) };
    }
}

/// Puts `task` into the inbox of its Home if `wake` says so.
///
/// # Safety
/// A reference to the task outlasts this call; `wake` is what its word has just answered.
unsafe fn send(task: NonNull<Header>, wake: Wake) {
    if wake == Wake::Enqueue {
        // SAFETY: [T1] of `header`, the reference.
        let header = unsafe { task.as_ref() };
        header.node.wakes();
        // SAFETY: the contract is the same.
        unsafe { header.home().send(task.cast()) };
    }
}

/// One reference to a task.
pub(crate) struct TaskRef(NonNull<Header>);

// SAFETY: a header is `Send + Sync`, and references are counted atomically.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// Takes over a reference that is counted already.
    ///
    /// # Safety
    /// There is one, and nobody else has it.
    #[inline]
    pub(crate) unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self(task)
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: [T1] of `header`, the reference.
        unsafe { self.0.as_ref() }
    }

    /// What it is called.
    pub(crate) fn info(&self) -> TaskInfo {
        // SAFETY: our reference.
        unsafe { info(self.0) }
    }

    /// Moves the output to the address.
    ///
    /// # Safety
    /// The task is complete, the caller is its handle and has not taken the output, and the address is of a `Result<T, JoinError>` of its `T`.
    #[inline]
    pub(crate) unsafe fn take(&self, to: *mut ()) {
        // SAFETY: [T3], and the contract.
        unsafe { (self.header().vtable.take)(self.0, to) };
    }

    /// Asks for the task's end: its future is dropped at its next turn.
    pub(crate) fn cancel(&self) {
        let header = self.header();
        if header.is_here() {
            // SAFETY: it is here, and our reference outlasts the call.
            unsafe {
                queue(self.0, header.home().as_ptr(), header.state.cancel_here(header.own()))
            };
        } else {
            // SAFETY: our reference outlasts the call.
            unsafe { send(self.0, header.state.cancel()) };
        }
    }
}

impl TaskRef {
    /// As its drop, where the task is complete.
    #[inline]
    pub(super) fn let_go(self) {
        let task = self.0;
        core::mem::forget(self);
        // SAFETY: our reference, which is given up here.
        match unsafe { task.as_ref() }.state.release() {
            // SAFETY: that was the last reference.
            Rest::Free => unsafe { free(task) },
            Rest::Nothing => {}
        }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let header = self.header();
        let rest = if header.is_here() {
            header.state.release_here(header.own())
        } else {
            header.state.release()
        };
        match rest {
            // SAFETY: that was the last reference.
            Rest::Free => unsafe { free(self.0) },
            Rest::Nothing => {}
        }
    }
}

/// What a task is called.
///
/// # Safety
/// A reference to the task outlasts this call.
pub(crate) unsafe fn info(task: NonNull<Header>) -> TaskInfo {
    // SAFETY: [T1] of `header`, the reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: [T3] of `header`, and the reference.
    let name = unsafe { (header.vtable.name)(task) };
    TaskInfo { id: header.id(), name, priority: header.priority(), node: header.node }
}

/// # Safety
/// No reference is left.
pub(crate) unsafe fn free(task: NonNull<Header>) {
    // SAFETY: [T1], nobody has freed it, nobody else will.
    let vtable = unsafe { task.as_ref() }.vtable;
    // SAFETY: [T3], and the contract.
    unsafe { (vtable.free)(task) };
}
