//! Who runs next: the executor of one thread, of a microcontroller and of a ring worker.
//!
//! A [`Local`] with its [`Home`] is a whole executor on two hooks of the platform, a clock and a doorbell, and a place to park.
//!
//! Features: `alloc` adds tasks in boxes; `std` (default, implies `alloc`) adds wakes without an inbox on the home thread, caught
//! panics, and the places of a machine ([`pool`]); `hwloc` (default, implies `std`) knows nodes and cores. It needs the library:
//! `apt-get install libhwloc-dev libudev-dev pkg-config`, or `default-features = false`.

#![cfg_attr(not(feature = "std"), no_std)]

mod erased;
mod home;
mod local;
pub mod pace;
#[cfg(feature = "std")]
pub mod pool;

pub use home::Home;
pub use local::Local;
#[cfg(feature = "std")]
pub use tidemill_core::task::spawn;
