//! Programs for bare metal, the same on every board: a board brings its hooks, says how it prints, and has an interrupt come.
//!
//! | file      | is                                                                                          |
//! |-----------|---------------------------------------------------------------------------------------------|
//! | `desk`    | what the programs ask of a board besides the hooks of the runtime                            |
//! | `dice`    | numbers that look random                                                                    |
//! | `line`    | a line of text in place                                                                     |
//! | `stack`   | how far it was used                                                                         |
//! | `tour`    | one of everything: tasks, an Ivar, timers, a cancel, epochs, a pipe, a choice                |
//! | `storm`   | interrupts at random moments, and counters that must agree                                   |
//! | `alone`   | the runtime alone, without a word of text: what the linker is asked about                    |

#![no_std]

pub mod alone;
mod desk;
mod dice;
mod line;
pub mod stack;
pub mod storm;
pub mod tour;

pub use desk::Desk;
