//! The contestants of the core: ours and the peers.

#![allow(clippy::result_large_err, reason = "a meter is handed on, or back, once in a visit")]

mod contract;
mod operations;
mod players;

use std::process::ExitCode;

use tidemill_benches::{core::contestant, heap::Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    contestant::main("core-contestant", players::play)
}
