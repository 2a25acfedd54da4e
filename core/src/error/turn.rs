//! Turns that were not given.

use core::{error, fmt};

/// The semaphore was closed: it gives no more permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SemaphoreClosed;

impl fmt::Display for SemaphoreClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed: it gives no more permits")
    }
}

impl error::Error for SemaphoreClosed {}

/// Why a semaphore gave no permits at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TryAcquireError {
    /// There are too few, or others are in line for them.
    NoPermits,
    /// It was closed: [`SemaphoreClosed`].
    Closed,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPermits => {
                f.write_str("too few permits are free: wait for them with `acquire`")
            }
            Self::Closed => SemaphoreClosed.fmt(f),
        }
    }
}

impl error::Error for TryAcquireError {}

/// The mutex is locked, or on its way to who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MutexLocked;

impl fmt::Display for MutexLocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mutex is locked: wait for it with `lock`, unless it is this very task that holds it")
    }
}

impl error::Error for MutexLocked {}

/// The mutex is locked by the very task that asks for it, which would wait for itself for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LockedTwice;

impl fmt::Display for LockedTwice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this task has locked the mutex already: drop the guard that it has first")
    }
}

impl error::Error for LockedTwice {}
