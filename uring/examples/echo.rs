//! An echo server: every connection is copied onto itself.
//!
//! `echo --listen ADDR [--workers 1]` prints `listening on ADDR` when it is ready, counts on SIGUSR1, and ends on SIGTERM or SIGINT: it stops accepting,
//! lets connections finish for a second, prints its totals and exits with status 0.

use std::{
    alloc::System,
    cell::{Cell, RefCell},
    env,
    io::{self, Write},
    process::ExitCode,
    rc::Rc,
    time::Duration,
};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    net::{TcpListener, TcpStream},
    os::Signals,
    runtime::{Runtime, spawn},
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HELP: &str = "\
An echo server on io_uring: every connection is copied onto itself.

usage: echo [--listen ADDR] [--workers N]

  --listen ADDR  where to listen (default 127.0.0.1:7007; port 0 picks one)
  --workers N    workers, each a thread with a ring; one today (default 1)
  --help         this text

Prints `listening on ADDR` when ready and a line of counts on SIGUSR1. SIGTERM and
SIGINT end it: connections may finish for a second, totals are printed, status 0.";

/// How long connections may finish after the signal to end.
const GRACE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let listen = match arguments() {
        Ok(Some(listen)) => listen,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("echo: {text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match Runtime::new().and_then(|runtime| serve(&runtime, &listen)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The address to listen on; `None` where help was all that was asked for.
fn arguments() -> Result<Option<String>, String> {
    let mut listen = "127.0.0.1:7007".to_owned();
    let mut given = env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            "--listen" => listen = value()?,
            "--workers" => match value()?.parse() {
                Ok(1) => {}
                Ok(0_usize) | Err(_) => return Err("--workers takes a number from 1".to_owned()),
                Ok(_) => return Err("--workers: one worker is all there is today".to_owned()),
            },
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok(Some(listen))
}

/// What the server has to say of itself.
#[derive(Default)]
struct Totals {
    open: Cell<usize>,
    bytes: Cell<u64>,
    failed: Cell<u64>,
    last: RefCell<Option<io::Error>>,
}

fn serve(runtime: &Runtime, listen: &str) -> io::Result<()> {
    let totals = Rc::new(Totals::default());
    runtime.run(async {
        let listener = TcpListener::bind(listen)?;
        say(&format!("listening on {}", listener.local_addr()?))?;
        let mut end = Signals::to_end()?;
        let accepting = spawn(accept(listener, totals.clone()))?;
        let counting = spawn(count(totals.clone()))?;
        end.recv().await?;
        accepting.cancel();
        counting.cancel();
        let _ = accepting.await;
        finish(&totals).await
    })?;
    let stats = runtime.stats();
    say(&format!(
        "served {} connections, {} bytes, {} failed, {} cut off, {} enters, {} completions",
        stats.accepted,
        totals.bytes.get(),
        totals.failed.get(),
        totals.open.get(),
        stats.enters,
        stats.completions
    ))?;
    if let Some(error) = &*totals.last.borrow() {
        say(&format!("last failure: {error}"))?;
    }
    Ok(())
}

/// Accepts until it is cancelled. A failure is told once for each time that it lasts.
async fn accept(mut listener: TcpListener, totals: Rc<Totals>) {
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                told = false;
                // Refused only where the runtime is ending, and then the connection closes.
                let _ = spawn(echo(stream, totals.clone()));
            }
            Err(error) if !told => {
                told = true;
                eprintln!("echo: cannot accept, connections wait: {error}");
            }
            Err(_) => {}
        }
    }
}

async fn echo(mut stream: TcpStream, totals: Rc<Totals>) {
    totals.open.set(totals.open.get() + 1);
    let (reader, writer) = stream.both();
    let copied = match Flow::copy(reader, writer).await {
        Ok(copied) => copied,
        Err(error) => {
            totals.failed.set(totals.failed.get() + 1);
            let copied = error.copied;
            totals.last.replace(Some(error.into()));
            copied
        }
    };
    totals.bytes.set(totals.bytes.get() + copied);
    totals.open.set(totals.open.get() - 1);
}

/// A line of counts for each SIGUSR1.
async fn count(totals: Rc<Totals>) -> io::Result<()> {
    const SIGUSR1: i32 = 10;
    let mut asked = Signals::new(&[SIGUSR1])?;
    loop {
        asked.recv().await?;
        let stats = Runtime::current_stats()?;
        let heap = ALLOCATOR.stats();
        say(&format!(
            "counts: allocations {} bytes {} enters {} completions {} starved {} live {} open {}",
            heap.allocations + heap.reallocations,
            stats.received,
            stats.enters,
            stats.completions,
            stats.starved,
            stats.live,
            totals.open.get()
        ))?;
    }
}

/// Lets connections finish, for as long as the grace lasts.
async fn finish(totals: &Totals) -> io::Result<()> {
    let step = Duration::from_millis(10);
    let mut left = GRACE;
    while totals.open.get() > 0 && left > Duration::ZERO {
        after(step).await.map_err(io::Error::other)?;
        left = left.saturating_sub(step);
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
