//! A join handle: awaits the end of a task, or asks for it.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

#[cfg(not(feature = "alloc"))]
use super::bare::{Header, Joining};
#[cfg(feature = "alloc")]
use super::{cell::Joining, header::Header};
use crate::{context::TaskInfo, error::JoinError, misuse::stop};

/// The handle of a task: a future of what it returns.
///
/// Dropping it detaches: the task goes on, and its output is dropped on its home thread. [`cancel_on_drop`](Self::cancel_on_drop)
/// changes that. The handle is `Send` where `T` is, and may outlive the executor: what the executor dropped unfinished is
/// [`JoinError::Cancelled`].
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<tidemill_core::task::JoinHandle<std::rc::Rc<u8>>>();
/// ```
///
/// # Cancel safety
/// Strict: awaiting `&mut handle` and dropping that leaves the handle as it was.
#[must_use = "dropping it detaches the task; say so with `drop` or `detach`"]
pub struct JoinHandle<T> {
    joining: Joining<T>,
    cancel_on_drop: bool,
}

/// A new task for its executor to take in, and its handle.
pub type Spawned<T> = (NonNull<Header>, JoinHandle<T>);

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(joining: Joining<T>) -> Self {
        Self { joining, cancel_on_drop: false }
    }

    /// Asks for the task's end: at its next turn, on its home thread, its future is dropped instead of polled.
    ///
    /// The handle stays good: awaiting it gives [`JoinError::Cancelled`], or the output where the task was quicker.
    pub fn cancel(&self) {
        self.joining.cancel();
    }

    /// The same handle, which cancels the task when it is dropped.
    pub fn cancel_on_drop(mut self) -> Self {
        self.cancel_on_drop = true;
        self
    }

    /// Lets the task go on without a handle, whatever [`cancel_on_drop`](Self::cancel_on_drop) said.
    pub fn detach(mut self) {
        self.cancel_on_drop = false;
    }

    /// Whether the task has ended: its future is dropped, and awaiting this does not wait.
    pub fn is_finished(&self) -> bool {
        self.joining.is_complete()
    }

    /// A number that no other task of the same executor has; without `alloc` no other living one.
    pub fn id(&self) -> u32 {
        self.joining.id()
    }

    /// The task's number, name and priority.
    pub fn info(&self) -> TaskInfo {
        self.joining.info()
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joining = &mut self.joining;
        if let Some(output) = joining.take() {
            return Poll::Ready(output);
        }
        if joining.leave(cx.waker()) {
            return Poll::Pending;
        }
        match joining.take() {
            Some(output) => Poll::Ready(output),
            None => stop("a join handle is not polled after it was ready"),
        }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if self.cancel_on_drop {
            self.cancel();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
