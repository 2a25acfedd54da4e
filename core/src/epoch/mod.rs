//! A value that many write and read, each in a place of its own in one order: that in which they enrolled.
//!
//! | here                                  | is                                                                        |
//! |---------------------------------------|---------------------------------------------------------------------------|
//! | [`Async`]                             | the value, in a box: enrols                                               |
//! | [`AsyncCell`], [`Placed`]             | the value in a static, and the handle that enrols                         |
//! | [`ReadBuffer`]                        | a reader: of what was written last before it enrolled                     |
//! | [`WriteBuffer`], [`EmplaceBuffer`]    | a writer who writes it anew                                               |
//! | [`MutableBuffer`]                     | a writer who changes it                                                   |
//!
//! After uni20's `Async<T>`, whose rules these are, with the deviations that `docs/architecture.md` lists.

mod arrival;
mod emplace;
mod mutate;
mod phase;
mod place;
mod queue;
mod read;
mod room;
mod seat;
mod slot;
#[cfg(feature = "alloc")]
mod value;
mod window;
mod write;

pub use arrival::{Arrival, Enrolled};
pub use emplace::EmplaceBuffer;
pub use mutate::{MutableBuffer, MutableGuard};
pub use place::{AsyncCell, Placed};
pub use read::{ReadBuffer, ReadGuard};
pub use room::Room;
#[cfg(feature = "alloc")]
pub use value::Async;
pub use write::{WriteBuffer, WriteGuard, WriteSlot};
