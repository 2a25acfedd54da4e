//! Waiting is being told later: who waits leaves a [`Waker`](core::task::Waker), who changes something takes it out and wakes it.
//!
//! | here         | for                                                                     |
//! |--------------|-------------------------------------------------------------------------|
//! | [`WaitList`] | many waiters, first in first out, beside a state under one short lock   |
//! | [`WakeCell`] | one waiter, without a lock                                              |
//! | [`WakeBatch`]| wakers on their way from under a lock to being woken                    |
//! | [`Inbox`]    | one consumer, to whom anyone may push; says when it must be rung awake  |
//! | [`Park`]     | how an executor sleeps, and [`Doorbell`] how it is woken                |
//!
//! None of them allocates, and none runs a waker's code (clone, wake, drop) while it is locked: a waker may call back into the very
//! cell that it was taken from.

mod batch;
#[cfg(feature = "alloc")]
mod hatch;
#[cfg(feature = "alloc")]
mod latest;
mod line;
mod list;
#[cfg(not(feature = "std"))]
mod masked;
mod mpsc;
mod park;
#[cfg(feature = "std")]
mod wake;

pub use batch::WakeBatch;
pub(crate) use batch::Woken;
#[cfg(feature = "alloc")]
pub(crate) use hatch::Hatch;
#[cfg(feature = "alloc")]
pub(crate) use latest::Latest;
pub use list::{Turn, WaitList, Waiter};
#[cfg(not(feature = "std"))]
pub use masked::WakeCell;
pub use mpsc::{Chain, Inbox, Link, Linked, Push};
pub use park::{Doorbell, Park, Wait};
#[cfg(feature = "std")]
pub use wake::WakeCell;
