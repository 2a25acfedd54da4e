//! A runtime: the worker of the thread that made it, and the crew of the others.
//!
//! | runtime    | left by                                                                        | `run`                                          |
//! |------------|--------------------------------------------------------------------------------|------------------------------------------------|
//! | works      | the root monitor fails: -> ended, at the latest in the next `run`; it is dropped | runs its future                              |
//! | ended      | it is dropped                                                                  | the error again                                |
//!
//! [R1] A runtime ends in this order: all mailboxes close, so that every worker ends; the tasks of this thread are dropped, and let go of their operations, and then the
//!      main future, if it is unfinished; its ring closes; the other threads are waited for. This thread is unpinned when the runtime is dropped.
//! [R2] What the root monitor has failed for is told once by whoever comes first: `run`, `shutdown`, the drop.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    io,
    marker::PhantomData,
    pin::{Pin, pin},
    rc::Rc,
};

use tidemill_core::{
    context::{Failed, Monitor},
    task::JoinHandle,
};
use tidemill_sched::{
    Local,
    pool::{Pinned, pin as pin_thread},
};

use super::{
    crew::{Crew, PATIENCE, Plan, guarded},
    handle::Handle,
    hooks::RingHooks,
    parcel::RemoteHandle,
    run_error::RunError,
    watch::watched,
    workers::Workers,
};
use crate::{
    engine::Setup,
    error::SpawnError,
    ring::{InRing, Stats, Worker},
};

/// A running place for tasks and I/O: the thread that made it, and one for each further worker.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use tidemill_uring::runtime::{Runtime, spawn};
///
/// let sum = Runtime::new()?.run(async {
///     let half = spawn(async { 20 + 1 })?.await.map_err(std::io::Error::other)?;
///     Ok::<_, std::io::Error>(half * 2)
/// })??;
/// assert_eq!(sum, 42);
/// # Ok(())
/// # }
/// ```
pub struct Runtime {
    /// `None` once it has ended.
    local: RefCell<Option<Local<RingHooks>>>,
    worker: Rc<Worker>,
    handle: Handle,
    crew: RefCell<Crew>,
    /// [R2]
    told: Cell<bool>,
    _pinned: Option<Pinned>,
    thread: PhantomData<*mut ()>,
}

impl Runtime {
    pub(super) fn make(plan: &Plan, workers: Workers, mailbox: usize) -> io::Result<Self> {
        let places = workers.places()?;
        let count = places.as_ref().map_or(1, |places| places.places.len());
        let handle = Handle::new(count, mailbox);
        // In this order: memory that comes after the pin is of the worker's node.
        let pinned = match &places {
            Some(places) => Some(pin_thread(&places.topology, places.places[0])?),
            None => None,
        };
        let worker = plan.worker()?;
        let crew = match &places {
            Some(places) => Crew::muster(&handle, places, plan)?,
            None => Crew::none(handle.clone()),
        };
        Ok(Self::of(worker, handle, crew, pinned))
    }

    /// One whose only worker is there.
    #[cfg(any(test, feature = "sim"))]
    pub(super) fn alone(worker: Rc<Worker>, mailbox: usize) -> Self {
        let handle = Handle::new(1, mailbox);
        Self::of(worker, handle.clone(), Crew::none(handle), None)
    }

    fn of(worker: Rc<Worker>, handle: Handle, crew: Crew, pinned: Option<Pinned>) -> Self {
        let local = Local::new(RingHooks::of(&worker));
        // A wait on top of a turn would keep the ring from its completions.
        local.set_waits(0);
        let serving = handle.clone();
        drop(local.spawn(async move { serving.contact(0).mailbox.serve().await }));
        let (local, crew, told) = (RefCell::new(Some(local)), RefCell::new(crew), Cell::new(false));
        Self { local, worker, handle, crew, told, _pinned: pinned, thread: PhantomData }
    }

