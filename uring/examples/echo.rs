//! An echo server: every connection is copied onto itself.
//!
//! `echo --listen ADDR [--workers N]` prints `listening on ADDR` when it is ready, counts on SIGUSR1, and ends on SIGTERM or SIGINT: it stops accepting,
//! lets connections finish for a second, prints its totals and exits with status 0.

use std::{
    alloc::System,
    env,
    io::{self, Write},
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    net::{TcpListener, TcpStream},
    os::Signals,
    runtime::{Handle, Runtime, Workers, spawn},
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const HELP: &str = "\
An echo server on io_uring: every connection is copied onto itself.

usage: echo [--listen ADDR] [--workers N]

  --listen ADDR  where to listen (default 127.0.0.1:7007; port 0 picks one)
  --workers N    workers, each a thread with a ring and a listener (default 1);
                 several are pinned, each to a CPU of its own
  --help         this text

Prints `listening on ADDR` when ready and a line of counts on SIGUSR1. SIGTERM and
SIGINT end it: connections may finish for a second, totals are printed, status 0.";

/// How long connections may finish after the signal to end.
const GRACE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let (listen, workers) = match arguments() {
        Ok(Some(given)) => given,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("echo: {text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match serve(&listen, workers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The address to listen on and the number of workers; `None` where help was all that was asked for.
fn arguments() -> Result<Option<(String, usize)>, String> {
    let mut listen = "127.0.0.1:7007".to_owned();
    let mut workers = 1;
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
                Ok(number @ 1..=1024) => workers = number,
                _ => return Err("--workers takes a number from 1 to 1024".to_owned()),
            },
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok(Some((listen, workers)))
}

/// What the server has to say of itself, of all workers together.
#[derive(Default)]
struct Totals {
    open: AtomicUsize,
    bytes: AtomicU64,
    failed: AtomicU64,
    last: Mutex<Option<io::Error>>,
}

fn serve(listen: &str, workers: usize) -> io::Result<()> {
    let runtime = Runtime::builder().workers(Workers::Count(workers)).build()?;
    let totals = Arc::new(Totals::default());
    runtime.run(async {
        let listener = TcpListener::bind(listen)?;
        let addr = listener.local_addr()?;
        let mut end = Signals::to_end()?;
        let counting = spawn(count(runtime.handle(), totals.clone()))?;
        let mut accepting = Vec::new();
        for worker in 1..runtime.workers() {
            let (share, totals) = (listener.share()?, totals.clone());
            accepting.push(runtime.spawn_on(worker, move || accept(share.bind(), totals))?);
        }
        let first = spawn(accept(Ok(listener), totals.clone()))?;
        say(&format!("listening on {addr}"))?;
        end.recv().await?;
        first.cancel();
        counting.cancel();
        accepting.iter().for_each(|accepting| accepting.cancel());
        let _ = first.await;
        for accepting in accepting {
            let _ = accepting.await;
        }
        finish(&totals).await
    })??;
    let stats = runtime.stats();
    say(&format!(
        "served {} connections, {} bytes, {} failed, {} cut off, {} enters, {} completions",
        stats.accepted,
        totals.bytes.load(Relaxed),
        totals.failed.load(Relaxed),
        totals.open.load(Relaxed),
        stats.enters,
        stats.completions
    ))?;
    if let Some(error) = totals.last().take() {
        say(&format!("last failure: {error}"))?;
    }
    runtime.shutdown()
}

impl Totals {
    fn last(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts on its worker until it is cancelled. A failure is told once for each time that it lasts.
async fn accept(listener: io::Result<TcpListener>, totals: Arc<Totals>) {
    let mut listener = match listener {
        Ok(listener) => listener,
        Err(error) => return eprintln!("echo: a worker cannot listen: {error}"),
    };
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                told = false;
                totals.open.fetch_add(1, Relaxed);
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

async fn echo(mut stream: TcpStream, totals: Arc<Totals>) {
    let (reader, writer) = stream.both();
    let copied = match Flow::copy(reader, writer).await {
        Ok(copied) => copied,
        Err(error) => {
            totals.failed.fetch_add(1, Relaxed);
            let copied = error.copied;
            *totals.last() = Some(error.into());
            copied
        }
    };
    totals.bytes.fetch_add(copied, Relaxed);
    totals.open.fetch_sub(1, Relaxed);
}

/// A line of counts for each SIGUSR1.
async fn count(runtime: Handle, totals: Arc<Totals>) -> io::Result<()> {
    const SIGUSR1: i32 = 10;
    let mut asked = Signals::new(&[SIGUSR1])?;
    loop {
        asked.recv().await?;
        let stats = runtime.stats();
        let heap = ALLOCATOR.stats();
        say(&format!(
            "counts: allocations {} bytes {} enters {} completions {} starved {} live {} open {}",
            heap.allocations + heap.reallocations,
            stats.received,
            stats.enters,
            stats.completions,
            stats.starved,
            stats.live,
            totals.open.load(Relaxed)
        ))?;
    }
}

/// Lets connections finish, for as long as the grace lasts.
async fn finish(totals: &Totals) -> io::Result<()> {
    let step = Duration::from_millis(10);
    let mut left = GRACE;
    while totals.open.load(Relaxed) > 0 && left > Duration::ZERO {
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
