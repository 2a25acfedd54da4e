//! A scope bounds what happens in it: in time, by whether it is still wanted, and by who answers for it.

#[cfg(feature = "alloc")]
mod adopt;
pub mod after;
#[cfg(feature = "alloc")]
mod attempt;
mod cancel;
#[cfg(not(feature = "alloc"))]
mod fixed;
#[cfg(feature = "alloc")]
mod gate;
#[cfg(feature = "alloc")]
mod handler;
#[cfg(feature = "alloc")]
mod moment;
#[cfg(feature = "alloc")]
mod nest;
#[cfg(feature = "alloc")]
mod protect;
#[cfg(feature = "alloc")]
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod scope;
#[cfg(feature = "alloc")]
mod shield;
#[cfg(feature = "alloc")]
mod token;
mod upon;

#[cfg(feature = "alloc")]
pub use adopt::{shield, shield_on};
pub use after::{
    After, WithTimeout, after, after_on, at, at_on, timer, timer_at, with_timeout, with_timeout_on,
};
#[cfg(feature = "alloc")]
pub use attempt::{Rest, or_send, try_with, within};
pub use cancel::{Cancel, RunUntil, WaitCancelled};
#[cfg(feature = "alloc")]
pub use handler::{handle_errors, handle_errors_on, handler, handler_on, hook, hook_on};
#[cfg(feature = "alloc")]
pub use nest::{Ambiently, Luggage, Nest};
#[cfg(feature = "alloc")]
pub use protect::{protect, protect_on};
#[cfg(feature = "alloc")]
pub use scope::{Scope, scope, scope_on};
#[cfg(feature = "alloc")]
pub use shield::{Shield, Shielded, shield_with};
#[cfg(feature = "alloc")]
pub use token::CancelToken;
pub use upon::handle_upon;
#[cfg(feature = "alloc")]
pub use upon::{upon, upon_on};
