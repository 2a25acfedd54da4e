//! Pace: how many at a time, and in which order.

mod delayer;
#[cfg(feature = "alloc")]
mod for_each;
mod throttle;

pub use delayer::Delayer;
#[cfg(feature = "alloc")]
pub use for_each::{How, for_each, map, try_for_each, try_map};
pub use throttle::{Aborted, Run, Stopped, Throttle};
