//! Who runs next: the executor of one thread, of a microcontroller and of a ring worker.
//!
//! A [`Local`] with its [`Home`] is a whole executor on two hooks of the platform, a clock and a doorbell, and a place to park.
//!
//! Features: `alloc` adds tasks in boxes; `std` (default, implies `alloc`) adds wakes without an inbox on the home thread, caught
//! panics, the places of a machine ([`pool`]), the ways between threads and tasks ([`bridge`]), and an end in order ([`shutdown`]); `hwloc` (default, implies `std`) knows nodes and cores. It needs the library:
//! `apt-get install libhwloc-dev libudev-dev pkg-config`, or `default-features = false`.

#![cfg_attr(not(feature = "std"), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod batch;
#[cfg(feature = "std")]
pub mod bridge;
mod claim;
#[cfg(feature = "alloc")]
mod cycle;
pub mod debug;
mod drive;
#[cfg(feature = "alloc")]
mod erased;
#[cfg(not(feature = "alloc"))]
mod fixed;
#[cfg(feature = "alloc")]
mod home;
mod local;
mod order;
pub mod pace;
#[cfg(feature = "std")]
pub mod pool;
#[cfg(not(feature = "alloc"))]
mod round;
#[cfg(feature = "std")]
pub mod shutdown;
mod spawn;
mod stats;
mod waits;

pub use drive::Parking;
#[cfg(not(feature = "alloc"))]
pub use fixed::Home;
#[cfg(feature = "alloc")]
pub use home::Home;
pub use local::Local;
pub use stats::Stats;
#[cfg(feature = "alloc")]
pub use tidemill_core::task::{spawn, spawn_with};
#[cfg(feature = "std")]
pub use tidemill_core::task::{spawn_send, spawn_send_with};
