//! A value that comes later: written once, read by many.
//!
//! After `Ivar` of Jane Street's Async, whose rules these are: filling sets the value at once and runs no handler; and not its order
//! of handlers: here the first to wait is the first to be woken.

#[expect(clippy::module_inception, reason = "the room is named after the first noun in it")]
mod ivar;

pub use ivar::{Ivar, Read};
