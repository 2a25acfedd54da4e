//! A handle reaches the workers of a runtime from any thread.

use std::{cell::RefCell, fmt, future::Future, io, mem, sync::Arc};

use tidemill_core::context::{Context, Monitor};

use super::{
    mailbox::{Mailbox, Refusal},
    parcel::{Label, Parcel, RemoteHandle},
};
use crate::{
    error::SpawnError,
    ring::{Stats, Tally, Worker},
};

thread_local! {
    static CURRENT: RefCell<Option<(Handle, usize)>> = const { RefCell::new(None) };
}

/// What everyone may know of a worker.
pub(super) struct Contact {
    pub(super) mailbox: Mailbox,
    pub(super) tally: Tally,
}

/// The workers of a runtime, for any thread. Clones are the same; it does not keep the runtime alive.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use tidemill_uring::runtime::Runtime;
///
/// let runtime = Runtime::new()?;
/// let handle = runtime.handle();
/// let asked = std::thread::spawn(move || handle.spawn_on(0, || async { 6 * 7 }).expect("there is room"));
/// assert_eq!(runtime.run(asked.join().expect("no panic"))?.expect("no panic"), 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// What everyone may know of a runtime.
pub(super) struct Shared {
    contacts: Box<[Contact]>,
    root: Monitor,
}

impl Handle {
    /// For so many workers, each with a mailbox for `bound` tasks.
    pub(super) fn new(workers: usize, bound: usize) -> Self {
        let contact = |_| Contact { mailbox: Mailbox::new(bound), tally: Tally::default() };
        let contacts = (0..workers).map(contact).collect();
        Self { shared: Arc::new(Shared { contacts, root: Monitor::top() }) }
    }

    /// That of the runtime on this thread.
    ///
    /// # Errors
    /// There is none: this was not called from a task, nor inside [`Runtime::run`](super::Runtime::run).
    pub fn current() -> io::Result<Self> {
        current().map(|(handle, _)| handle)
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.shared.contacts.len()
    }

    /// The monitor that answers for all that runs there, and that no other monitor answers for: its tasks know it as `Monitor::root()`. An error that
    /// reaches it, and that nobody has detached, ends the runtime: see [`Runtime::run`](super::Runtime::run).
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use tidemill_core::error::Fault;
    /// use tidemill_uring::runtime::Runtime;
    ///
    /// let runtime = Runtime::new()?;
    /// let root = runtime.handle().monitor();
    /// std::thread::spawn(move || root.send_error(Fault::Text("the disk is full")));
    /// let ended = runtime.run(std::future::pending::<()>()).expect_err("somebody must answer for that");
    /// assert_eq!(ended.to_string(), "nobody answered for an error: the disk is full");
    /// # Ok(())
    /// # }
    /// ```
    pub fn monitor(&self) -> Monitor {
        self.root().clone()
    }

    pub(super) fn root(&self) -> &Monitor {
        &self.shared.root
    }

    /// Starts a task on the worker of this number: `build` is called there, and what it returns stays there, so that need not be `Send`. Worker 0 takes it up during
    /// [`Runtime::run`](super::Runtime::run) alone.
    ///
    /// Called from a task of this runtime it passes that task's context on: who answers for the caller answers for what it starts, whichever worker that
    /// is on. From elsewhere the task has the root context.
    ///
    /// # Errors
    /// The worker's mailbox is full, the worker has ended (all have, where an error that nobody answered for has ended the runtime), or there is none of this number: `build` is handed back.
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
        let Some(contact) = self.shared.contacts.get(worker) else {
            return Err(SpawnError::NoSuchWorker(build));
        };
        let context = match current() {
            Ok((handle, _)) if handle == *self => Context::current(),
            _ => Context::root(),
        };
        let parcel = Parcel::new(Label { worker, root: self.monitor(), context }, build);
        let handle = RemoteHandle::new(parcel.clone());
        match contact.mailbox.send(parcel.clone()) {
            Ok(()) => Ok(handle),
            Err(refusal) => {
                let build = parcel.take().expect("it was not sent, so nobody else has it");
                Err(match refusal {
                    Refusal::Full => SpawnError::Full(build),
                    Refusal::Ended => SpawnError::Ended(build),
                })
            }
        }
    }

    pub(super) fn contact(&self, worker: usize) -> &Contact {
        &self.shared.contacts[worker]
    }

    /// What all workers counted so far, together.
    pub fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        (0..self.workers()).filter_map(|worker| self.stats_of(worker)).for_each(|more| sum += more);
        sum
    }

    /// What a worker counted so far; if it is not the one that this is called on: up to its last turn, and a worker that is alone tells nobody else. `None`: there
    /// is none of this number.
    pub fn stats_of(&self, worker: usize) -> Option<Stats> {
        let contact = self.shared.contacts.get(worker)?;
        match (current(), Worker::current()) {
            (Ok((handle, here)), Ok(ring)) if handle == *self && here == worker => {
                Some(ring.stats())
            }
            _ => Some(contact.tally.read()),
        }
    }

    /// Ends all workers: their mailboxes take nothing any more, and their threads go.
    pub(super) fn close(&self) {
        self.shared.contacts.iter().for_each(|contact| contact.mailbox.close());
    }

    /// Makes this the runtime of the calling thread, its root monitor that of the thread, and the thread its worker of this number, while `f` runs.
    pub(super) fn enter<R>(&self, worker: usize, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<(Handle, usize)>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|current| mem::swap(&mut *current.borrow_mut(), &mut self.0));
            }
        }
        let entered = Some((self.clone(), worker));
        let _restore = Restore(CURRENT.with(|current| current.replace(entered)));
        self.root().as_root(worker, f)
    }
}

/// Whether both reach the same runtime.
impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("workers", &self.workers()).finish_non_exhaustive()
    }
}

fn current() -> io::Result<(Handle, usize)> {
    CURRENT.with(|current| current.borrow().clone()).ok_or_else(|| {
        let text = "no runtime on this thread: call this inside `Runtime::run`";
        io::Error::new(io::ErrorKind::NotConnected, text)
    })
}

/// The number of the worker that this is called on, from 0.
///
/// # Errors
/// There is no runtime on this thread.
pub fn current_worker() -> io::Result<usize> {
    current().map(|(_, worker)| worker)
}

/// Starts a task on another worker of this thread's runtime, or on this one: see [`Handle::spawn_on`].
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use tidemill_uring::runtime::{Runtime, Workers, current_worker, spawn_on};
///
/// let runtime = Runtime::builder().workers(Workers::Count(2)).build()?;
/// let there = runtime.run(async {
///     spawn_on(1, || async { current_worker() })?.await.map_err(std::io::Error::other)?
/// })??;
/// assert_eq!(there, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Handle::spawn_on`], or there is no runtime on this thread.
pub fn spawn_on<B, F>(worker: usize, build: B) -> Result<RemoteHandle<F::Output>, SpawnError<B>>
where
    B: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send,
{
    match current() {
        Ok((handle, _)) => handle.spawn_on(worker, build),
        Err(_) => Err(SpawnError::NoRuntime(build)),
    }
}
