//! The contestants of values in epochs: ours for all threads, and ours for one.

#![allow(clippy::result_large_err, reason = "a meter is handed on, or back, once in a visit")]

mod chains;
mod crowds;
mod graphs;
mod numbers;
mod stage;

use std::process::ExitCode;

use tidemill_benches::{
    core::{contestant, meter::Meter, operations::Kind},
    heap::Counting,
};
use tidemill_core::lock::{Lock, Unlocked};

use crate::numbers::Numbers;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    contestant::main("epochs-contestant", play)
}

fn play(name: &str, kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match (name, kind) {
        ("tidemill", Kind::Epochs(_)) => with::<Lock>(kind, meter),
        ("tidemill-local", Kind::Epochs(_)) => with::<Unlocked>(kind, meter),
        _ => Err(meter),
    }
}

fn with<L: Numbers>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let Kind::Epochs(kind) = kind else { return Err(meter) };
    chains::play::<L>(kind, meter)
        .or_else(|meter| crowds::play::<L>(kind, meter))
        .or_else(|meter| graphs::play::<L>(kind, meter))
}
