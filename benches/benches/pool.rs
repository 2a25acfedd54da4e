//! `cargo bench -p tidemill-benches --bench pool`: every operation of several threads, beside the peers and threads by hand.

use std::process::ExitCode;

use tidemill_benches::core::{program, suite::THREADS};

fn main() -> ExitCode {
    program::main(&THREADS, env!("CARGO_BIN_EXE_pool-contestant"))
}
