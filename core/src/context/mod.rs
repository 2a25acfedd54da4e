//! What a task carries with it: the Home that it lives on, and with `alloc` its monitor, priority and locals.

#[cfg(feature = "alloc")]
mod ambient;
#[cfg(feature = "alloc")]
mod blocks;
#[cfg(feature = "std")]
mod borrowed;
#[cfg(feature = "alloc")]
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod context;
#[cfg(all(feature = "alloc", not(feature = "std")))]
mod counted;
mod current;
mod entered;
#[cfg(feature = "alloc")]
mod errors;
mod handle;
mod lock;
#[cfg(feature = "alloc")]
mod monitor;
mod priority;
#[cfg(not(feature = "alloc"))]
mod rootless;

#[cfg(feature = "alloc")]
pub use ambient::{Within, send_error};
#[cfg(feature = "alloc")]
pub use blocks::{Blocks, Size};
#[cfg(feature = "std")]
pub(crate) use borrowed::{ambient, outside, within};
#[cfg(feature = "alloc")]
pub use context::{Context, Key};
#[cfg(all(feature = "alloc", not(feature = "std")))]
pub(crate) use counted::{ambient, outside, within};
pub use current::{Here, current, enter, leave, with_current};
pub use entered::is_current;
#[cfg(feature = "alloc")]
pub use errors::Errors;
pub use handle::{Head, HomeRef, HomeVTable};
pub use lock::HomeLock;
#[cfg(feature = "alloc")]
pub use monitor::{Monitor, Report};
pub use priority::Priority;
#[cfg(not(feature = "alloc"))]
pub(crate) use rootless::{Context, ambient, outside, within};
