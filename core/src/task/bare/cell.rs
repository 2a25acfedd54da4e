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
    mem::ManuallyDrop,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use super::{
    header::{Answer, Ask, HANDLE, Task, Turn},
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
    ask: Ask<'_>,
    name: Option<&'static str>,
) -> Answer {
    // Both stand at the beginning.
    let (future, output) = (body.cast::<F>(), body.cast::<Result<F::Output, JoinError>>());
    let result = match ask {
        Ask::Poll => {
            let waker = waker::borrowed(task);
            // SAFETY: [C1].
            let future = unsafe { &mut *future.as_ptr() };
            // SAFETY: [C2].
            let future = unsafe { Pin::new_unchecked(future) };
            match future.poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => return Answer::Waits,
                Poll::Ready(output) => Ok(output),
            }
        }
        Ask::Cancel => Err(JoinError::Cancelled),
        Ask::DropOutput => {
            // SAFETY: [C1], it is the output.
            unsafe { output.drop_in_place() };
            return Answer::Dropped;
        }
        Ask::Name(to) => {
            *to = name;
            return Answer::Waits;
        }
    };
    if task.turn.replace(Turn::Gone) != Turn::Gone {
        // SAFETY: [C1], [C2]: a drop that panics has been noted before.
        unsafe { future.drop_in_place() };
    }
    if task.flags() & HANDLE == 0 {
        return Answer::Dropped;
    }
    // SAFETY: [C1], [C2].
    unsafe { output.write(result) };
    Answer::Kept
}
