//! An io_uring-native runtime: listener, reader, writer, copy and timers over one ring per worker.

pub mod error;
pub mod io;
pub mod net;
pub mod os;
pub mod runtime;
#[doc(hidden)]
#[cfg(any(test, feature = "sim"))]
pub mod sim;

mod engine;
mod ring;
