//! Values, waiting, tasks and time for any executor: `no_std`, placed by their caller or boxed.
//!
//! Features: `alloc` (default) adds the boxed forms; `std` (implies `alloc`) adds thread locals, futex-backed locks and caught panics; `dag` writes down who
//! depends on whom, to be shown when something hangs.

#![no_std]

#[cfg(feature = "alloc")]
#[allow(unused_extern_crates, reason = "under loom its Arc is loom's")]
extern crate alloc;
#[cfg(any(feature = "std", loom))]
extern crate std;

pub mod clock;
pub mod context;
#[cfg(feature = "dag")]
pub mod dag;
#[cfg(not(feature = "dag"))]
mod dag;
pub mod epoch;
pub mod error;
pub mod ivar;
pub mod kernel;
pub mod local;
pub mod lock;
#[cfg(not(feature = "alloc"))]
mod mark;
#[cfg(not(feature = "std"))]
mod mask;
mod misuse;
pub mod scope;
pub mod share;
#[doc(hidden)]
pub mod sync;
pub mod task;
pub mod time;
pub mod wait;
