//! The operating system around us: signals today.

mod signal;

pub use signal::Signals;
