//! Handlers that come too late, and statuses that contradict each other.

use std::{error, fmt};

use tidemill_core::error::NoContext;

/// A handler was not registered. Hands it back.
pub enum AtShutdownError<F> {
    /// It comes too late: the shutdown has begun, or, for what it is to wait for, all handlers have ended.
    Begun(F),
    /// No executor is current here to run it, or it is being dropped.
    NoContext(F),
}

impl<F> fmt::Debug for AtShutdownError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begun(_) => "Begun(..)",
            Self::NoContext(_) => "NoContext(..)",
        })
    }
}

impl<F> fmt::Display for AtShutdownError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun(_) => f.write_str("the shutdown has begun: do it at once, or leave it"),
            Self::NoContext(_) => NoContext.fmt(f),
        }
    }
}

impl<F> error::Error for AtShutdownError<F> {}

/// Two statuses that are no good ends were asked for: the first one stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusError {
    /// What it ends with.
    pub stays: i32,
    /// What was asked for.
    pub refused: i32,
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the shutdown ends with status {}, and not with {}", self.stays, self.refused)
    }
}

impl error::Error for StatusError {}
