//! `cargo bench -p tidemill-benches --bench core`: every operation of the core, of ours and of every peer that has it.

use std::process::ExitCode;

use tidemill_benches::core::{program, suite::CORE};

fn main() -> ExitCode {
    program::main(&CORE, env!("CARGO_BIN_EXE_core-contestant"))
}
