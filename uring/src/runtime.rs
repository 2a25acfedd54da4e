//! A runtime is a worker, or several: a thread, its ring, its buffers, its timers and its tasks.
//!
//! One worker today: the thread that calls [`Runtime::run`].

use std::{fmt, future::Future, io, marker::PhantomData, pin::pin, rc::Rc, time::Duration};

use tidemill_core::{
    clock::{Clock, Instant},
    task::JoinHandle,
    wait::Doorbell,
};
use tidemill_sched::Local;

#[cfg(any(test, feature = "sim"))]
use {
    crate::engine::{Engine, Plan, World},
    std::cell::RefCell,
};

use crate::{
    engine::Config,
    ring::{Bell, InRing, Time, Worker},
};

pub use crate::ring::Stats;

/// How long closing a runtime waits for operations that were cancelled.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the executor of a worker needs of its platform.
struct RingHooks(Bell, Time);

impl Clock for RingHooks {
    #[inline]
    fn now(&self) -> Instant {
        self.1.now()
    }
}

impl Doorbell for RingHooks {
    fn ring(&self) {
        self.0.ring();
    }
}

/// Sets a runtime up.
#[derive(Clone, Debug)]
pub struct Builder {
    config: Config,
    buffer_bytes: u32,
}

impl Default for Builder {
    fn default() -> Self {
        let config = Config { submissions: 256, completions: 4096, buffers: 1024 };
        Self { config, buffer_bytes: 16 * 1024 }
    }
}

impl Builder {
    /// Buffers that the kernel may fill at a time, rounded up to a power of two (default 1024; at least 16, at most 16384). Twice as many are reserved,
    /// of which untouched ones cost address space alone.
    pub fn buffers(mut self, count: u16) -> Self {
        self.config.buffers = count.clamp(16, 16 * 1024).next_power_of_two();
        self
    }

    /// Bytes of a buffer, rounded up to a multiple of 4096 (default 16 KiB; at most 1 MiB).
    pub fn buffer_bytes(mut self, bytes: u32) -> Self {
        self.buffer_bytes = bytes.clamp(1, 1 << 20).next_multiple_of(4096);
        self
    }

    /// Entries of the submission queue (default 256): what one cycle submits with a single call of the kernel.
    pub fn submissions(mut self, entries: u32) -> Self {
        self.config.submissions = entries.clamp(4, 16 * 1024).next_power_of_two();
        self
    }

    /// Entries of the completion queue (default 4096): a burst beyond it costs extra calls of the kernel.
    pub fn completions(mut self, entries: u32) -> Self {
        self.config.completions = entries.clamp(8, 64 * 1024).next_power_of_two();
        self
    }

    /// Makes the runtime, for the calling thread.
    ///
    /// # Errors
    /// The system refuses a ring, or has no memory or descriptor for it.
    pub fn build(mut self) -> io::Result<Runtime> {
        self.config.completions = self.config.completions.max(2 * self.config.submissions);
        Worker::new(self.config, self.buffer_bytes).map(Runtime::on)
    }

    /// Makes the runtime over a simulated ring: every choice comes from `seed`, and faults come as planned.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn simulate(
        mut self,
        seed: u64,
        plan: Plan,
    ) -> io::Result<(Runtime, Rc<RefCell<World>>)> {
        self.config.completions = self.config.completions.max(2 * self.config.submissions);
        let world = World::new(self.config, seed, plan);
        let time = Time::Virtual(world.borrow().clock());
        let engine = Engine::Sim(world.clone());
        let worker = Worker::over(engine, time, self.config, self.buffer_bytes)?;
        Ok((Runtime::on(worker), world))
    }
}

/// A running place for tasks and I/O, on the thread that made it.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use tidemill_uring::runtime::{Runtime, spawn};
///
/// let sum = Runtime::new()?.run(async {
///     let half = spawn(async { 20 + 1 })?.await.map_err(std::io::Error::other)?;
///     Ok::<_, std::io::Error>(half * 2)
/// })?;
/// assert_eq!(sum, 42);
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    /// `None` only while it is dropped.
    local: Option<Local<RingHooks>>,
    worker: Rc<Worker>,
    thread: PhantomData<*mut ()>,
}

impl Runtime {
    fn on(worker: Rc<Worker>) -> Self {
        let local = Local::new(RingHooks(worker.bell(), worker.time().clone()));
        Self { local: Some(local), worker, thread: PhantomData }
    }

    /// A runtime as it comes.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// A runtime that can be set up.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Runs `main` and the tasks beside it until `main` is done. Tasks that are left go on with the next `run`, or end with the runtime.
    pub fn run<F: Future>(&self, main: F) -> F::Output {
        let main = pin!(main);
        self.worker.enter(|| self.local().run_with(main, &mut InRing(&self.worker)))
    }

    /// What the worker counted so far.
    pub fn stats(&self) -> Stats {
        self.worker.stats()
    }

    /// What the worker of the calling thread counted so far.
    ///
    /// # Errors
    /// There is no runtime on this thread.
    pub fn current_stats() -> io::Result<Stats> {
        Worker::current().map(|worker| worker.stats())
    }

    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    fn local(&self) -> &Local<RingHooks> {
        self.local.as_ref().expect("present until the runtime is dropped")
    }
}

/// Starts `task` beside the caller's, on the same worker. Dropping the handle lets the task go on alone.
///
/// # Errors
/// There is no runtime on this thread, or it is ending: `task` is dropped.
pub fn spawn<F: Future + 'static>(task: F) -> io::Result<JoinHandle<F::Output>> {
    tidemill_sched::spawn(task).map_err(|_| {
        let text = "no runtime on this thread takes tasks: spawn inside `Runtime::run`";
        io::Error::new(io::ErrorKind::NotConnected, text)
    })
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // The tasks go first: what they hold lets go of its operations.
        let local = self.local.take();
        self.worker.enter(|| drop(local));
        if let Err(error) = self.worker.close(PATIENCE) {
            eprintln!("tidemill: {error}");
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
