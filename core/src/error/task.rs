//! Tasks that did not start, or did not end well.

use core::{error, fmt};

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
    /// The panic that `std::panic::catch_unwind` caught with this payload.
    pub fn new(payload: std::boxed::Box<dyn core::any::Any + Send>) -> Self {
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

/// A task was not put into its place. Hands the future back.
pub enum PlaceError<F> {
    /// The place is taken: [`Occupied`].
    Occupied(F),
    /// No executor is current here, or it is being dropped: [`Refused`].
    NoContext(F),
}

impl<F> fmt::Debug for PlaceError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Occupied(_) => "Occupied(..)",
            Self::NoContext(_) => "NoContext(..)",
        })
    }
}

impl<F> fmt::Display for PlaceError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(_) => Occupied(()).fmt(f),
            Self::NoContext(_) => Refused(()).fmt(f),
        }
    }
}

impl<F> error::Error for PlaceError<F> {}

impl<F> From<Occupied<F>> for PlaceError<F> {
    fn from(Occupied(future): Occupied<F>) -> Self {
        Self::Occupied(future)
    }
}
