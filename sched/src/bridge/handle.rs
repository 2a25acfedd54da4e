//! A handle has things done on an executor, from any thread.
//!
//! | the executor     | `post`                    | `run`, `block_on`                                                  |
//! |------------------|---------------------------|--------------------------------------------------------------------|
//! | takes more       | taken                     | taken; the thread sleeps until it is answered                      |
//! | has no room      | `Full`, handed back       | the thread sleeps until there is room, in line                     |
//! | goes meanwhile   | dropped, on its thread    | `Closed`                                                           |
//! | is gone          | `Closed`, handed back     | `Closed`                                                           |
//!
//! [H1] Who waits has given away the one filler of its answer: it goes with the errand, or with the task, and who waits is told.

use std::{any::Any, fmt, future::Future, sync::Arc};

use tidemill_core::{
    context::{Here, with_current},
    error::{JoinError, NoContext, Refused, WriteError},
    ivar::once,
    task::{Hooks, spawn},
};

use super::{
    errand::{Asked, Errand, Posted, Takes},
    error::{HandleError, PostError},
    mail::Mail,
    wait::wait,
};
use crate::{local::Local, pool::Pool};

/// How many errands wait by default.
const BOUND: usize = 1024;

/// Has things done on an executor, from any thread. Clones are the same. It does not keep the executor alive.
///
/// They are run by a task of the executor, `handle`, in its turns, in the root context, in the order in which they came; those of one thread in the order in which it
/// asked. That task ends when the last clone is gone. If the executor sleeps, it is woken.
///
/// ```
/// use std::{pin::pin, thread};
/// use tidemill_core::{ivar, scope::after};
/// # use tidemill_core::{clock::{Clock, Instant}, wait::{Doorbell, Park, Wait}};
/// # struct Board;
/// # impl Clock for Board { fn now(&self) -> Instant { Instant::ORIGIN } }
/// # impl Doorbell for Board { fn ring(&self) {} }
/// # struct Spin;
/// # impl Park for Spin { fn park(&mut self, _: Wait) { std::thread::yield_now() } }
/// use tidemill_sched::Local;
///
/// let local = Local::new(Board);
/// let handle = local.handle();
/// let (done, is_done) = ivar::once();
/// let other = thread::spawn(move || {
///     let sum = handle.run(|| 1 + 2)?;
///     let product = handle.block_on(move || async move { sum * 7 })?;
///     let posted = handle.post(move || drop(done.fill(product)));
///     assert!(posted.is_ok());
///     Ok::<(), tidemill_sched::bridge::HandleError>(())
/// });
/// assert_eq!(local.run_with(pin!(is_done), &mut Spin), Ok(21));
/// other.join().unwrap()?;
/// # Ok::<(), tidemill_sched::bridge::HandleError>(())
/// ```
///
/// Source: Async's `Thread_safe`.
#[derive(Clone)]
pub struct Handle {
    takes: Arc<dyn Takes>,
}

impl Handle {
    /// That of the executor in whose turn this is called, with room for 1024 errands that wait. In a pool that is the worker's own, on its thread:
    /// what may run on any worker goes through [`Pool::handle`].
    ///
    /// # Errors
    /// No executor is current here, or it is being dropped.
    pub fn current() -> Result<Self, NoContext> {
        with_current(|home| {
            let here = home.ok_or(NoContext)?;
            Self::on(here, BOUND).map_err(|Refused(())| NoContext)
        })
    }

    /// That of an executor, on its thread, with room for so many errands that wait, one at least. Each call makes a task of its own there.
    ///
    /// # Errors
    /// The executor is gone, or being dropped.
    pub fn on(here: &Here, bound: usize) -> Result<Self, Refused<()>> {
        Ok(Self { takes: Arc::new(Mail::new(here, bound)?) })
    }

    /// Has `f` run there. Nobody waits: a panic goes to the executor's root monitor, and where the executor goes before it runs, it is dropped there.
    /// It may be called anywhere, in the executor's own turns too.
    ///
    /// # Errors
    /// Hands `f` back: too many wait already, or the executor is gone.
    pub fn post<F: FnOnce() + Send + 'static>(&self, f: F) -> Result<(), PostError<F>> {
        self.takes.offer(Box::new(Posted(f))).map_err(|refused| match refused {
            WriteError::Full(errand) => PostError::Full(unpacked(errand)),
            WriteError::Closed(errand) => PostError::Closed(unpacked(errand)),
        })
    }

    /// Has `f` run there, and blocks this thread until it has; also while there is no room for it.
    ///
    /// # Errors
    /// In the turn of an executor, or on the thread of this one, that is an error at once. `f` panicked; or the executor was gone, or went meanwhile.
    /// (While nobody runs the executor, neither comes to pass, and the thread waits.)
    pub fn run<F, T>(&self, f: F) -> Result<T, HandleError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if self.takes.is_own_thread() {
            return Err(HandleError::OnExecutor);
        }
        let (answer, once) = once();
        self.takes.deliver(Box::new(Asked { ask: f, answer }))?;
        match wait(once)? {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => Err(HandleError::Panicked(panic)),
            // [H1]
            Err(_) => Err(HandleError::Closed),
        }
    }

    /// Has a task run the future that `make` makes there, and blocks this thread until it has ended. The future stays on the executor's thread, and need not be `Send`.
    ///
    /// # Errors
    /// As [`run`](Self::run), of `make` and of the future.
    pub fn block_on<M, F>(&self, make: M) -> Result<F::Output, HandleError>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        // In a turn there is an executor, unless it is being dropped.
        let spawned = self.run(|| spawn(make()).ok())?;
        match wait(spawned.ok_or(HandleError::Closed)?)? {
            Ok(output) => Ok(output),
            Err(JoinError::Panicked(panic)) => Err(HandleError::Panicked(panic)),
            Err(_) => Err(HandleError::Closed),
        }
    }
}

/// The closure of an errand that was handed back.
fn unpacked<F: FnOnce() + Send + 'static>(errand: Errand) -> F {
    let errand: Box<dyn Any> = errand;
    match errand.downcast::<Posted<F>>() {
        Ok(posted) => posted.0,
        Err(_) => unreachable!("what is handed back is what was given"),
    }
}

impl<H: Hooks> Local<H> {
    /// A handle for other threads, with room for 1024 errands that wait. Each call makes a task of its own.
    pub fn handle(&self) -> Handle {
        match Handle::on(&self.here(), BOUND) {
            Ok(handle) => handle,
            Err(Refused(())) => unreachable!("a Local that is borrowed is not being dropped"),
        }
    }
}

impl Pool {
    /// A handle for other threads, with room for 1024 errands that wait. They are run one at a time, in order, on whichever worker has time; what
    /// [`block_on`](Handle::block_on) makes stays on the worker where it was made, beside the others. Each call makes a task of its own, and the pool
    /// reports no deadlock as long as there is a clone of it.
    ///
    /// ```
    /// use tidemill_sched::pool::Pool;
    ///
    /// let pool = Pool::new(1)?;
    /// assert_eq!(pool.handle().run(|| 6 * 7)?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn handle(&self) -> Handle {
        match Mail::of_pool(self.spawner(), BOUND) {
            Ok(mail) => Handle { takes: Arc::new(mail) },
            Err(Refused(())) => unreachable!("a pool that one has takes tasks"),
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}
