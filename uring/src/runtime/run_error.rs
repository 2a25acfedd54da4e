//! A run that an error has ended for which nobody answered.

use std::{error, fmt, io};

use tidemill_core::context::Failed;

/// A run ended early, and its runtime with it: an error reached the runtime's root monitor, and nobody had detached that. Made by
/// [`Runtime::run`](super::Runtime::run).
pub struct RunError<T> {
    /// What the main future returned, where it was ready all the same; else it was dropped.
    pub output: Option<T>,
    /// The errors: what they say, on which workers they were sent, which tasks panicked. Those that came while the runtime was ending, and what went wrong with that, come last.
    pub failed: Failed,
}

impl<T> fmt::Display for RunError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failed.fmt(f)
    }
}

impl<T> fmt::Debug for RunError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunError")
            .field("failed", &self.failed)
            .field("output", &self.output.is_some())
            .finish()
    }
}

impl<T> error::Error for RunError<T> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        error::Error::source(&self.failed)
    }
}

impl<T> From<RunError<T>> for io::Error {
    /// The output is dropped.
    fn from(error: RunError<T>) -> Self {
        let first = error.failed.first().fault.downcast_ref::<Self>();
        Self::new(first.map_or(io::ErrorKind::Other, Self::kind), error.failed)
    }
}
