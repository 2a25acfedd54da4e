//! Moments that do not come, or came before.

use core::{error, fmt};

/// The wheel on which to wait for a moment was closed: nobody fires it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WheelClosed;

impl fmt::Display for WheelClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timer wheel is closed: the executor that fires it is gone")
    }
}

impl error::Error for WheelClosed {}

/// No executor is current: this was not called from a task, or its executor is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoContext;

impl fmt::Display for NoContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no executor is current here: call it from a task, or use a form that is given one",
        )
    }
}

impl error::Error for NoContext {}

/// Why a future was not given its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeoutError {
    /// Its time ran out, and it was dropped.
    Elapsed,
    /// There is no clock to go by: [`NoContext`].
    NoContext,
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed => f.write_str("the time ran out before the future was ready"),
            Self::NoContext => NoContext.fmt(f),
        }
    }
}

impl error::Error for TimeoutError {}

/// A [`Timer`](crate::time::Timer) can no longer be called off or moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Previously {
    /// It was called off before.
    Aborted,
    /// Its moment came before.
    Happened,
}

impl fmt::Display for Previously {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "the timer was aborted before",
            Self::Happened => "the moment of the timer came before",
        })
    }
}

impl error::Error for Previously {}

/// Why a [`Timer`](crate::time::Timer) never fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotFired {
    /// It was called off.
    Aborted,
    /// Its wheel was closed: [`WheelClosed`].
    WheelClosed,
}

impl fmt::Display for NotFired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => f.write_str("the timer was aborted before its moment came"),
            Self::WheelClosed => WheelClosed.fmt(f),
        }
    }
}

impl error::Error for NotFired {}

/// A span of zero: what is to be done again and again would never rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ZeroSpan;

impl fmt::Display for ZeroSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span of zero gives no pace: ask for one nanosecond at least")
    }
}

impl error::Error for ZeroSpan {}
