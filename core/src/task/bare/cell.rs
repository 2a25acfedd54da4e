//! What stands behind a header: a future, and in its place its output.
//!
//! | `turn` of the header | what stands there                                   | it becomes the other         |
//! |----------------------|-----------------------------------------------------|------------------------------|
//! | any but `Gone`       | the future, pinned here                             | before its future is dropped |
//! | `Gone`               | the output, if the task answered that it is kept, until the handle takes it | - |
//!
//! [C1] Who asks has the turn ([H3] of `header`), or the output, or asks for the name.
//! [C2] A future never moves: it is dropped where it was written, before anything else is written there, and once.

#![expect(unsafe_code, reason = "polls and drops a pinned future whose type is erased")]

use core::{
    future::Future,
    mem::{self, ManuallyDrop},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use super::{
    header::{Answer, Ask, HANDLE, Name, Task, Turn},
    turns::{Rare, rare},
    waker,
};
use crate::error::JoinError;

/// See the [module](self).
#[repr(C)]
pub(in crate::task) union Body<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}

impl<F: Future> Body<F> {
    /// A future.
    #[inline(always)]
    pub(in crate::task) fn new(future: F) -> Self {
        Self { future: ManuallyDrop::new(future) }
    }
}

/// Asks a task of this name whose future or output stands at `body`.
///
/// # Safety
/// [C1].
#[inline(always)]
pub(in crate::task) unsafe fn ask<F: Future>(
    task: Task,
    body: NonNull<Body<F>>,
    ask: Ask,
    name: &'static Name,
) -> Answer {
    // Both stand at the beginning.
    let (future, output) = (body.cast::<F>(), body.cast::<Result<F::Output, JoinError>>());
    let result = if !ask.is_rare() {
        // SAFETY: [C1].
        match unsafe { poll(task, future) } {
            Poll::Pending => return Answer::WAITS,
            Poll::Ready(output) => Ok(output),
        }
    } else {
        match rare(task, ask) {
            Rare::Waits => return Answer::WAITS,
            Rare::Name => return Answer::name(name),
            Rare::Cancel => Err(JoinError::Cancelled),
            Rare::DropOutput => {
                // SAFETY: [C1], it is the output.
                unsafe { output.drop_in_place() };
                return Answer::DROPPED;
            }
        }
    };
    let first = !cfg!(panic = "unwind") || task.turn.replace(Turn::Gone) != Turn::Gone;
    task.owned.with_mut(|_| {
        if first {
            // SAFETY: [C1], [C2]: a drop that panics has been noted before.
            unsafe { future.drop_in_place() };
        }
        if mem::needs_drop::<Result<F::Output, JoinError>>() && task.flags() & HANDLE == 0 {
            return Answer::DROPPED;
        }
        // SAFETY: [C1], [C2].
        unsafe { output.write(result) };
        if mem::needs_drop::<Result<F::Output, JoinError>>() {
            Answer::KEPT
        } else {
            Answer::DROPPED
        }
    })
}

/// # Safety
/// [C1], it is a future.
#[inline(always)]
unsafe fn poll<F: Future>(task: Task, future: NonNull<F>) -> Poll<F::Output> {
    let waker = waker::borrowed(task);
    // SAFETY: the contract.
    let future = unsafe { &mut *future.as_ptr() };
    // SAFETY: [C2].
    let future = unsafe { Pin::new_unchecked(future) };
    task.owned.with_mut(|_| future.poll(&mut Context::from_waker(&waker)))
}
