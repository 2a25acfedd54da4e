//! A scope bounds what happens in it: in time, by whether it is still wanted, and by who answers for it.

#[cfg(feature = "std")]
mod adopt;
pub mod after;
#[cfg(feature = "alloc")]
mod attempt;
mod cancel;
#[cfg(feature = "std")]
mod handler;
#[cfg(feature = "std")]
mod protect;
#[cfg(feature = "std")]
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod scope;
#[cfg(feature = "alloc")]
mod shield;
#[cfg(feature = "alloc")]
mod token;
#[cfg(feature = "std")]
mod upon;

#[cfg(feature = "std")]
pub use adopt::shield;
pub use after::{After, WithTimeout, after, at, timer, timer_at, with_timeout};
#[cfg(feature = "alloc")]
pub use attempt::{Rest, or_send, try_with, within};
pub use cancel::{Cancel, RunUntil, WaitCancelled};
#[cfg(feature = "std")]
pub use handler::{handle_errors, handler, hook};
#[cfg(feature = "std")]
pub use protect::protect;
#[cfg(feature = "std")]
pub use scope::{Scope, scope};
#[cfg(feature = "alloc")]
pub use shield::{Shield, Shielded, shield_with};
#[cfg(feature = "alloc")]
pub use token::CancelToken;
#[cfg(feature = "std")]
pub use upon::{handle_upon, upon};
