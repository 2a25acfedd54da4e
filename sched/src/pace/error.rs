//! Jobs that were not run, or not well.

use core::fmt;

/// A job that did not start, because its throttle was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the throttle was killed before this job could start")
    }
}

impl core::error::Error for Aborted {}

/// How a job of [`Throttle::try_run`](super::Throttle::try_run) ended, if not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped<E> {
    /// It did not start.
    Aborted,
    /// It failed, which killed the throttle.
    Failed(E),
}

impl<E: fmt::Display> fmt::Display for Stopped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => Aborted.fmt(f),
            Self::Failed(error) => write!(f, "a job failed, and no other starts: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Stopped<E> {}
