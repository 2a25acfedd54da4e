//! Ours: `Flow::copy` of each connection onto itself, as the example `echo` does, with the builder's choices as options.

use std::{alloc::System, io, time::Duration};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tidemill_benches::server::{self, Arguments};
use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    net::{TcpListener, TcpStream},
    os::Signals,
    runtime::{Runtime, spawn},
};

/// Counts what is allocated: nothing, while requests are served.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const USAGE: &str = "\
Our echo server. SIGUSR1 prints a line of counts.

usage: echo-tidemill [--listen ADDR] [--core N] [OPTION..]

  --buffers N       buffers that the kernel may fill at a time
  --buffer-bytes N  bytes of one
  --submissions N   entries of the submission queue
  --completions N   entries of the completion queue
  --direct N        direct descriptors, in a table of so many; all else as without
  --sends WAY       ordinary: every send answers; expected: and waits count on it
  --tick MS         a timer that always runs, so that waits have an end
  --deadline WAY    how the kernel is told that end: enter, or operation";

const SIGUSR1: i32 = 10;

fn main() {
    server::main(USAGE, serve);
}

fn serve(told: Arguments) -> io::Result<()> {
    let runtime = build(&told)?;
    runtime.run(async {
        let mut listener = TcpListener::bind(told.listen)?;
        drop(spawn(count())?);
        if let Some(ms) = told.value::<u64>("--tick")? {
            drop(spawn(tick(Duration::from_millis(ms)))?);
        }
        server::ready(listener.local_addr()?)?;
        loop {
            let stream = listener.accept().await?;
            drop(spawn(echo(stream))?);
        }
    })?
}

/// The runtime with the options that were given, else as it comes.
fn build(told: &Arguments) -> io::Result<Runtime> {
    let mut builder = Runtime::builder();
    if let Some(buffers) = told.value("--buffers")? {
        builder = builder.buffers(buffers);
    }
    if let Some(bytes) = told.value("--buffer-bytes")? {
        builder = builder.buffer_bytes(bytes);
    }
    if let Some(entries) = told.value("--submissions")? {
        builder = builder.submissions(entries);
    }
    if let Some(entries) = told.value("--completions")? {
        builder = builder.completions(entries);
    }
    if let Some(entries) = told.value("--direct")? {
        builder = builder.direct_descriptors(entries);
    }
    match told.value::<String>("--sends")?.as_deref() {
        None => {}
        Some("ordinary") => builder = builder.quiet_sends(false),
        Some("expected") => builder = builder.quiet_sends(false).expect_sends(true),
        Some(other) => return Err(io::Error::other(format!("unknown way to send: {other}"))),
    }
    match told.value::<String>("--deadline")?.as_deref() {
        None | Some("operation") => {}
        Some("enter") => builder = builder.enter_deadline(true),
        Some(other) => return Err(io::Error::other(format!("unknown way to wait: {other}"))),
    }
    builder.build()
}

/// A timer that is armed anew whenever it has fired.
async fn tick(span: Duration) {
    while after(span).await.is_ok() {}
}

/// An `async fn` would hold its argument twice: as what it was called with, and as what it works on.
fn echo(mut stream: TcpStream) -> impl Future {
    async move {
        let (reader, writer) = stream.both();
        // A connection that breaks is no concern of a benchmark: the load sees it.
        let _ = Flow::copy(reader, writer).await;
        server::connection_ended();
    }
}

/// A line of counts for each SIGUSR1.
async fn count() -> io::Result<()> {
    let mut asked = Signals::new(&[SIGUSR1])?;
    loop {
        asked.recv().await?;
        let heap = ALLOCATOR.stats();
        let stats = Runtime::current_stats()?;
        println!(
            "counts: allocations {} enters {} completions {}",
            heap.allocations + heap.reallocations,
            stats.enters,
            stats.completions
        );
    }
}
