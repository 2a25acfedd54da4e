//! A system thread reads a value that comes once.

use std::time::Duration;

use tidemill_core::{ivar::Read, lock::RawLock};

use super::{
    error::ReadError,
    wait::{wait, wait_timeout},
};

/// Blocks this thread until the value of an [`Ivar`](tidemill_core::ivar::Ivar) or a [`Deferred`](tidemill_core::ivar::Deferred) is there, and lends it.
///
/// # Errors
/// This is the thread of an executor, in its turn; or the value will never come.
///
/// ```
/// use tidemill_core::ivar;
/// use tidemill_sched::bridge::{ReadError, read};
///
/// let (filler, answer) = ivar::channel();
/// assert!(filler.fill(42).is_ok());
/// assert_eq!(read(&answer), Ok(&42));
/// # Ok::<(), ReadError>(())
/// ```
///
/// Source: Async's `Thread_safe_ivar`.
pub fn read<'a, T: 'a, L: RawLock>(
    value: impl IntoFuture<IntoFuture = Read<'a, T, L>>,
) -> Result<&'a T, ReadError> {
    wait(value.into_future()).map_err(|_| ReadError::OnExecutor)?.map_err(|_| ReadError::Abandoned)
}

/// As [`read`], for so long at most.
///
/// # Errors
/// As `read`, or the time ran out.
pub fn read_timeout<'a, T: 'a, L: RawLock>(
    value: impl IntoFuture<IntoFuture = Read<'a, T, L>>,
    at_most: Duration,
) -> Result<&'a T, ReadError> {
    wait_timeout(value.into_future(), at_most)?.map_err(|_| ReadError::Abandoned)
}
