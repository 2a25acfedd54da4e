//! What went wrong, told to whoever answers for it.

use core::{error, fmt};

use super::{task::Panic, time::NoContext};

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

#[cfg(not(feature = "alloc"))]
impl From<Panic> for Fault {
    fn from(_: Panic) -> Self {
        Self::Text("it panicked")
    }
}

#[cfg(not(feature = "alloc"))]
impl From<NoContext> for Fault {
    fn from(_: NoContext) -> Self {
        Self::Text("no executor is current here to take the task")
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
