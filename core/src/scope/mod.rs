//! A scope bounds what happens in it: today in time; scopes that bound tasks come to stand here.

pub mod after;

pub use after::{After, WithTimeout, after, at, timer, timer_at, with_timeout};
