//! Deadlines: a clock and a wheel are given, whatever waits for a moment sleeps on them.
//!
//! | file     | is                                                                         |
//! |----------|----------------------------------------------------------------------------|
//! | `slot`   | where a deadline belongs on a wheel, and which places are taken            |
//! | `status` | what may have become of a wait                                             |
//! | `node`   | what an entry keeps for its wheel                                          |
//! | `slots`  | the nodes of a wheel in their slots                                        |
//! | `ordered` | the nodes in one line: without `std`                                      |
//! | `lists`  | all that waits on a wheel, and what becomes of each                        |
//! | `wheel`  | the timing wheel: everything that waits for a moment, earliest first       |
//! | `due`    | what is due on it, under a mask: without `alloc`                           |
//! | `source` | what a wait is given: a handle on a wheel, and a clock                         |
//! | `entry`  | one pinned wait for one deadline, which knows its wheel through a handle   |
//! | `delay`  | the same on the wheel of a Home in a static, without `alloc`               |
//! | `sleep`  | the future: resolves once its clock has reached a moment                   |
//! | `slack`  | how much later than it is due something may happen                         |
//! | `simulated` | a wheel and a manual clock, moved by hand                               |
//! | `timer`  | a moment that can be called off and moved, by whoever shares it            |

#[cfg(not(feature = "alloc"))]
mod delay;
#[cfg(not(feature = "alloc"))]
mod due;
mod entry;
mod lists;
mod node;
#[cfg(not(feature = "std"))]
mod ordered;
mod simulated;
mod slack;
mod sleep;
#[cfg(feature = "std")]
mod slot;
#[cfg(feature = "std")]
mod slots;
mod source;
mod status;
mod timer;
mod wheel;

#[cfg(not(feature = "alloc"))]
pub(crate) use delay::Delay;
pub use entry::Entry;
#[cfg(not(feature = "alloc"))]
pub(crate) use lists::{has_met_others, meets_others};
pub use simulated::Simulated;
pub use slack::coalesce;
pub use sleep::Sleep;
pub use source::{TimeSource, WheelRef};
pub use status::Status;
pub use timer::{Fired, Timer, TimerStatus};
pub use wheel::Wheel;
