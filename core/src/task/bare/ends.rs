//! Ends: of a task that has its output, that was cancelled, and what is left of it.
//!
//! | its end         | by                  | its handle has                                | the output is dropped                     |
//! |-----------------|---------------------|-----------------------------------------------|-------------------------------------------|
//! | [`end`]         | a poll that is ready | the output                                   | by the handle, or it is plain memory      |
//! | [`end_if_joined`] | likewise          | likewise; without a handle there is no end yet | by the poll, which then ends it           |
//! | `end_with`      | [`drop_cancelled`]  | that it was cancelled                         | there is none                             |
//!
//! [D1] HANDLED is set before a task has a handle, AWAITED before a waker is left with one: where nobody does, an end is three stores. CANCELS is set before a future is
//!      dropped that has not ended: where nobody does, what drops it is empty.
//! [D2] NAMES is set before a task is asked what it is called: where nobody asks, no name is in the program.

#![expect(unsafe_code, reason = "calls what fits a header, which its type does not say")]

use core::task::Waker;

use super::header::{Ask, CANCELLED, ENDED, HANDLE, Task};
use crate::{
    context::TaskInfo,
    mark::Mark,
    mask::{Mask, masked},
    shared_static,
};

shared_static!(static HANDLED: Mark = Mark::new());
shared_static!(static AWAITED: Mark = Mark::new());
shared_static!(static CANCELS: Mark = Mark::new());
shared_static!(static NAMES: Mark = Mark::new());

/// A task is to have a handle.
#[inline(always)]
pub(super) fn handles() {
    HANDLED.set();
}

/// A waker is to be left with a handle.
#[inline(always)]
pub(super) fn awaits() {
    AWAITED.set();
}

/// Whether a future may be dropped that has not ended.
#[inline(always)]
pub(super) fn may_be_cancelled() -> bool {
    CANCELS.is_set()
}

/// Whether a task may be asked what it is called.
#[inline(always)]
pub(super) fn may_be_named() -> bool {
    NAMES.is_set()
}

impl Task {
    /// Names it, and tells its number and priority.
    pub(super) fn info(self) -> TaskInfo {
        NAMES.set();
        let (mut name, rest) = (None, masked(|mask| self.rest(mask)));
        // SAFETY: it fits what stands there.
        rest.into_iter().for_each(|rest| unsafe { rest(self, Ask::Name(&mut name)) });
        TaskInfo { id: self.id(), name, priority: self.priority(), node: self.node() }
    }

    /// Notes that its future goes. `false`: it did before, and its drop panicked.
    fn goes(self) -> bool {
        !cfg!(panic = "unwind") || !self.gone.replace(true)
    }

    /// It is ready: whatever panics from here on, it is polled no more, and its future is not dropped again.
    #[inline(always)]
    pub(super) fn spare(self) {
        if cfg!(panic = "unwind") {
            self.gone.set(true);
            masked(|mask| self.set_turn(mask, drop_cancelled));
        }
    }

    /// Drops its future.
    ///
    /// # Safety
    /// This is its turn.
    pub(super) unsafe fn drop_future(self) {
        CANCELS.set();
        let rest = masked(|mask| self.rest(mask));
        if let Some(rest) = rest.filter(|_| self.goes()) {
            // SAFETY: the contract; it has not been dropped.
            unsafe { rest(self, Ask::Drop) };
        }
    }
}

/// The turn of who was cancelled.
///
/// # Safety
/// It is its turn, and it is LIVE.
pub(super) unsafe fn drop_cancelled(task: Task) {
    let node = task.node().turn();
    // SAFETY: the contract.
    unsafe { task.drop_future() };
    node.over();
    end_with(task, HANDLE | ENDED | CANCELLED);
}

/// The turn of who has ended: none. It is in no queue, or about to leave it. Once it has left, its place is free as soon as there is no handle.
///
/// # Safety
/// It lives no more.
#[inline(never)] // At its end, and in its turn.
pub(super) unsafe fn nothing(task: Task) {
    // Whoever was woken since is in the queue again, and so comes here again.
    masked(|mask| task.bury(mask));
}

/// Has a task count as ended whose output, if there is a handle, stands where its future stood.
///
/// # Safety
/// It lives, its future is dropped, and this is the home thread; if there is no handle, the output is not to be dropped.
pub(super) unsafe fn end(task: Task) {
    end_with(task, HANDLE | ENDED);
}

#[inline(always)]
fn end_with(task: Task, flags: u8) {
    task.node().ends();
    let joined = masked(|mask| {
        let joined = end_joined(mask, task, flags);
        if joined.is_none() {
            task.die(mask, 0, nothing);
        }
        joined
    });
    match joined {
        // Last, since a waker is user code.
        Some(waker) => waker.into_iter().for_each(Waker::wake),
        // SAFETY: it is dead. Nobody takes its place before this, since its queue is open, or it is in it.
        None => unsafe { nothing(task) },
    }
}

/// As `end`, if there is a handle. If there is none it lives still.
///
/// # Safety
/// As for `end`.
pub(super) unsafe fn end_if_joined(task: Task) -> bool {
    let joined = masked(|mask| end_joined(mask, task, HANDLE | ENDED));
    let Some(waker) = joined else { return false };
    task.node().ends();
    waker.into_iter().for_each(Waker::wake);
    true
}

/// If there is a handle: the task lives no more, these flags are left, and it leaves its queue if it is not in it. Who awaits its end.
#[inline(always)]
fn end_joined(mask: Mask<'_>, task: Task, flags: u8) -> Option<Option<Waker>> {
    if task.flags_in(mask) & HANDLE == 0 || !HANDLED.is_set() {
        return None;
    }
    task.die(mask, flags, nothing);
    task.bury(mask);
    Some(if AWAITED.is_set() { task.join().take(mask) } else { None })
}
