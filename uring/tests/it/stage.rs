//! The stage of a test: a runtime that must come to rest, peers on threads of their own, a process of its own, and an end to every hang.

use std::{
    fs,
    future::{Future, poll_fn},
    io::{Read, Write},
    net::{self, Shutdown, SocketAddr},
    pin::{Pin, pin},
    process::{Command, Stdio},
    sync::{Arc, Mutex, Once, mpsc},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tidemill_core::scope::after;
use tidemill_uring::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime, Stats},
};

/// How long a test may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);
/// Names the one test that a process was started for.
const ALONE: &str = "TIDEMILL_TEST_ALONE";

/// Runs `test` in a runtime, whose table must be empty again at the end.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    run_on(Runtime::builder(), test)
}

/// [`run`] in a runtime that `builder` makes.
pub(crate) fn run_on<F: Future>(builder: Builder, test: F) -> F::Output {
    let _watch = Watch::new();
    let runtime = builder.build().expect("a runtime can be built");
    runtime.play(async {
        let output = test.await;
        rest().await;
        output
    })
}

/// Runs futures on a runtime that no error ends.
pub(crate) trait Play {
    /// The output of `main`.
    fn play<F: Future>(&self, main: F) -> F::Output;
}

impl Play for Runtime {
    fn play<F: Future>(&self, main: F) -> F::Output {
        self.run(main).unwrap_or_else(|ended| panic!("{ended}"))
    }
}

/// Waits until nothing is in flight and no entry of the table is in use.
pub(crate) async fn rest() {
    until("the table is empty", || {
        let stats = stats();
        stats.live == 0 && stats.in_flight == 0
    })
    .await;
}

/// What the current runtime counted.
pub(crate) fn stats() -> Stats {
    Runtime::current_stats().expect("inside a runtime")
}

/// Waits for something that nobody tells of, turn by turn.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    let mut turns = 0;
    while !holds() {
        assert!(since.elapsed() < PATIENCE / 4, "waited too long until {what}: {:?}", stats());
        turns += 1;
        if turns < 1000 {
            turn().await;
        } else {
            after(Duration::from_millis(1)).await.expect("inside a runtime");
        }
    }
}

/// At least one turn of the ring: a timer that was not due when it was asked, and is not asked again, fires between the tasks of a cycle and its turn. (A task
/// that wakes itself may run many times within one cycle.)
pub(crate) async fn turn() {
    let (mut span, mut waits) = (Duration::from_micros(1), false);
    let mut timer = pin!(after(span));
    let fired = poll_fn(|cx| {
        let mut polled = timer.as_mut().poll(cx);
        while polled.is_ready() && !waits {
            span *= 2;
            timer.set(after(span));
            polled = timer.as_mut().poll(cx);
        }
        waits = true;
        polled
    });
    fired.await.expect("inside a runtime");
}

/// Another turn of this task, which keeps its worker awake.
pub(crate) async fn again() {
    let mut first = true;
    poll_fn(|cx| {
        if !std::mem::take(&mut first) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Some turns of the ring, without a timer: what was asked before is asked of the ring, and what it says at once has come.
pub(crate) async fn turns() {
    // A cycle has 256 polls.
    for _ in 0..1024 {
        again().await;
    }
}

/// Polls `future` once.
pub(crate) async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls `future` at most `polls` times, a turn of the ring apart, then drops it.
pub(crate) async fn give_up<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        turn().await;
    }
    None
}

/// Polls `future` at most `polls` times, a turn of the ring apart, then forgets it.
pub(crate) async fn forget<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        turn().await;
    }
    std::mem::forget(future);
    None
}

/// A listener on a port of its own.
pub(crate) fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("a listener has an address");
    (listener, addr)
}

/// A connection: our end and the peer's.
pub(crate) async fn pair() -> (TcpStream, net::TcpStream) {
    let (mut listener, addr) = listener();
    pair_of(&mut listener, addr).await
}

/// A connection of `listener`: our end and the peer's.
pub(crate) async fn pair_of(
    listener: &mut TcpListener,
    addr: SocketAddr,
) -> (TcpStream, net::TcpStream) {
    let theirs = net::TcpStream::connect(addr).expect("the backlog has room");
    theirs.set_nodelay(true).expect("a socket has options");
    let ours = listener.accept().await.expect("a connection waits");
    (ours, theirs)
}

/// Closes `stream` with a reset.
pub(crate) fn reset(stream: net::TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).expect("a socket has options");
    drop(socket);
}

/// Pseudo-random bytes.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.word().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Pseudo-random numbers: xorshift (Marsaglia, 2003: 13, 7, 17).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.word() >> 8) as usize % bound
    }
}

/// Compares without printing megabytes.
pub(crate) fn assert_same(got: &[u8], expected: &[u8]) {
    let differs = got.iter().zip(expected).position(|(a, b)| a != b);
    assert_eq!(differs, None, "first difference, of {} and {} bytes", got.len(), expected.len());
    assert_eq!(got.len(), expected.len(), "bytes in all");
}

/// Whether the long form of tests was asked for.
pub(crate) fn full() -> bool {
    std::env::var_os("TIDEMILL_DEPTH").is_some_and(|depth| depth == "full")
}

