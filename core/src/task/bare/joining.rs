//! The handle's side of a task: where its output will stand, and who awaits that.
//!
//! [J1] There is one per task, and while it is there the task has HANDLE, so its place is not given to another.
//! [J2] The output is its own while the task is ENDED, and it has not taken it.

#![expect(unsafe_code, reason = "takes the output out of a task whose type is erased")]

use core::{mem, ptr::NonNull, task::Waker};

use super::{
    header::{ENDED, HANDLE, Task},
    waker::cancel_task,
};
use crate::{context::TaskInfo, error::JoinError, mask::masked};

/// See the [module](self). It is `Send` where `T` is, since it may take a `T` from the home thread to its own, and only that.
pub(crate) struct Joining<T> {
    task: Task,
    output: NonNull<Result<T, JoinError>>,
    taken: bool,
}

// SAFETY: what it takes along is the output.
unsafe impl<T: Send> Send for Joining<T> {}
// SAFETY: a shared handle asks and cancels; nothing of `T` can be reached through it.
unsafe impl<T: Send> Sync for Joining<T> {}

impl<T> Joining<T> {
    /// The handle's side of a new task.
    ///
    /// # Safety
    /// [J1]; the output will stand at `output`.
    #[inline(always)]
    pub(crate) unsafe fn new(task: Task, output: NonNull<Result<T, JoinError>>) -> Self {
        Self { task, output, taken: false }
    }

    pub(crate) fn info(&self) -> TaskInfo {
        self.task.info()
    }

    pub(crate) fn id(&self) -> u32 {
        self.task.id()
    }

    pub(crate) fn cancel(&self) {
        cancel_task(self.task);
    }

    /// Whether the task has ended.
    pub(crate) fn is_complete(&self) -> bool {
        self.task.flags() & ENDED != 0
    }

    /// Has `waker` told of the end, unless it has come: then `false`.
    pub(crate) fn leave(&mut self, waker: &Waker) -> bool {
        let fresh = waker.clone();
        let before = masked(|mask| {
            if self.task.flags_in(mask) & ENDED != 0 {
                return Err(fresh);
            }
            Ok(self.task.join().replace(mask, Some(fresh)))
        });
        before.is_ok()
    }

    /// The output, if it is there: `None` as long as the task has not ended, and once it was taken.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Result<T, JoinError>> {
        if self.taken || !self.is_complete() {
            return None;
        }
        self.taken = true;
        // SAFETY: [J2], and it is taken once.
        Some(unsafe { self.output.read() })
    }
}

impl<T> Drop for Joining<T> {
    #[inline]
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            drop(self.take());
            if !go(self.task, self.taken) {
                drop(self.take());
                go(self.task, true);
            }
        } else {
            go(self.task, true);
        }
    }
}

/// The handle of a task goes. `false`: not yet, since there is an output now, which was not taken.
fn go(task: Task, taken: bool) -> bool {
    let before = masked(|mask| {
        let flags = task.flags_in(mask);
        if flags & ENDED != 0 && !taken {
            return None;
        }
        if flags & ENDED != 0 {
            task.owned.with_mut(|_| ());
        }
        task.set_flags(mask, flags & !(HANDLE | ENDED));
        Some(task.join().take(mask))
    });
    before.is_some()
}
