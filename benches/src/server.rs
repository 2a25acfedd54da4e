//! What every server of a benchmark does first: reads its arguments, binds itself to its core and to its parent's life, and says where it listens.

use std::{
    env,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    process::{Resource, Rlimit, Signal},
    thread::CpuSet,
};
use socket2::{Domain, Socket, Type};

/// The bytes of a read buffer, for those who have one for each connection.
pub const BUFFER_BYTES: usize = 16 * 1024;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// The server ends with the first connection that ends.
static ONCE: AtomicBool = AtomicBool::new(false);

/// What a server was told.
#[derive(Debug)]
pub struct Arguments {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What is left, in order: a kind of server, options of one.
    pub rest: Vec<String>,
}

impl Arguments {
    /// The value after `name` in the rest.
    ///
    /// # Errors
    /// It is there, and what follows it is none.
    pub fn value<N: std::str::FromStr>(&self, name: &str) -> io::Result<Option<N>> {
        let Some(at) = self.rest.iter().position(|word| word == name) else { return Ok(None) };
        match self.rest.get(at + 1).map(|text| text.parse()) {
            Some(Ok(number)) => Ok(Some(number)),
            _ => Err(io::Error::other(format!("{name} needs a value, of its kind"))),
        }
    }

    /// Whether `name` is in the rest.
    pub fn has(&self, name: &str) -> bool {
        self.rest.iter().any(|word| word == name)
    }
}

/// Runs a server: `usage` is for those who start it by hand.
pub fn main(usage: &str, serve: impl FnOnce(Arguments) -> io::Result<()>) {
    let name = env::args().next().unwrap_or_default();
    let outcome = arguments(usage).and_then(serve);
    if let Err(error) = outcome {
        eprintln!("{name}: {error}");
        process::exit(1);
    }
}

fn arguments(usage: &str) -> io::Result<Arguments> {
    let mut told = Arguments { listen: SocketAddr::from(([127, 0, 0, 1], 0)), rest: Vec::new() };
    let mut given = env::args().skip(1);
    while let Some(word) = given.next() {
        let mut value = || given.next().ok_or(io::Error::other(format!("{word} needs a value")));
        match word.as_str() {
            "--help" => {
                println!("{usage}");
                process::exit(0);
            }
            "--listen" => told.listen = value()?.parse().map_err(io::Error::other)?,
            // ordering: Relaxed, nothing else is published, and no other thread is there yet.
            "--once" => ONCE.store(true, Ordering::Relaxed),
            "--core" => pin(value()?.parse().map_err(io::Error::other)?)?,
            _ => told.rest.push(word),
        }
    }
    // A benchmark that ends, however it ends, leaves no server behind.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    raise_descriptors();
    Ok(told)
}

/// Binds the calling thread, and those that it starts from now on, to a core.
///
/// # Errors
/// There is no such core.
pub fn pin(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    rustix::thread::sched_setaffinity(None, &cores)
        .map_err(|error| io::Error::other(format!("cannot run on core {core}: {error}")))
}

/// Allows as many descriptors as may be had, up to 65536, and answers how many that are.
pub fn raise_descriptors() -> u64 {
    const WANTED: u64 = 65_536;
    let now = rustix::process::getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(u64::MAX);
    // Who may raise the hard limit too raises it; others go up to it.
    let choices = [(WANTED, most.max(WANTED)), (WANTED.min(most), most)];
    for (current, maximum) in choices {
        let wanted = Rlimit { current: Some(current), maximum: Some(maximum) };
        if rustix::process::setrlimit(Resource::Nofile, wanted).is_ok() {
            return current;
        }
    }
    now.current.unwrap_or(WANTED)
}

/// A listener for those who can be given one. What it accepts has Nagle's algorithm off, as it has itself.
///
/// # Errors
/// The address cannot be had.
pub fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Notes that a connection ended, and ends the server where it was told `--once`: valgrind counts to the end, and sees no signal while a ring is waited on.
pub fn connection_ended() {
    // ordering: Relaxed, set before the server began.
    if ONCE.load(Ordering::Relaxed) {
        process::exit(0);
    }
}

/// Says that the server is ready.
///
/// # Errors
/// Nobody listens.
pub fn ready(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {address}")?;
    out.flush()
}
