//! Pace: how often, how many at a time, and in what order work is started.

mod every;

pub use every::{Every, Intervals, every, intervals};
