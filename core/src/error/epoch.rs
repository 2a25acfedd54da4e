//! Values of an epoch that are not there, and epochs for which there is no room.

use core::{error, fmt};

use super::Fault;

/// The value of an epoch is not there, and why. Whoever reads it gets it, and so does whoever reads what depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Missing<E = Fault> {
    /// Nobody wrote it: the writer was dropped unwritten, nobody is left who could write, or it was taken.
    Cancelled,
    /// Who should have written it failed, with this.
    Failed(E),
}

impl<E> Missing<E> {
    /// The error, if there is one.
    pub fn failure(self) -> Option<E> {
        match self {
            Self::Cancelled => None,
            Self::Failed(error) => Some(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Missing<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the value was cancelled: nobody wrote it"),
            Self::Failed(error) => write!(f, "the value failed: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> error::Error for Missing<E> {}

/// There is no room for one more epoch: wait for it with `room`, or give the value a larger window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WindowFull;

impl fmt::Display for WindowFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the window of epochs is full: wait for room, or make it larger")
    }
}

impl error::Error for WindowFull {}
