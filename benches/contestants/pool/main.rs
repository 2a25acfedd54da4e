//! The contestants of several threads: ours, the peers, and threads by hand.

#![allow(clippy::result_large_err, reason = "a meter is handed on, or back, once in a visit")]

mod contract;
mod game;
mod operations;
mod players;

use std::process::ExitCode;

use tidemill_benches::{core::contestant, heap::Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    contestant::main("pool-contestant", players::play)
}
