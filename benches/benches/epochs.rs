//! `cargo bench -p tidemill-benches --bench epochs`: every operation of values in epochs, beside what uni20 needs.

use std::process::ExitCode;

use tidemill_benches::core::{program, suite::VALUES};

fn main() -> ExitCode {
    program::main(&VALUES, env!("CARGO_BIN_EXE_epochs-contestant"))
}
