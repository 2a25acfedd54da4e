//! Threads for what blocks: a bounded set, started on demand, from which those without work retire.

use std::{
    fmt, io,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use super::{
    in_thread::InThread,
    set::{Rules, Set, Start, Work},
};

/// How many threads there are at most, how many jobs wait, how long an idle thread stays: the defaults.
const MOST: usize = 50;
const WAITING: usize = 1024;
const IDLE: Duration = Duration::from_secs(10);

/// A bounded set of system threads, which run what blocks. It starts a thread when a job comes and all threads are at work, until there are as
/// many as it may have; jobs are begun in order. A thread that has nothing to do for a while goes.
///
/// Dropping it lets the threads run what waits in its queue, and go then; nothing blocks. [`discard`](Self::discard) drops what waits.
///
/// ```
/// use tidemill_sched::bridge::{Threads, wait};
///
/// let threads = Threads::builder().most(2).name("files").build();
/// let length = threads.run(|| std::fs::read("Cargo.toml").map(|text| text.len()));
/// // A task would await it.
/// assert!(wait(length)??? > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Threads {
    set: Arc<Set>,
}

impl Threads {
    /// At most 50 threads, 1024 waiting jobs, 10 seconds of idleness.
    #[expect(clippy::new_without_default, reason = "what it stands for is said in words")]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To say otherwise.
    pub fn builder() -> ThreadsBuilder {
        ThreadsBuilder {
            most: MOST,
            waiting: WAITING,
            idle: IDLE,
            stack: None,
            name: String::from("blocking"),
            start: None,
        }
    }

    /// Those of the process, made when they are first asked for, with the defaults. [`in_thread`](super::in_thread) uses them.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Threads> = OnceLock::new();
        SHARED.get_or_init(Self::new)
    }

    /// Has `run` run on one of the threads, which it may block.
    ///
    /// It is sent at once, whether or not the future is polled, and begun in the order of the calls. Only where as many jobs wait as may, the future waits
    /// in line until there is room, from its first poll on: that is the back-pressure, and blocks nobody.
    ///
    /// A job that waits for another job of the same threads waits for ever where all threads do so: give those a set of their own.
    ///
    /// # Errors
    /// [`JobError`](super::JobError), of the future: `run` panicked; the threads were closed before it began; or no thread could be started,
    /// and none is there.
    pub fn run<F, T>(&self, run: F) -> InThread<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        InThread::new(&self.set, None, run)
    }

    /// As [`run`](Self::run); on Linux the system knows the thread by this name meanwhile, as far as it has room (15 bytes).
    ///
    /// # Errors
    /// As `run`.
    pub fn run_named<F, T>(&self, name: &str, run: F) -> InThread<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        InThread::new(&self.set, Some(name), run)
    }

    /// How many threads there are now.
    pub fn count(&self) -> usize {
        self.set.alive()
    }

    /// Drops what waits: who awaits it is told that it was closed. What runs is run to its end.
    pub fn discard(self) {
        self.set.close(true);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.set.close(false);
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Threads").field(&self.set).finish()
    }
}

/// How [`Threads`] are to be.
#[must_use = "it is made by `build`"]
pub struct ThreadsBuilder {
    most: usize,
    waiting: usize,
    idle: Duration,
    stack: Option<usize>,
    name: String,
    start: Option<Start>,
}

impl ThreadsBuilder {
    /// So many threads at most: 50 by default, 1 at least.
    pub fn most(self, threads: usize) -> Self {
        Self { most: threads.max(1), ..self }
    }

    /// So many jobs wait in the queue at most, beside those that run: 1024 by default, 1 at least. Who brings more waits in line.
    pub fn waiting(self, jobs: usize) -> Self {
        Self { waiting: jobs.max(1), ..self }
    }

    /// How long a thread stays that has nothing to do: 10 seconds by default.
    pub fn idle(self, time: Duration) -> Self {
        Self { idle: time, ..self }
    }

    /// How many bytes of stack a thread has: what the standard library gives it by default.
    pub fn stack_size(self, bytes: usize) -> Self {
        Self { stack: Some(bytes), ..self }
    }

    /// What the threads are called, with a number behind it: `blocking` by default. Zero bytes in it are left out.
    pub fn name(self, name: &str) -> Self {
        Self { name: name.replace('\0', ""), ..self }
    }

    /// How threads are started, in place of the standard library's way: with a name, and what is to be run there, once. For those that need more of
    /// their threads: signal masks, a place, counts.
    pub fn start_with<S>(self, start: S) -> Self
    where
        S: Fn(String, Box<dyn FnOnce() + Send>) -> io::Result<()> + Send + Sync + 'static,
    {
        Self { start: Some(Box::new(start)), ..self }
    }

    /// The threads. None of them is started yet.
    pub fn build(self) -> Threads {
        let stack = self.stack;
        let start = self
            .start
            .unwrap_or_else(|| Box::new(move |name, work| spawn(name, stack, work).map(drop)));
        let (most, waiting, idle, name) = (self.most, self.waiting, Some(self.idle), self.name);
        Threads { set: Set::new(Rules { most, waiting, idle, name, start }) }
    }
}

/// Starts a thread of this name.
pub(super) fn spawn(
    name: String,
    stack: Option<usize>,
    work: Work,
) -> io::Result<thread::JoinHandle<()>> {
    let thread = thread::Builder::new().name(name);
    stack.into_iter().fold(thread, thread::Builder::stack_size).spawn(work)
}

impl fmt::Debug for ThreadsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadsBuilder")
            .field("most", &self.most)
            .field("waiting", &self.waiting)
            .field("idle", &self.idle)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Has `run` run on a system thread, which it may block: one of those of the process ([`Threads::shared`]).
///
/// # Errors
/// As [`Threads::run`].
///
/// ```
/// use tidemill_sched::bridge::{in_thread, wait};
///
/// // A task would await it.
/// assert_eq!(wait(in_thread(|| 6 * 7))??, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn in_thread<F, T>(run: F) -> InThread<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Threads::shared().run(run)
}

/// As [`in_thread`], with a name: [`Threads::run_named`].
///
/// # Errors
/// As [`Threads::run`].
pub fn in_thread_named<F, T>(name: &str, run: F) -> InThread<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Threads::shared().run_named(name, run)
}
