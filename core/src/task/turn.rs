//! A turn: what whoever gives it does with a task.
//!
//! [G1] The turn is the caller's: on its home thread, or by the word of a pooled task. So context, future and output are.

#![expect(unsafe_code, reason = "calls what the vtable of a task of erased type says")]

use core::ptr::NonNull;

use super::{
    header::{Header, Polled},
    reference::{TaskRef, free},
    state::Complete,
};
use crate::{context::within, misuse::stop};

/// Polls the future of a task, in its context.
///
/// # Safety
/// The turn is the caller's, and the task has not ended.
#[inline(always)]
pub(super) unsafe fn poll(task: NonNull<Header>) -> Polled {
    // SAFETY: [T1] of `header`, whoever gives a turn has a reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: the turn is ours (contract).
    let context = unsafe { header.context() };
    let turn = header.node.turn();
    let polled = if context.is_root() {
        // SAFETY: [T3] of `header`, and the contract.
        unsafe { (header.vtable.poll)(task) }
    } else {
        // SAFETY: [T3] of `header`, and the contract.
        within(context, || unsafe { (header.vtable.poll)(task) })
    };
    turn.over();
    polled
}

/// Who completes a task, and says what that asks for.
pub(super) trait Finish {
    /// See [`State::complete`](super::state::State::complete).
    fn finish(task: &Header, output_dropped: bool) -> Complete;
}

/// Completes a task; tells its handle, and gives up the list's reference: to `keep`, if the task is queued.
///
/// # Safety
/// The task is in no list, its future is dropped and its output stands in the cell, unless `output_dropped`; the list's reference is the caller's.
#[inline(always)]
pub(super) unsafe fn complete<F: Finish>(
    task: NonNull<Header>,
    output_dropped: bool,
    keep: impl FnOnce(),
) {
    // SAFETY: [T1] of `header`, the list's reference, which is ours until `complete` gives it up.
    let header = unsafe { task.as_ref() };
    header.node.ends();
    match F::finish(header, output_dropped) {
        // SAFETY: the contract is the same, and the word said so.
        Complete::DropOutput => unsafe { complete_without::<F>(task, keep) },
        // SAFETY: [S5] of `state`, it was AWAITED when COMPLETE came, and what was copied is the waker. It is user code, so it comes last.
        Complete::Tell(waker) => unsafe { waker.into_waker() }.wake(),
        // SAFETY: the contract is the same, and the word said so.
        Complete::TellSlowly { queued } => unsafe { tell_slowly(task, queued, keep) },
        Complete::Queued => keep(),
        // SAFETY: that was the last reference.
        Complete::Free => unsafe { free(task) },
        Complete::Nothing => {}
    }
}

/// Tells the handle of a task that has had its slot back before.
///
/// # Safety
/// As `complete`, whose word has said so.
#[cold]
#[inline(never)]
unsafe fn tell_slowly(task: NonNull<Header>, queued: bool, keep: impl FnOnce()) {
    // SAFETY: [T1] of `header`, the list's reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: [S5] of `state`, it was AWAITED when COMPLETE came.
    let waker = unsafe { header.slot.take() };
    if queued {
        keep();
    } else {
        // SAFETY: the list's reference is ours.
        drop(unsafe { TaskRef::from_raw(task) });
    }
    // Last, since a waker is user code.
    waker.wake();
}

/// Drops the output, which nobody wants, and completes the task.
///
/// # Safety
/// As `complete`, whose word has said that it is to be dropped.
#[cold]
#[inline(never)]
unsafe fn complete_without<F: Finish>(task: NonNull<Header>, keep: impl FnOnce()) {
    // SAFETY: [T1] of `header`, the list's reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: [T3] of `header`; [S3] of `state`, it is not complete yet.
    unsafe { (header.vtable.drop_output)(task) };
    match F::finish(header, true) {
        Complete::Queued => keep(),
        // SAFETY: that was the last reference.
        Complete::Free => unsafe { free(task) },
        Complete::Nothing => {}
        Complete::DropOutput | Complete::Tell(_) | Complete::TellSlowly { .. } => {
            stop("a task's handle is gone, and asks")
        }
    }
}

/// Drops the future of a task, in its context.
///
/// # Safety
/// As `TaskVTable::cancel`, with no turn taken.
pub(super) unsafe fn cancel(task: NonNull<Header>) {
    // SAFETY: [T1] of `header`, whoever gives a turn has a reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: [G1].
    let context = unsafe { header.context() };
    // SAFETY: [T3] of `header`.
    within(context, || unsafe { (header.vtable.cancel)(task) });
}