/// So many rounds, of which a tenth must do where the CPUs are emulated (`ci/vm`): a wake takes ten times as long there.
pub(crate) fn quick(rounds: usize) -> usize {
    if std::env::var_os("TIDEMILL_VM").is_some() { rounds / 10 } else { rounds }
}

/// Descriptors that this process has open.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("proc is mounted").count()
}

/// Runs `body` in a process that runs nothing else: for what is counted, limited or signalled by process. `name` is the test's own path.
pub(crate) fn alone(name: &str, body: impl FnOnce()) {
    apart(name, "", body);
}

/// [`alone`], for a body that leaks on purpose.
pub(crate) fn forgetful(name: &str, body: impl FnOnce()) {
    apart(name, "detect_leaks=0", body);
}

fn apart(name: &str, sanitizer: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some_and(|alone| alone == name) {
        let _watch = Watch::new();
        return body();
    }
    let output = Command::new(std::env::current_exe().expect("a test has a program"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(ALONE, name)
        .env("ASAN_OPTIONS", sanitizer)
        .stdin(Stdio::null())
        .output()
        .expect("the program can be run again");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert!(out.contains("1 passed"), "the test was found: {out}");
    assert!(!err.contains("leaked"), "the runtime came to rest: {err}");
}

/// A peer on a thread of its own; awaited, it gives what its thread returned.
pub(crate) struct Peer<T> {
    ending: Arc<Mutex<Ending<T>>>,
    /// Joined at the end, so that nothing of it is left, not even the waker.
    thread: Option<thread::JoinHandle<()>>,
}

struct Ending<T> {
    output: Option<thread::Result<T>>,
    waker: Option<Waker>,
}

/// Starts a peer.
pub(crate) fn peer<T: Send + 'static>(play: impl FnOnce() -> T + Send + 'static) -> Peer<T> {
    let ending = Arc::new(Mutex::new(Ending { output: None, waker: None }));
    let tell = ending.clone();
    let thread = thread::spawn(move || {
        let output = std::panic::catch_unwind(std::panic::AssertUnwindSafe(play));
        let waker = {
            let mut ending = tell.lock().expect("nobody panics with it");
            ending.output = Some(output);
            ending.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    });
    Peer { ending, thread: Some(thread) }
}

impl<T> Future for Peer<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let output = {
            let mut ending = self.ending.lock().expect("nobody panics with it");
            ending.waker = Some(cx.waker().clone());
            ending.output.take()
        };
        let Some(output) = output else { return Poll::Pending };
        if let Some(thread) = self.thread.take() {
            thread.join().expect("panics are caught in it");
        }
        Poll::Ready(output.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    }
}

/// A peer that sends `total` bytes while it reads as many back, and checks them.
pub(crate) fn converse(mut stream: net::TcpStream, seed: u64, total: usize) -> Peer<()> {
    let mut sending = stream.try_clone().expect("a descriptor");
    peer(move || {
        let sender = thread::spawn(move || {
            sending.write_all(&bytes(seed, total)).expect("written");
            sending.shutdown(Shutdown::Write).expect("shut");
        });
        let mut got = Vec::new();
        stream.read_to_end(&mut got).expect("read");
        sender.join().expect("sent");
        assert_same(&got, &bytes(seed, total));
    })
}

/// Allows this process as many descriptors as it may have, within reason: the usual 1024 are too few for a thousand connections.
fn allow_descriptors() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let limit = getrlimit(Resource::Nofile);
        let most = limit.maximum.map_or(1 << 16, |most| most.min(1 << 16));
        let current = limit.current.map(|current| current.max(most));
        setrlimit(Resource::Nofile, Rlimit { current, ..limit }).expect("up to the hard limit");
    });
}

/// A low limit of descriptors, and those taken to reach it; all is as before when it is dropped.
pub(crate) struct Hoard {
    limit: Rlimit,
    taken: Vec<fs::File>,
}

impl Hoard {
    /// Lowers the limit. (The kernel's accept looks at the limit when it is armed.)
    pub(crate) fn new() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let few = Rlimit { current: Some(64), ..limit };
        setrlimit(Resource::Nofile, few).expect("a lower limit is allowed");
        Self { limit, taken: Vec::new() }
    }

    /// Takes all descriptors but `spare`.
    pub(crate) fn take(&mut self, spare: usize) {
        while let Ok(file) = fs::File::open("/dev/null") {
            self.taken.push(file);
        }
        self.taken.truncate(self.taken.len() - spare);
    }
}

impl Drop for Hoard {
    fn drop(&mut self) {
        self.taken.clear();
        setrlimit(Resource::Nofile, self.limit).expect("up to the hard limit is allowed");
    }
}

/// Ends the process when a test hangs.
pub(crate) struct Watch {
    _alive: mpsc::Sender<()>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self::lasting(PATIENCE)
    }

    /// For a test that may take longer than others.
    pub(crate) fn lasting(patience: Duration) -> Self {
        allow_descriptors();
        let (alive, gone) = mpsc::channel::<()>();
        let name = thread::current().name().unwrap_or("a test").to_owned();
        thread::spawn(move || {
            if gone.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("{name} hangs");
                std::process::abort();
            }
        });
        Self { _alive: alive }
    }
}
