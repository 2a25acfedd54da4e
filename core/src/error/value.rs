//! Values that were not taken in, or will not come. What was given is handed back.

use core::{error, fmt};

/// A value came too late: the [`Ivar`](crate::ivar::Ivar) is full or closed already. Hands the value back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Filled<T>(pub T);

impl<T> fmt::Debug for Filled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filled(..)")
    }
}

impl<T> fmt::Display for Filled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ivar is filled or closed already: the new value is handed back")
    }
}

impl<T> error::Error for Filled<T> {}

/// The value will never come: the [`Ivar`](crate::ivar::Ivar) was closed while empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ivar was closed before anyone filled it")
    }
}

impl error::Error for Abandoned {}

/// A [`Channel`](crate::share::Channel) has no room for a value now. Hands the value back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChannelFull<T>(pub T);

impl<T> fmt::Debug for ChannelFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelFull(..)")
    }
}

impl<T> fmt::Display for ChannelFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel has no room now: the value is handed back")
    }
}

impl<T> error::Error for ChannelFull<T> {}

/// The slot of an [`Mvar`](crate::share::Mvar) has no room for a value now. Hands the value back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MvarFull<T>(pub T);

impl<T> fmt::Debug for MvarFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MvarFull(..)")
    }
}

impl<T> fmt::Display for MvarFull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mvar has no room now: the value is handed back")
    }
}

impl<T> error::Error for MvarFull<T> {}

/// Why a value was not taken in at once. Hands the value back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WriteError<T> {
    /// There is no room now.
    Full(T),
    /// The pipe is closed.
    Closed(T),
}

impl<T> fmt::Debug for WriteError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for WriteError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the pipe is full: wait for room with write or pushback",
            Self::Closed(_) => "the pipe is closed: the value is handed back",
        })
    }
}

impl<T> error::Error for WriteError<T> {}

/// The pipe is closed. Hands the value back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Closed<T>(pub T);

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pipe was closed before it took the value, which is handed back")
    }
}

impl<T> error::Error for Closed<T> {}

/// Why there is no value to read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TryReadError {
    /// There is none now.
    Empty,
    /// There will be none: the pipe is closed, and all was read.
    Eof,
}

impl fmt::Display for TryReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the pipe is empty now: wait for a value with read",
            Self::Eof => "the pipe is closed and all was read",
        })
    }
}

impl error::Error for TryReadError {}

/// The pipe was closed for reading before all that was written was read: the rest was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReaderClosed;

impl fmt::Display for ReaderClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reading side was closed before it had read everything")
    }
}

impl error::Error for ReaderClosed {}

/// A capacity of zero: nothing would ever fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ZeroCapacity;

impl fmt::Display for ZeroCapacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a capacity of zero takes no value in: ask for one at least")
    }
}

impl error::Error for ZeroCapacity {}
