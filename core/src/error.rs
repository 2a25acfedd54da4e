//! What can go wrong in this crate. Each error hands back what it was given.

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

/// Why a task gave no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// It was cancelled, or its executor was dropped before it had ended.
    Cancelled,
    /// It panicked, or the drop of its future did.
    Panicked(Panic),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(panic) => write!(f, "the task panicked: {panic}"),
        }
    }
}

impl error::Error for JoinError {}

/// The panic of a task. Without `std` no panic is caught, and there is no value of this type.
pub struct Panic {
    #[cfg(feature = "std")]
    payload: std::sync::Mutex<std::boxed::Box<dyn core::any::Any + Send>>,
    #[cfg(not(feature = "std"))]
    never: core::convert::Infallible,
}

#[cfg(feature = "std")]
impl Panic {
    pub(crate) fn new(payload: std::boxed::Box<dyn core::any::Any + Send>) -> Self {
        Self { payload: std::sync::Mutex::new(payload) }
    }

    /// What it says, copied: a formatter is user code, and must not find the lock taken.
    fn text(&self) -> Option<std::string::String> {
        let payload = self.payload.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = payload.downcast_ref::<std::string::String>().cloned();
        text.or_else(|| payload.downcast_ref::<&'static str>().map(|&text| text.into()))
    }

    /// What the panic was given, to look at it or to resume it with `std::panic::resume_unwind`.
    pub fn into_payload(self) -> std::boxed::Box<dyn core::any::Any + Send> {
        self.payload.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl fmt::Display for Panic {
    #[cfg(feature = "std")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_deref().unwrap_or("(its payload is no text)"))
    }

    #[cfg(not(feature = "std"))]
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.never {}
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic({self})")
    }
}

/// The task was not taken, since no executor is current here, or it is being dropped. Hands the future back.
pub struct Refused<F>(pub F);

impl<F> fmt::Debug for Refused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refused(..)")
    }
}

impl<F> fmt::Display for Refused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no executor is current here to take the task: spawn from a task, or onto a given executor")
    }
}

impl<F> error::Error for Refused<F> {}

/// The place of a task is taken until that task has ended and its handle and wakers are gone. Hands the future back.
pub struct Occupied<F>(pub F);

impl<F> fmt::Debug for Occupied<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Occupied(..)")
    }
}

impl<F> fmt::Display for Occupied<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place is still taken by another task, its handle or one of its wakers")
    }
}

impl<F> error::Error for Occupied<F> {}

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

/// A span of zero: what is to be done again and again would never rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ZeroSpan;

impl fmt::Display for ZeroSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a span of zero gives no pace: ask for one nanosecond at least")
    }
}

impl error::Error for ZeroSpan {}
