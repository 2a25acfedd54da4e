//! A server as a process of its own, on core 0. It ends when it is dropped, and when the benchmark ends in whatever way.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::roster::Entry;

/// Where servers run.
pub const SERVER_CORE: usize = 0;
/// Where the load runs.
pub const LOAD_CORE: usize = 1;
/// How long a server may take to listen, or to say something.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// What it is.
    pub entry: &'static Entry,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    lines: Receiver<String>,
}

/// What a server of ours counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Heap allocations.
    pub allocations: f64,
    /// Enters of the kernel.
    pub enters: f64,
}

/// Run time of each thread, in nanoseconds.
type Threads = BTreeMap<String, u64>;

impl Server {
    /// Starts a server and waits until it listens. `under` is a program that runs it, with its arguments; then it ends with its first connection.
    ///
    /// # Errors
    /// It cannot be started, or ends before it listens.
    pub fn start(entry: &'static Entry, programs: &Path, under: &[String]) -> io::Result<Self> {
        let program = programs.join(entry.program).into_os_string();
        let mut words = under.iter().map(Into::into).chain([program]);
        // The chain ends with the program at least.
        let mut command = Command::new(words.next().expect("a command has a first word"));
        command.args(words).args(entry.arguments);
        if !under.is_empty() {
            command.arg("--once").stderr(Stdio::null());
        }
        command.args(["--core", &SERVER_CORE.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (say, lines) = channel();
        if let Some(out) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if say.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut server = Self { entry, address, child, lines };
        let line = server.line()?;
        let address = line.strip_prefix("listening on ").and_then(|text| text.parse().ok());
        server.address = address.ok_or_else(|| io::Error::other(format!("it says: {line}")))?;
        Ok(server)
    }

    /// The next line that it says.
    fn line(&self) -> io::Result<String> {
        self.lines.recv_timeout(PATIENCE).map_err(|_| io::Error::other("it says nothing"))
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id() as i32)
    }

    fn threads(&self) -> io::Result<Threads> {
        let mut threads = Threads::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            let task = task?;
            // A thread may end between the two.
            let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let run = text.split(' ').next().and_then(|word| word.parse().ok());
            let name = task.file_name().to_string_lossy().into_owned();
            threads.insert(name, run.ok_or(io::ErrorKind::InvalidData)?);
        }
        Ok(threads)
    }

    /// The run time of its threads once they have come to rest.
    ///
    /// # Errors
    /// It is gone, or does not come to rest.
    pub fn at_rest(&self) -> io::Result<Rest> {
        let mut before = self.threads()?;
        for _ in 0..200 {
            thread::sleep(Duration::from_micros(500));
            let now = self.threads()?;
            if now == before {
                return Ok(Rest(now));
            }
            before = now;
        }
        Err(io::Error::other("it does not come to rest"))
    }

    /// Bytes of user memory that are there, and not merely reserved.
    ///
    /// # Errors
    /// It is gone.
    pub fn resident(&self) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
        let kilo = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
        kilo.map(|kilo: u64| kilo * 1024).ok_or(io::ErrorKind::InvalidData.into())
    }

    /// What it counted so far, where it counts.
    ///
    /// # Errors
    /// It does not answer.
    pub fn counts(&self) -> io::Result<Counts> {
        self.signal(Signal::USR1)?;
        let line = self.line()?;
        let words: Vec<&str> = line.split(' ').collect();
        let after = |name| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse().ok()
        };
        match (after("allocations"), after("enters")) {
            (Some(allocations), Some(enters)) => Ok(Counts { allocations, enters }),
            _ => Err(io::Error::other(format!("no counts: {line}"))),
        }
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = self.pid().ok_or(io::ErrorKind::NotFound)?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// It does not; it is killed then.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(io::Error::other("it does not end"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The run time of a server's threads at a moment of rest.
#[derive(Debug)]
pub struct Rest(Threads);

impl Rest {
    /// What they ran since an earlier rest.
    pub fn since(&self, earlier: &Self) -> Duration {
        let ran = |(name, now): (&String, &u64)| now - earlier.0.get(name).unwrap_or(&0).min(now);
        Duration::from_nanos(self.0.iter().map(ran).sum())
    }
}
