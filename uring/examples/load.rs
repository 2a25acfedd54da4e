//! A load generator for echo servers: many connections, each sends a message, reads it back, checks every byte, and goes on.
//!
//! `load --to ADDR` opens its connections, warms up, measures, and reports: requests, latencies, throughput, and with `--pid` the server's CPU time.
//!
//! | phase   | connections                        | ends                                 |
//! |---------|------------------------------------|--------------------------------------|
//! | warm-up | are opened, echo, uncounted        | all are open, and the warm-up is over|
//! | window  | echo, each request is timed        | after `--seconds`, or Ctrl-C         |
//! | end     | finish the request they are in     | all have ended, 5 s at the most      |

use std::{
    cell::{Cell, RefCell},
    env, fs, io,
    net::SocketAddr,
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

const HELP: &str = "\
Drives load at an echo server on this machine, and checks every byte that comes back.

usage: load --to ADDR [--seconds S] [--connections N] [--size N|mixed] [--warmup S] [--pid PID]

  --to ADDR        the server, a loopback address
  --seconds S      how long to measure (default 5, at most 3600)
  --connections N  connections (default 400, at most 20000)
  --size N|mixed   bytes of a message, at most 1048576; `mixed` (default): 1 to 65536, mostly small
  --warmup S       how long to run before measuring (default 1, at most 60)
  --pid PID        the server's process: measures its CPU time per request, and sends it SIGUSR1 at
                   both ends of the window
  --help           this text

A line of progress on stderr each second, the report on stdout. Its last line is
`ok: N requests, 0 errors`, with status 0, or `failed: N requests, M errors`, with status 1.
SIGINT and SIGTERM end the window early.";

/// Connections that are being opened at a time.
const OPENERS: usize = 64;
/// How long connections may finish the request they are in.
const GRACE: Duration = Duration::from_secs(5);
/// Errors that are described.
const DESCRIBED: u64 = 5;
/// The largest of the mixed sizes is two to this power.
const LARGEST: u64 = 16;

fn main() -> ExitCode {
    let plan = match Plan::from_arguments() {
        Ok(Some(plan)) => plan,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("load: {text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match Runtime::new().and_then(|runtime| runtime.run(drive(plan))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What to do.
#[derive(Clone, Copy, Debug)]
struct Plan {
    to: SocketAddr,
    seconds: Duration,
    warmup: Duration,
    connections: usize,
    /// Bytes of a message, or mixed.
    size: Option<usize>,
    pid: Option<Pid>,
}

impl Plan {
    /// The plan that the arguments ask for; `None` where help was all that was asked for.
    fn from_arguments() -> Result<Option<Self>, String> {
        let mut to = None;
        let mut plan = Self {
            to: SocketAddr::from(([127, 0, 0, 1], 0)),
            seconds: Duration::from_secs(5),
            warmup: Duration::from_secs(1),
            connections: 400,
            size: None,
            pid: None,
        };
        let mut given = env::args().skip(1);
        while let Some(name) = given.next() {
            if name == "--help" || name == "-h" {
                println!("{HELP}");
                return Ok(None);
            }
            let value = given.next().ok_or(format!("{name} needs a value"))?;
            match name.as_str() {
                "--to" => to = Some(loopback(&value)?),
                "--seconds" => plan.seconds = seconds(&name, &value, 0.1, 3600.0)?,
                "--warmup" => plan.warmup = seconds(&name, &value, 0.0, 60.0)?,
                "--connections" => plan.connections = count(&name, &value, 20_000)?,
                "--size" if value == "mixed" => plan.size = None,
                "--size" => plan.size = Some(count(&name, &value, 1 << 20)?),
                "--pid" => {
                    let pid = count(&name, &value, i32::MAX as usize)?;
                    plan.pid = Pid::from_raw(pid as i32);
                }
                _ => return Err(format!("unknown argument {name}")),
            }
        }
        plan.to = to.ok_or("--to ADDR is needed: the address of the server")?;
        Ok(Some(plan))
    }
}

fn loopback(value: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr =
        value.parse().map_err(|_| format!("--to takes an address and a port, not `{value}`"))?;
    if !addr.ip().is_loopback() {
        return Err(format!(
            "--to {addr} is not a loopback address: this load stays on its machine"
        ));
    }
    Ok(addr)
}

fn seconds(name: &str, value: &str, least: f64, most: f64) -> Result<Duration, String> {
    let given = value.parse().ok().filter(|given| (least..=most).contains(given));
    given
        .map(Duration::from_secs_f64)
        .ok_or(format!("{name} takes seconds from {least} to {most}, not `{value}`"))
}

fn count(name: &str, value: &str, most: usize) -> Result<usize, String> {
    let given = value.parse().ok().filter(|given| (1..=most).contains(given));
    given.ok_or(format!("{name} takes a number from 1 to {most}, not `{value}`"))
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

/// What one connection says: a stream of pseudo-random bytes, cut into messages.
struct Script {
    random: u64,
    size: Option<usize>,
    /// Where the message begins in the stream.
    start: u64,
    message: Vec<u8>,
}

impl Script {
    fn new(seed: u64, size: Option<usize>) -> Self {
        let random = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { random, size, start: 0, message: Vec::with_capacity(size.unwrap_or(1 << LARGEST)) }
    }

    /// A step of xorshift (Marsaglia, 2003: 13, 7, 17).
    fn word(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// The next message.
    fn next(&mut self) -> &[u8] {
        self.start += self.message.len() as u64;
        let size = self.size.unwrap_or_else(|| self.mixed());
        self.message.clear();
        while self.message.len() < size {
            let word = self.word().to_le_bytes();
            let count = (size - self.message.len()).min(word.len());
            self.message.extend_from_slice(&word[..count]);
        }
        &self.message
    }

    /// A size of any magnitude: the smaller of two, so that small ones are more frequent.
    fn mixed(&mut self) -> usize {
        let word = self.word() >> 8;
        let power = (word % (LARGEST + 1)).min((word >> 8) % (LARGEST + 1));
        if power == LARGEST {
            1 << LARGEST
        } else {
            (1 << power) + (word >> 24) as usize % (1 << power)
        }
    }
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
