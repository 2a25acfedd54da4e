//! What can go wrong between threads and tasks.

use std::{error, fmt, io};

use tidemill_core::error::Panic;

/// Why a closure that was to run on another thread gave no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// It panicked.
    Panicked(Panic),
    /// It was not run: its threads take no more, or were told to drop what waits.
    Closed,
    /// It was not run: no thread could be started for it, and none is there.
    NoThread(io::Error),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(f, "the job panicked: {panic}"),
            Self::Closed => f.write_str("the job was not run: its threads were closed"),
            Self::NoThread(error) => {
                write!(
                    f,
                    "the job was not run: no thread could be started for it ({error}); allow more of them, or ask for fewer"
                )
            }
        }
    }
}

impl error::Error for JobError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Panicked(panic) => Some(panic),
            Self::Closed => None,
            Self::NoThread(error) => Some(error),
        }
    }
}

/// It would have blocked the thread of an executor, and all of its tasks with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OnExecutor;

impl fmt::Display for OnExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this would block the thread of an executor: await it there, or call it on another thread",
        )
    }
}

impl error::Error for OnExecutor {}

/// Why something that was asked of an executor gave no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandleError {
    /// This is the thread of an executor: [`OnExecutor`].
    OnExecutor,
    /// The executor is gone, or went meanwhile.
    Closed,
    /// What was asked for panicked.
    Panicked(Panic),
}

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnExecutor => OnExecutor.fmt(f),
            Self::Closed => f.write_str("the executor is gone, and what was asked of it with it"),
            Self::Panicked(panic) => write!(f, "what was asked of the executor panicked: {panic}"),
        }
    }
}

impl error::Error for HandleError {}

/// Why an executor did not take a closure. Hands it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PostError<F> {
    /// Too many wait there already.
    Full(F),
    /// The executor is gone.
    Closed(F),
}

impl<F> fmt::Debug for PostError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<F> fmt::Display for PostError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "too many posts wait at the executor: try again later, or use `run`, which waits for room",
            Self::Closed(_) => "the executor is gone: the closure is handed back",
        })
    }
}

impl<F> error::Error for PostError<F> {}

/// Why a thread did not get to the end of its wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitError {
    /// This is the thread of an executor: [`OnExecutor`].
    OnExecutor,
    /// The time ran out.
    Elapsed,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnExecutor => OnExecutor.fmt(f),
            Self::Elapsed => f.write_str("the time ran out before what was waited for came"),
        }
    }
}

impl error::Error for WaitError {}

impl From<OnExecutor> for WaitError {
    fn from(OnExecutor: OnExecutor) -> Self {
        Self::OnExecutor
    }
}

/// Why a thread has not read a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadError {
    /// This is the thread of an executor: [`OnExecutor`].
    OnExecutor,
    /// The time ran out.
    Elapsed,
    /// The value will never come: nobody is left to fill it.
    Abandoned,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnExecutor => OnExecutor.fmt(f),
            Self::Elapsed => f.write_str("the time ran out before the value came"),
            Self::Abandoned => tidemill_core::error::Abandoned.fmt(f),
        }
    }
}

impl error::Error for ReadError {}

impl From<WaitError> for ReadError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::OnExecutor => Self::OnExecutor,
            WaitError::Elapsed => Self::Elapsed,
        }
    }
}

/// Why a thread has not written a value to a pipe. Hands it back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BlockedWrite<T> {
    /// This is the thread of an executor: [`OnExecutor`].
    OnExecutor(T),
    /// The pipe is closed.
    Closed(T),
}

impl<T> fmt::Debug for BlockedWrite<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnExecutor(_) => "OnExecutor(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for BlockedWrite<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnExecutor(_) => OnExecutor.fmt(f),
            Self::Closed(_) => tidemill_core::error::Closed(()).fmt(f),
        }
    }
}

impl<T> error::Error for BlockedWrite<T> {}

/// This very thread has locked the mutex already, and would wait for itself for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Relocked;

impl fmt::Display for Relocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this thread has locked the mutex already, in this task or another: drop that guard first, and before an await")
    }
}

impl error::Error for Relocked {}

/// Why a mutex was not locked at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TryLockError {
    /// Another thread has it.
    Locked,
    /// This thread has it: [`Relocked`].
    Relocked,
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => {
                f.write_str("another thread has locked the mutex: wait for it with `lock`")
            }
            Self::Relocked => Relocked.fmt(f),
        }
    }
}

impl error::Error for TryLockError {}
