//! What can go wrong in this crate. Each error hands back what it was given.

use core::fmt;

/// The wheel on which to wait for a moment was closed: nobody fires it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WheelClosed;

impl fmt::Display for WheelClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timer wheel is closed: the executor that fires it is gone")
    }
}

impl core::error::Error for WheelClosed {}
