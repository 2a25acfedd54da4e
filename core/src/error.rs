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

impl error::Error for Panic {}

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

/// What went wrong, for whoever is told of it from afar: cheap to clone, and free of types that only its maker knows.
///
/// It is no `Error` itself, so that every error becomes one with `?` and `into`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A number that means something to those who agreed on it.
    Code(i32),
    /// A word.
    Text(&'static str),
    /// An error of any type: [`downcast_ref`](Self::downcast_ref) looks for one.
    #[cfg(feature = "alloc")]
    Error(alloc::sync::Arc<dyn error::Error + Send + Sync>),
}

impl Fault {
    /// The fault that an error is.
    #[cfg(feature = "alloc")]
    pub fn new(error: impl error::Error + Send + Sync + 'static) -> Self {
        Self::Error(alloc::sync::Arc::new(error))
    }

    /// The error in it, if it is an `E`.
    #[cfg(feature = "alloc")]
    pub fn downcast_ref<E: error::Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Error(error) => error.downcast_ref(),
            Self::Code(_) | Self::Text(_) => None,
        }
    }
}

#[cfg(feature = "alloc")]
impl<E: error::Error + Send + Sync + 'static> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code {code}"),
            Self::Text(text) => f.write_str(text),
            #[cfg(feature = "alloc")]
            Self::Error(error) => error.fmt(f),
        }
    }
}

/// What was asked for was cancelled, and says why.
#[derive(Clone, Debug)]
pub struct Cancelled(pub Fault);

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it was cancelled: {}", self.0)
    }
}

impl error::Error for Cancelled {}

/// A scope took nothing in. Hands back what it was given.
pub enum ScopeError<F> {
    /// The scope has ended: nothing more can be started in it.
    Ended(F),
    /// No executor is current here: [`NoContext`].
    NoContext(F),
}

impl<F> fmt::Debug for ScopeError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended(_) => "Ended(..)",
            Self::NoContext(_) => "NoContext(..)",
        })
    }
}

impl<F> fmt::Display for ScopeError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(_) => {
                f.write_str("the scope has ended: start it in a scope that is still open")
            }
            Self::NoContext(_) => NoContext.fmt(f),
        }
    }
}

impl<F> error::Error for ScopeError<F> {}

/// What ended a child of a scope.
#[derive(Debug)]
pub enum Failure<E> {
    /// It returned an error.
    Error(E),
    /// It panicked.
    Panicked(Panic),
}

/// A scope failed: the failure that came first, which cancelled the rest, and those that came after it.
#[cfg(feature = "alloc")]
#[derive(Debug)]
pub struct ScopeFailed<E> {
    /// What came first. `None`: it was cancelled from outside.
    pub first: Option<Failure<E>>,
    /// What came after it, in order.
    pub others: alloc::vec::Vec<Failure<E>>,
}

#[cfg(feature = "alloc")]
impl<E: fmt::Display> fmt::Display for ScopeFailed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.first {
            None => f.write_str("the scope was cancelled")?,
            Some(Failure::Error(error)) => write!(f, "a child of the scope failed: {error}")?,
            Some(Failure::Panicked(panic)) => write!(f, "a child of the scope panicked: {panic}")?,
        }
        match self.others.len() {
            0 => Ok(()),
            others => write!(f, " (and {others} more failed)"),
        }
    }
}

#[cfg(feature = "alloc")]
impl<E: fmt::Debug + fmt::Display> error::Error for ScopeFailed<E> {}

/// What went wrong in a protected body, in its end, or in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwound<E> {
    /// The body failed, and its end was well.
    Body(E),
    /// The body was well, and its end failed.
    Finally(E),
    /// Both failed.
    Both {
        /// The body's error.
        body: E,
        /// That of its end.
        finally: E,
    },
}

impl<E: fmt::Display> fmt::Display for Unwound<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(body) => write!(f, "it failed: {body}"),
            Self::Finally(finally) => write!(f, "its end failed: {finally}"),
            Self::Both { body, finally } => {
                write!(f, "it failed: {body}; and its end failed too: {finally}")
            }
        }
    }
}

impl<E: fmt::Debug + fmt::Display> error::Error for Unwound<E> {}
