//! Pace: how often, how many at a time, and in what order work is started.
//!
//! | file        | is                                                                       |
//! |-------------|--------------------------------------------------------------------------|
//! | `error`     | jobs that were not run, or not well                                      |
//! | `slots`     | what a throttle hands out, one to each job                               |
//! | `throttle`  | at most so many jobs at a time                                           |
//! | `enter`     | a place in line, and what is granted there                               |
//! | `run`       | the jobs of a throttle                                                   |
//! | `at_kill`   | what is done with the resources of a throttle that was killed            |
//! | `sequencer` | a value, and jobs that have it one at a time                             |
//! | `delayer`   | each job a span after it was scheduled, and in that order                |
//! | `every`     | work that is done again and again                                        |
//! | `for_each`  | many jobs of one kind                                                    |

mod at_kill;
mod delayer;
mod enter;
mod error;
mod every;
#[cfg(feature = "alloc")]
mod for_each;
mod run;
mod sequencer;
mod slots;
mod throttle;

pub use delayer::Delayer;
pub use error::{Aborted, Stopped};
pub use every::{Every, Intervals, every, intervals};
#[cfg(feature = "alloc")]
pub use for_each::{How, for_each, map, try_for_each, try_map};
pub use run::Run;
pub use sequencer::Sequencer;
pub use slots::{Count, Slots};
pub use throttle::Throttle;
