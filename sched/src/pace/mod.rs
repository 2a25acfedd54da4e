//! Pace: how often, how many at a time, and in what order work is started.

mod delayer;
mod every;
#[cfg(feature = "alloc")]
mod for_each;
mod throttle;

pub use delayer::Delayer;
pub use every::{Every, Intervals, every, intervals};
#[cfg(feature = "alloc")]
pub use for_each::{How, for_each, map, try_for_each, try_map};
pub use throttle::{Aborted, Run, Stopped, Throttle};
