//! The handle's side of a task: where its output will stand, and who awaits that.
//!
//! [J1] There is one per task, and while it is there the task has HANDLE, so its place is not given to another.
//! [J2] The output is its own while the task is ENDED, and it has not taken it; where it is CANCELLED there is none.

#![expect(unsafe_code, reason = "takes the output out of a task whose type is erased")]

use core::{
    mem,
    ptr::NonNull,
    task::{Poll, Waker},
};

use super::{
    ends::awaits,
    header::{CANCELLED, ENDED, HANDLE, Task},
    waker::cancel_task,
};
use crate::{context::TaskInfo, error::JoinError, mask::masked};

/// See the [module](self). It is `Send` where `T` is, since it may take a `T` from the home thread to its own, and only that.
pub(crate) struct Joining<T> {
    task: Task,
    output: NonNull<T>,
    taken: bool,
    /// Whether it has left a waker with the task.
    left: bool,
    /// What is to be done as it goes, if there is something: named by who asks for it, so that who does not has it not in his program.
    duty: Option<fn(Task)>,
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
    pub(crate) unsafe fn new(task: Task, output: NonNull<T>) -> Self {
        Self { task, output, taken: false, left: false, duty: None }
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

    /// Whether the task goes with the handle.
    #[inline(always)]
    pub(crate) fn set_ends(&mut self, ends: bool) {
        self.duty = match (ends, self.left) {
            (false, false) => None,
            (false, true) => Some(drop_waker),
            (true, false) => Some(cancel_task),
            (true, true) => Some(cancel_and_drop_waker),
        };
    }

    /// The output, if the task has ended: `None` if it was taken. If not, `waker` is told of the end.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Option<Result<T, JoinError>>> {
        if !self.is_complete() && self.leave(waker) {
            return Poll::Pending;
        }
        Poll::Ready(self.take())
    }

    /// Has `waker` told of the end, unless it has come: then `false`.
    fn leave(&mut self, waker: &Waker) -> bool {
        awaits();
        let fresh = waker.clone();
        if !self.left {
            self.left = true;
            self.duty = Some(if self.duty.is_none() { drop_waker } else { cancel_and_drop_waker });
        }
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
    fn take(&mut self) -> Option<Result<T, JoinError>> {
        let flags = self.task.flags();
        if self.taken || flags & ENDED == 0 {
            return None;
        }
        self.taken = true;
        if flags & CANCELLED != 0 {
            return Some(Err(JoinError::Cancelled));
        }
        // SAFETY: [J2], and it is taken once.
        Some(Ok(unsafe { self.output.read() }))
    }
}

impl<T> Drop for Joining<T> {
    #[inline(always)] // What is known of it where it is dropped is not asked.
    fn drop(&mut self) {
        if let Some(duty) = self.duty {
            duty(self.task);
        }
        if mem::needs_drop::<T>() && !self.taken {
            if forsake(self.task) {
                return;
            }
            drop(self.take());
        }
        go(self.task);
    }
}

/// The handle goes that has left its waker.
fn drop_waker(task: Task) {
    drop(masked(|mask| task.join().take(mask)));
}

/// It goes, and so does the task.
fn cancel_and_drop_waker(task: Task) {
    cancel_task(task);
    drop_waker(task);
}

/// The handle of a task goes, if there is no output yet: then `true`.
fn forsake(task: Task) -> bool {
    masked(|mask| {
        let flags = task.flags_in(mask);
        let ended = flags & ENDED != 0;
        if !ended {
            task.set_flags(mask, flags & !HANDLE);
        }
        !ended
    })
}

/// The handle of a task goes, and leaves nothing behind.
#[inline(never)]
fn go(task: Task) {
    masked(|mask| {
        let flags = task.flags_in(mask);
        let ended = flags & ENDED != 0;
        if ended {
            task.owned.with_mut(|_| ());
        }
        task.set_flags(mask, if ended { 0 } else { flags & !HANDLE });
    });
}
