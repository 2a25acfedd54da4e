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
