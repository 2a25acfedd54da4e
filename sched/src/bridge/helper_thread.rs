//! A helper thread runs one job after the other, in the order in which they came.
//!
//! | it is      | a job comes        | its end                                                               |
//! |------------|--------------------|-----------------------------------------------------------------------|
//! | open       | waits, runs        | dropped: -> ending; discarded: -> ending, and what waits is refused   |
//! | ending     | is refused         | when what waits has run, the thread goes                              |

use std::{fmt, io, sync::Arc, sync::mpsc};

use super::{
    in_thread::InThread,
    set::{Rules, Set},
    threads::spawn,
};
use crate::pool::{Place, Topology, pin};

/// How many jobs wait by default.
const WAITING: usize = 1024;

/// One system thread, which runs closures in order: for what must always be called on the same thread, or one at a time.
///
/// Dropping it lets the thread run what waits in its queue, and go then; nothing blocks. [`discard`](Self::discard) drops what waits. (Futures that wait in line
/// for a place in the queue, because too much waits there, are closed in either case.)
///
/// ```
/// use tidemill_sched::bridge::{HelperThread, wait};
///
/// let helper = HelperThread::builder().name("printer").start()?;
/// let first = helper.run(|| std::thread::current().id());
/// let second = helper.run(|| std::thread::current().id());
/// // A task would await them.
/// assert_eq!(wait(first)??, wait(second)??);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Async's `In_thread.Helper_thread`, which borrows a thread of the common set.
pub struct HelperThread {
    set: Arc<Set>,
}

impl HelperThread {
    /// A thread with the defaults.
    ///
    /// # Errors
    /// It could not be started.
    pub fn new() -> io::Result<Self> {
        Self::builder().start()
    }

    /// To give it a name, or a place.
    pub fn builder() -> HelperThreadBuilder {
        HelperThreadBuilder { name: String::from("helper"), waiting: WAITING, place: None }
    }

    /// Has `run` run on the thread, after all that was sent to it before. See [`Threads::run`](super::Threads::run).
    ///
    /// # Errors
    /// [`JobError`](super::JobError), of the future: `run` panicked, or the thread was closed before it began.
    pub fn run<F, T>(&self, run: F) -> InThread<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        InThread::new(&self.set, None, run)
    }

    /// As [`run`](Self::run), with a name: [`Threads::run_named`](super::Threads::run_named).
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

    /// Drops what waits: who awaits it is told that it was closed. What runs is run to its end, and the thread goes.
    pub fn discard(self) {
        self.set.close(true);
    }
}

impl Drop for HelperThread {
    fn drop(&mut self) {
        self.set.close(false);
    }
}

impl fmt::Debug for HelperThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HelperThread").field(&self.set).finish()
    }
}

/// How a [`HelperThread`] is to be.
#[derive(Clone, Debug)]
#[must_use = "it is started by `start`"]
pub struct HelperThreadBuilder {
    name: String,
    waiting: usize,
    place: Option<(Topology, Place)>,
}

impl HelperThreadBuilder {
    /// What it is called: `helper` by default. Zero bytes in it are left out.
    pub fn name(self, name: &str) -> Self {
        Self { name: name.replace('\0', ""), ..self }
    }

    /// So many jobs wait for it at most, beside the one that runs: 1024 by default, 1 at least. Who brings more waits in line.
    pub fn waiting(self, jobs: usize) -> Self {
        Self { waiting: jobs.max(1), ..self }
    }

    /// Pins it to this place of the machine: see [`pin`](crate::pool::pin).
    pub fn pin(self, topology: &Topology, place: Place) -> Self {
        Self { place: Some((topology.clone(), place)), ..self }
    }

    /// Starts it, and waits until it is there.
    ///
    /// # Errors
    /// It could not be started, or not pinned.
    pub fn start(self) -> io::Result<HelperThread> {
        let start = Box::new(|_, _| Err(io::Error::other("a helper is one thread")));
        let name = self.name.clone();
        let set = Set::new(Rules { most: 1, waiting: self.waiting, idle: None, name, start });
        let (ticket, (says, said)) = (set.first(), mpsc::channel());
        let place = self.place;
        let work = move || {
            let pinned = place.map(|(topology, place)| pin(&topology, place)).transpose();
            let _pinned = match pinned {
                Ok(pinned) => pinned,
                Err(error) => {
                    let _ = says.send(Err(error));
                    return;
                }
            };
            // Whoever started it waits.
            let _ = says.send(Ok(()));
            ticket.work();
        };
        spawn(self.name, None, Box::new(work))?;
        said.recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread ended before it began")))?;
        Ok(HelperThread { set })
    }
}
