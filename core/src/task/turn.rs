//! A turn: what whoever gives it does with a task.
//!
//! [G1] The turn is the caller's: on its home thread, or by the word of a pooled task. So context, future and output are.

#![expect(unsafe_code, reason = "calls what the vtable of a task of erased type says")]

use core::{ptr::NonNull, task::Waker};

use super::{
    header::Header,
    reference::{TaskRef, free},
    state::Complete,
};
use crate::context::within;

/// Polls the future of a task, in its context. `true`: it has ended.
///
/// # Safety
/// The turn is the caller's, and the task has not ended.
#[inline(always)]
pub(super) unsafe fn poll(task: NonNull<Header>) -> bool {
    // SAFETY: [T1] of `header`, whoever gives a turn has a reference.
    let header = unsafe { task.as_ref() };
    // SAFETY: the turn is ours (contract).
    let context = unsafe { header.context() };
    let turn = header.node.turn();
    let ended = if context.is_root() {
        // SAFETY: [T3] of `header`, and the contract.
        unsafe { (header.vtable.poll)(task) }
    } else {
        // SAFETY: [T3] of `header`, and the contract.
        within(context, || unsafe { (header.vtable.poll)(task) })
    };
    turn.over();
    ended
}

/// Completes a task, as its word says when it is asked by `finish`; tells its handle, and gives up the list's reference: to `keep`, if the task is queued.
///
/// # Safety
/// The task is in no list, its future is dropped and its output stands in the cell; the list's reference is the caller's.
#[inline(always)]
pub(super) unsafe fn complete(
    task: NonNull<Header>,
    finish: impl Fn(&Header, bool) -> Complete,
    keep: impl FnOnce(),
) {
    // SAFETY: [T1] of `header`, the list's reference, which is ours until `complete` gives it up.
    let header = unsafe { task.as_ref() };
    header.node.ends();
    let mut output_dropped = false;
    loop {
        match finish(header, output_dropped) {
            Complete::DropOutput => {
                // SAFETY: [T3] of `header`; [S3] of `state`, it is not complete yet.
                unsafe { (header.vtable.drop_output)(task) };
                output_dropped = true;
            }
            Complete::Tell { queued } => {
                // SAFETY: [S5] of `state`, it was AWAITED when COMPLETE came.
                let waker = unsafe { header.swap_waker(None) };
                if queued {
                    keep();
                } else {
                    // SAFETY: the list's reference is ours.
                    drop(unsafe { TaskRef::from_raw(task) });
                }
                // Last, since a waker is user code.
                return waker.into_iter().for_each(Waker::wake);
            }
            Complete::Queued => return keep(),
            // SAFETY: that was the last reference.
            Complete::Free => return unsafe { free(task) },
            Complete::Nothing => return,
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
