//! A scope bounds what happens in it: in time, and by whether it is still wanted.

pub mod after;
mod cancel;
#[cfg(feature = "alloc")]
mod token;

pub use after::{After, WithTimeout, after, at, with_timeout};
pub use cancel::{Cancel, RunUntil, WaitCancelled};
#[cfg(feature = "alloc")]
pub use token::CancelToken;