    /// Runs `main` and the tasks beside it until `main` is done. Tasks that are left go on with the next `run`, or end with the runtime.
    ///
    /// Further workers run their tasks all the time.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use tidemill_core::{context::send_error, error::Fault};
    /// use tidemill_uring::runtime::{Runtime, Workers, spawn_on};
    ///
    /// let runtime = Runtime::builder().workers(Workers::Count(2)).build()?;
    /// let ended = runtime.run(async {
    ///     let fails = async || send_error(Fault::Text("the disk is full"));
    ///     drop(spawn_on(1, fails));
    ///     std::future::pending::<()>().await
    /// });
    /// let ended = ended.expect_err("somebody must answer for that");
    /// assert_eq!(ended.to_string(), "nobody answered for an error: worker 1: the disk is full");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// An error reached the runtime's [root monitor](Handle::monitor), and nobody had detached that: on any worker, before this call or during it. The runtime has ended
    /// then, as if it was dropped: nothing new is taken, all tasks are cancelled and all connections closed, and no other worker runs any more. `main` is dropped after
    /// the tasks; where it was ready in the same turn, its output is handed back with the error. Errors that come meanwhile are told with the first.
    ///
    /// # Panics
    /// If it is called within itself.
    pub fn run<F: Future>(&self, main: F) -> Result<F::Output, RunError<F::Output>> {
        let mut main = pin!(Some(main));
        let output = self.run_unless_failed(main.as_mut().as_pin_mut());
        match output {
            Some(output) if !self.root().has_failed() => Ok(output),
            output => {
                let ended = self.end(|| main.set(None));
                self.told.set(true);
                Err(RunError { output, failed: self.failed(ended) })
            }
        }
    }

    /// `None`: the root monitor has failed.
    fn run_unless_failed<F: Future>(&self, main: Option<Pin<&mut F>>) -> Option<F::Output> {
        let local = self.local.borrow();
        if self.root().has_failed() {
            return None;
        }
        let mut park = match self.workers() {
            1 => InRing::new(&self.worker),
            _ => InRing::counted(&self.worker, &self.handle.contact(0).tally),
        };
        let main = pin!(watched(self.root(), main?));
        self.enter(|| local.as_ref()?.run_with(main, &mut park))
    }

    fn root(&self) -> &Monitor {
        self.handle.root()
    }

    fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.handle.enter(0, || self.worker.enter(f))
    }

    /// How many workers it has.
    pub fn workers(&self) -> usize {
        self.handle.workers()
    }

    /// Reaches the workers from any thread.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Starts a task on a worker: see [`Handle::spawn_on`].
    ///
    /// # Errors
    /// As [`Handle::spawn_on`].
    pub fn spawn_on<B, F>(
        &self,
        worker: usize,
        build: B,
    ) -> Result<RemoteHandle<F::Output>, SpawnError<B>>
    where
        B: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        self.handle.spawn_on(worker, build)
    }

    /// What the ring of worker 0 turned out to have.
    pub fn setup(&self) -> Setup {
        self.worker.setup()
    }

    /// What all workers counted so far, together.
    pub fn stats(&self) -> Stats {
        self.enter(|| self.handle.stats())
    }

    /// What a worker counted so far; another than the first: up to its last turn. `None`: there is none of this number.
    pub fn stats_of(&self, worker: usize) -> Option<Stats> {
        self.enter(|| self.handle.stats_of(worker))
    }

    /// Ends the runtime as dropping it does, and tells what went wrong with it, if anything did.
    ///
    /// # Errors
    /// Errors for which nobody answered, and of which no [`run`](Self::run) has told; a worker had failed; or operations could not be ended in time: their memory is
    /// leaked.
    pub fn shutdown(self) -> io::Result<()> {
        self.finish()
    }

    /// Ends it, and tells what nobody was told of [R2].
    fn finish(&self) -> io::Result<()> {
        let ended = self.end(|| ());
        if !self.root().has_failed() || self.told.replace(true) {
            return ended;
        }
        let (output, failed) = (None::<()>, self.failed(ended));
        Err(RunError { output, failed }.into())
    }

    /// What the root monitor has failed for, and what went wrong at the end.
    fn failed(&self, ended: io::Result<()>) -> Failed {
        if let Err(error) = ended {
            self.root().send_error(error);
        }
        self.root().failures().expect("our callers have seen that it has failed")
    }

    /// [R1]
    fn end(&self, drop_main: impl FnOnce()) -> io::Result<()> {
        self.handle.close();
        let local = self.local.take();
        let dropped = guarded(|| {
            self.enter(|| drop(local));
            Ok(())
        });
        let dropped_main = guarded(|| {
            self.enter(drop_main);
            Ok(())
        });
        let closed = guarded(|| self.worker.close(PATIENCE));
        dropped.and(dropped_main).and(closed).and(self.crew.borrow_mut().end())
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
        if let Err(error) = self.finish() {
            eprintln!("tidemill: {error}");
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("workers", &self.workers())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// The README's code is compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
