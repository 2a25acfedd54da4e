//! Echo servers on the runtimes of others, each written as its documentation shows it: accept, spawn, read into a buffer of 16 KiB, write all of it.
//!
//! | kind         | as it comes          | `--tuned`                                                                      |
//! |--------------|----------------------|--------------------------------------------------------------------------------|
//! | tokio        | current thread       |                                                                                |
//! | monoio       | `RuntimeBuilder`     | SINGLE_ISSUER, DEFER_TASKRUN; 4096 entries, 16384 completions                  |
//! | compio       | `Runtime::new`       | the same, by its builder                                                       |
//! | compio `--managed` | | a pool of 1024 x 16 KiB instead of a buffer for each connection, beside the above                  |
//! | glommio      | `LocalExecutor`      |                                                                                |
//! | kimojio      | `Configuration::new` |                                                                                |
//! | tokio-uring  | `tokio_uring::start` | SINGLE_ISSUER, COOP_TASKRUN; 4096 entries, 16384 completions                   |
//!
//! Buffers are `vec![0; 16384]`, one for each connection, where it is not said otherwise: 16 bytes past a multiple of the allocator's granule, never at
//! a page boundary by design of ours.

mod compio;
mod glommio;
mod kimojio;
mod monoio;
mod tokio;
mod tokio_uring;

use std::io;

use tidemill_benches::server::{self, Arguments};

const USAGE: &str = "\
Echo servers on the runtimes of others.

usage: echo-peers KIND [--tuned] [--managed] [--listen ADDR] [--core N]

  KIND  tokio, monoio, compio, glommio, kimojio or tokio-uring";

/// Entries of the submission queue of what is tuned.
const ENTRIES: u32 = 4096;
/// Entries of its completion queue.
const COMPLETIONS: u32 = 16 * 1024;

fn main() {
    server::main(USAGE, serve);
}

fn serve(told: Arguments) -> io::Result<()> {
    match told.rest.first().map(String::as_str) {
        Some("tokio") => tokio::serve(&told),
        Some("monoio") => monoio::serve(&told),
        Some("compio") => compio::serve(&told),
        Some("glommio") => glommio::serve(&told),
        Some("kimojio") => kimojio::serve(&told),
        Some("tokio-uring") => tokio_uring::serve(&told),
        kind => Err(io::Error::other(format!("no such kind of server: {kind:?}"))),
    }
}
