//! What a task carries with it: the Home that it lives on, and with `alloc` its monitor, priority and locals.

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
#[cfg(feature = "alloc")]
mod depot;
mod entered;
#[cfg(feature = "alloc")]
mod errors;
#[cfg(not(feature = "alloc"))]
mod fixed;
#[cfg(feature = "alloc")]
mod handle;
mod info;
#[cfg(feature = "alloc")]
mod keeper;
mod lock;
mod may_send;
#[cfg(feature = "alloc")]
mod memory;
#[cfg(feature = "alloc")]
mod monitor;
mod priority;
#[cfg(feature = "alloc")]
mod root;
#[cfg(feature = "std")]
mod rooted;
#[cfg(not(feature = "alloc"))]
mod rootless;
#[cfg(feature = "alloc")]
mod size;
#[cfg(feature = "alloc")]
mod slab;
#[cfg(feature = "alloc")]
mod stray;
#[cfg(feature = "alloc")]
mod worker;

pub use ambient::Within;
#[cfg(feature = "alloc")]
pub use ambient::send_error;
#[cfg(feature = "alloc")]
pub use blocks::Blocks;
#[cfg(feature = "std")]
pub(crate) use borrowed::{ambient, outside, within};
#[cfg(feature = "alloc")]
pub use context::{Context, Key};
#[cfg(all(feature = "alloc", not(feature = "std")))]
pub(crate) use counted::{ambient, outside, within};
#[cfg(not(feature = "alloc"))]
pub use current::stay;
pub use current::{CurrentHome, Here, current, end_cycle, enter, leave, with_current};
#[cfg(feature = "std")]
pub(crate) use current::{enter_pool, with_pool};
pub use entered::is_current;
#[cfg(feature = "alloc")]
pub use errors::Errors;
#[cfg(not(feature = "alloc"))]
pub use fixed::{Budget, Done, HOME_IS_KNOWN, Head, HomeRef, Now, Ring};
#[cfg(feature = "std")]
pub(crate) use handle::queue_at;
#[cfg(feature = "alloc")]
pub use handle::{Done, HOME_IS_KNOWN, Head, HomeRef, HomeVTable};
pub use info::TaskInfo;
#[cfg(feature = "alloc")]
pub(crate) use keeper::Keeper;
pub use lock::HomeLock;
pub use may_send::{MaySend, MayShare, Shares};
#[cfg(feature = "alloc")]
pub(crate) use memory::{blocks_beside, clear_beside};
#[cfg(feature = "std")]
pub(crate) use memory::{clear_anywhere, lay_anywhere};
#[cfg(feature = "alloc")]
pub use monitor::{Monitor, Report};
pub use priority::Priority;
#[cfg(not(feature = "alloc"))]
pub(crate) use rootless::{Context, ambient, outside, within};
#[cfg(feature = "alloc")]
pub(crate) use size::HAS_TAGS;
#[cfg(feature = "alloc")]
pub use size::Size;
#[cfg(feature = "alloc")]
pub(crate) use slab::tag_of;
#[cfg(feature = "alloc")]
pub use stray::{Failed, Stray};
