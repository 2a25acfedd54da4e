//! A value that many write and read, each in a place of its own in one order: that in which they enrolled.
//!
//! | here                                  | is                                                                        |
//! |---------------------------------------|---------------------------------------------------------------------------|
//! | [`Async`]                             | the value, in a box: enrols                                               |
//! | [`AsyncCell`], [`Placed`]             | the value in a static, and the handle that enrols                         |
//! | [`ReadBuffer`]                        | a reader: of what was written last before it enrolled                     |
//! | [`Async::upon`], [`Async::inspect`]   | a function that reads, in no task of its own, and in one                  |
//! | [`WriteBuffer`], [`EmplaceBuffer`]    | a writer who writes it anew                                               |
//! | [`MutableBuffer`]                     | a writer who changes it                                                   |
//! | [`View`]                              | a part of a value, or what is owned elsewhere                             |
//! | [`ReverseValue`]                      | a value that is built from its end                                        |
//! | [`all`]                               | waits for several buffers, with one wake                                  |
//!
//! After uni20's `Async<T>`, whose rules these are, with the deviations that `docs/architecture.md` lists.

mod all;
mod arrival;
#[cfg(feature = "alloc")]
mod audience;
mod emplace;
mod failures;
#[cfg(feature = "alloc")]
mod glance;
mod group;
mod latch;
mod mutate;
mod overwrite;
mod phase;
mod place;
mod queue;
mod read;
#[cfg(feature = "alloc")]
mod reverse;
mod room;
#[cfg(feature = "alloc")]
mod row;
mod seat;
mod slot;
mod step;
#[cfg(feature = "alloc")]
mod value;
mod view;
#[cfg(feature = "alloc")]
mod watch;
mod window;
mod write;

pub use all::{All, all};
pub use arrival::{Arrival, Enrolled};
#[cfg(feature = "alloc")]
pub(crate) use audience::{Audience, join, join_here};
pub use emplace::EmplaceBuffer;
#[cfg(feature = "alloc")]
pub(crate) use glance::Glance;
pub use group::{Group, Parts};
pub use mutate::{MutableBuffer, MutableGuard};
pub use overwrite::{EmplaceView, PartSlot, WriteView};
pub use place::{AsyncCell, Placed};
pub use read::{ReadBuffer, ReadGuard};
#[cfg(feature = "alloc")]
pub use reverse::ReverseValue;
pub use room::Room;
#[cfg(feature = "alloc")]
pub(crate) use seat::Spot;
#[cfg(feature = "alloc")]
pub use value::Async;
pub use view::{MutableView, PartGuard, ReadView, View};
pub use write::{WriteBuffer, WriteGuard, WriteSlot};
