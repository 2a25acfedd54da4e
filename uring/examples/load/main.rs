//! A load generator for echo servers: many connections, each sends a message, reads it back, checks every byte, and goes on.
//!
//! `load --to ADDR` opens its connections, warms up, measures, and reports: requests, latencies, throughput, and with `--pid` the server's CPU time.
//!
//! | phase   | connections                        | ends                                 |
//! |---------|------------------------------------|--------------------------------------|
//! | warm-up | are opened, echo, uncounted        | all are open, and the warm-up is over|
//! | window  | echo, each request is timed        | after `--seconds`, or Ctrl-C         |
//! | settle  | echo, uncounted                    | after 200 ms                         |
//! | end     | finish the request they are in     | all have ended, 5 s at the most      |

mod plan;
mod script;

use std::{
    cell::{Cell, RefCell},
    fs, io,
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use rustix::process::{Pid, Signal, kill_process};
use tidemill_core::{error::TimeoutError, scope::with_timeout};
use tidemill_uring::{
    io::{Reader, Writer},
    net::TcpStream,
    os::Signals,
    runtime::{Runtime, spawn},
};

use crate::{
    plan::{HELP, Plan},
    script::Script,
};

/// Connections that are being opened at a time.
const OPENERS: usize = 64;
/// How long connections may finish the request they are in.
const GRACE: Duration = Duration::from_secs(5);
/// How long the load goes on after the window, while the server hears of its end.
const SETTLE: Duration = Duration::from_millis(200);
/// Errors that are described.
const DESCRIBED: u64 = 5;

fn main() -> ExitCode {
    let plan = match Plan::from_arguments() {
        Ok(Some(plan)) => plan,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("load: {text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match Runtime::new().and_then(|runtime| runtime.run(drive(plan))?) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What all connections share.
struct Tally {
    plan: Plan,
    measuring: Cell<bool>,
    ending: Cell<bool>,
    /// Connections to be opened yet.
    unopened: Cell<usize>,
    /// Connections whose attempt is over.
    attempted: Cell<usize>,
    open: Cell<usize>,
    /// Requests verified, ever.
    requests: Cell<u64>,
    bytes: Cell<u64>,
    errors: Cell<u64>,
    /// Nanoseconds from the first byte written to the last byte verified.
    latencies: RefCell<Histogram<u64>>,
}

impl Tally {
    fn new(plan: Plan) -> io::Result<Rc<Self>> {
        Ok(Rc::new(Self {
            plan,
            measuring: Cell::new(false),
            ending: Cell::new(false),
            unopened: Cell::new(plan.connections),
            attempted: Cell::new(0),
            open: Cell::new(0),
            requests: Cell::new(0),
            bytes: Cell::new(0),
            errors: Cell::new(0),
            latencies: RefCell::new(
                Histogram::new_with_bounds(1_000, 3_600_000_000_000, 3)
                    .map_err(io::Error::other)?,
            ),
        }))
    }

    fn done(&self, size: usize, took: Duration) {
        self.requests.set(self.requests.get() + 1);
        self.bytes.set(self.bytes.get() + size as u64);
        if self.measuring.get() {
            self.latencies.borrow_mut().saturating_record(took.as_nanos() as u64);
        }
    }

    fn failed(&self, what: &str) {
        self.errors.set(self.errors.get() + 1);
        if self.errors.get() <= DESCRIBED {
            eprintln!("load: {what}");
        }
        if self.errors.get() == DESCRIBED + 1 {
            eprintln!("load: further errors are counted only");
        }
    }
}

/// A moment in the counts, at one end of the window.
struct Mark {
    at: Instant,
    requests: u64,
    bytes: u64,
    cpu: Option<Duration>,
}

impl Mark {
    /// Takes the counts, the server's CPU time, and lets it say its own.
    fn take(tally: &Tally) -> Self {
        let cpu = tally.plan.pid.and_then(|pid| {
            if let Err(error) = kill_process(pid, Signal::USR1) {
                tally.failed(&format!("cannot signal the server: {error}"));
            }
            cpu_time(pid).map_err(|e| tally.failed(&format!("no CPU time of the server: {e}"))).ok()
        });
        let (requests, bytes) = (tally.requests.get(), tally.bytes.get());
        Self { at: Instant::now(), requests, bytes, cpu }
    }
}

/// Nanoseconds on a CPU of all threads that live.
fn cpu_time(pid: Pid) -> io::Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let first = text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        nanos += first.ok_or(io::ErrorKind::InvalidData)?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// All phases; whether no error was seen.
async fn drive(plan: Plan) -> io::Result<bool> {
    let tally = Tally::new(plan)?;
    let mut end = Signals::to_end()?;
    let openers = OPENERS.min(plan.connections);
    for _ in 0..openers {
        drop(spawn(open(tally.clone()))?);
    }
    let mut stopped = false;
    while tally.attempted.get() < plan.connections && !stopped {
        stopped = rest(&mut end, Duration::from_millis(5)).await?;
    }
    stopped = stopped || tally.open.get() == 0 || rest(&mut end, plan.warmup).await?;
    let first = Mark::take(&tally);
    tally.measuring.set(true);
    while !stopped && first.at.elapsed() < plan.seconds && tally.open.get() > 0 {
        let left = plan.seconds.saturating_sub(first.at.elapsed());
        let before = (Instant::now(), tally.requests.get());
        stopped = rest(&mut end, left.min(Duration::from_secs(1))).await?;
        let rate = (tally.requests.get() - before.1) as f64 / before.0.elapsed().as_secs_f64();
        let (open, errors) = (tally.open.get(), tally.errors.get());
        eprintln!("load: {rate:.0} requests per second, {open} connections, {errors} errors");
    }
    let last = Mark::take(&tally);
    tally.measuring.set(false);
    // The server tells its counts of the load, not of the connections' end.
    if !stopped {
        rest(&mut end, SETTLE).await?;
    }
    tally.ending.set(true);
    finish(&tally, &mut end).await?;
    report(&tally, &first, &last);
    Ok(tally.errors.get() == 0)
}

/// Waits; true where a signal to end came.
async fn rest(end: &mut Signals, time: Duration) -> io::Result<bool> {
    match with_timeout(time, end.recv()).await {
        Ok(signal) => signal.map(|()| true),
        Err(TimeoutError::Elapsed) => Ok(false),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Lets connections finish the request they are in; a second signal ends that too.
async fn finish(tally: &Tally, end: &mut Signals) -> io::Result<()> {
    let since = Instant::now();
    while tally.open.get() > 0 {
        if since.elapsed() >= GRACE || rest(end, Duration::from_millis(5)).await? {
            let open = tally.open.get();
            tally.failed(&format!("{open} connections were not answered in time"));
            return Ok(());
        }
    }
    Ok(())
}

/// Opens one connection after the other, as long as some are to be opened.
async fn open(tally: Rc<Tally>) {
    while tally.unopened.get() > 0 && !tally.ending.get() {
        let number = tally.unopened.get();
        tally.unopened.set(number - 1);
        match TcpStream::connect(tally.plan.to).await {
            Ok(stream) => {
                tally.open.set(tally.open.get() + 1);
                // Refused only where the runtime is ending.
                let _ = spawn(converse(stream, number as u64, tally.clone()));
            }
            Err(error) => tally.failed(&format!("connection {number}: cannot connect: {error}")),
        }
        tally.attempted.set(tally.attempted.get() + 1);
    }
}

/// One connection, until the end or its first failure.
async fn converse(mut stream: TcpStream, number: u64, tally: Rc<Tally>) {
    let mut script = Script::new(number, tally.plan.size);
    while !tally.ending.get() {
        let start = Instant::now();
        let (reader, writer) = stream.both();
        if let Err(error) = echo(reader, writer, script.next()).await {
            tally.failed(&format!("connection {number}, byte {}: {error}", script.start));
            break;
        }
        tally.done(script.message.len(), start.elapsed());
    }
    tally.open.set(tally.open.get() - 1);
}

/// Sends `message` and reads it back.
async fn echo(reader: &mut Reader, writer: &mut Writer, message: &[u8]) -> io::Result<()> {
    writer.write(message).await?;
    let mut at = 0;
    while at < message.len() {
        let bytes = reader.fill().await?;
        if bytes.is_empty() {
            let text = format!("unexpected end at byte {at} of {}", message.len());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        let expected = &message[at..];
        let count = bytes.len().min(expected.len());
        if bytes[..count] != expected[..count] {
            let differs = bytes.iter().zip(expected).take_while(|(a, b)| a == b).count();
            let text = format!("mismatch at byte {} of {}", at + differs, message.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        if bytes.len() > count {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more came back than was sent"));
        }
        reader.consume(count);
        at += count;
    }
    Ok(())
}

fn report(tally: &Tally, first: &Mark, last: &Mark) {
    let window = (last.at - first.at).as_secs_f64();
    let requests = last.requests - first.requests;
    let megabytes = (last.bytes - first.bytes) as f64 / 1e6 / window;
    let latencies = tally.latencies.borrow();
    let micros = |quantile| latencies.value_at_quantile(quantile) as f64 / 1e3;
    println!("window: {requests} requests");
    println!("duration: {window:.2} s");
    println!("requests per second: {:.0}", requests as f64 / window);
    println!("latency p50: {:.1} us", micros(0.5));
    println!("latency p99: {:.1} us", micros(0.99));
    println!("latency p99.9: {:.1} us", micros(0.999));
    println!("latency max: {:.1} us", latencies.max() as f64 / 1e3);
    println!("throughput: {megabytes:.1} MB/s each way");
    if let (Some(before), Some(after)) = (first.cpu, last.cpu)
        && requests > 0
    {
        let each = after.saturating_sub(before).as_secs_f64() * 1e6 / requests as f64;
        println!("server CPU per request: {each:.2} us");
    }
    let (requests, errors) = (tally.requests.get(), tally.errors.get());
    let verdict = if errors == 0 { "ok" } else { "failed" };
    println!("{verdict}: {requests} requests, {errors} errors");
}
