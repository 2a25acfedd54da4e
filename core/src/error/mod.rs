//! What can go wrong in this crate. Each error hands back what it was given.

mod epoch;
mod fault;
mod task;
mod time;
mod turn;
mod value;

pub use epoch::{Missing, WindowFull};
#[cfg(feature = "alloc")]
pub use fault::ScopeFailed;
pub use fault::{Cancelled, Failure, Fault, ScopeError, Unwound};
pub use task::{JoinError, Occupied, Panic, PlaceError, Refused};
pub use time::{NoContext, NotFired, Previously, TimeoutError, WheelClosed, ZeroSpan};
pub use turn::{LockedTwice, MutexLocked, SemaphoreClosed, TryAcquireError};
pub use value::{
    Abandoned, ChannelFull, Closed, Filled, MvarFull, ReaderClosed, TryReadError, WriteError,
    ZeroCapacity,
};
