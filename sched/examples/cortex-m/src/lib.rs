//! Tidemill on a Cortex-M4: the hooks for qemu's board `mps2-an386`.
//!
//! | file      | is                                                                 |
//! |-----------|--------------------------------------------------------------------|
//! | `timer`   | the two timers of the board: one counts for the clock, one interrupts |
//! | `console` | text and the end, through the debugger                              |
//! | `board`   | the hooks: clock, alarm, doorbell, sleep                            |
//! | `unmasked` | critical sections that do nothing: see `storm` |

#![no_std]

mod board;
mod console;
mod timer;
#[cfg(not(feature = "masked"))]
mod unmasked;

pub use board::{Board, Sleep};
pub use console::{exit, print};
