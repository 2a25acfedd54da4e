//! A value that comes later: written once, read by many.
//!
//! | here                    | is                                                                                  |
//! |-------------------------|-------------------------------------------------------------------------------------|
//! | [`Ivar`]                | the cell: filled and read by reference                                              |
//! | [`Filler`], [`Deferred`] | its two ends, counted: when the last filler is gone readers get `Abandoned`        |
//! | [`Once`]                | an end for one reader, who gets the value itself                                    |
//! | [`both`], [`all`]       | wait for several, for all of them                                                   |
//! | [`any`], [`choose()`], [`enabled`] | wait for several, for whichever is ready; and [`choose!`](crate::choose!) with an arm for each |
//! | [`repeat`], [`forever`] | do it again, and let others go on in between                                        |
//!
//! After `Ivar` and `Deferred` of Jane Street's Async, whose rules these are: filling sets the value at once and runs no handler, and
//! of several choices that are ready the first in the list is taken. Deviations: the first to wait is the first to be woken; the losers
//! of a choice are dropped; a value that can never come is told.

mod all;
mod choose;
mod deferred;
mod each;
#[expect(clippy::module_inception, reason = "the room is named after the first noun in it")]
mod ivar;
#[cfg(feature = "alloc")]
mod once;
mod repeat;
mod shared;

#[cfg(feature = "alloc")]
pub use all::all_vec;
pub use all::{All, Both, all, both};
pub use choose::{Any, Choose, Either, Enabled, Or, any, choose, enabled, or};
#[cfg(feature = "alloc")]
pub use choose::{any_vec, choose_vec};
pub use deferred::{Deferred, Filler, Value};
#[cfg(feature = "alloc")]
pub use deferred::{channel, channel_in};
pub use each::Abreast;
#[cfg(feature = "alloc")]
pub use each::Boxed;
pub use ivar::{Ivar, Read};
#[cfg(feature = "alloc")]
pub use once::{Once, OnceFiller, once, once_in};
pub use repeat::{Repeat, Step, forever, repeat};
