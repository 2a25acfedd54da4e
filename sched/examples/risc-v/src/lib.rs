//! Tidemill on a RISC-V: the hooks for qemu's board `virt`.
//!
//! | file      | is                                                            |
//! |-----------|---------------------------------------------------------------|
//! | `machine` | the machine timer's registers                                 |
//! | `console` | text through the serial port, and the end                     |
//! | `board`   | the hooks: clock, alarm, doorbell, sleep                      |
//! | `unmasked` | critical sections that do nothing: see `storm` |

#![no_std]

mod board;
mod console;
mod machine;
#[cfg(not(feature = "masked"))]
mod unmasked;

pub use board::{Board, Sleep};
pub use console::{exit, print};
