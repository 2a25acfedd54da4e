//! A pool: the executor of many threads, on the nodes of a machine.
//!
//! Its end, in steps: 1. if it is drained, what is there has its turns until nothing goes on; 2. no task is taken any more; 3. the workers are
//! stopped, each after its turn, and waits in turns end with [`Undone::Gone`]; 4. each cancels what its thread alone may touch; 5. the last one
//! cancels what is left; 6. their threads end; 7. errors that nobody has answered for are told.
//!
//! [O1] A pool is `!Sync`: while its owner waits in one of its methods, nobody else does anything with it.

#![expect(unsafe_code, reason = "enters shards")]

use core::{
    cell::Cell,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::pin,
    task::{Context, Poll},
};
use std::{sync::Arc, thread};

use tidemill_core::{
    context::{Failed, HomeRef, Monitor},
    error::Refused,
    sync::Ordering::{Relaxed, Release, SeqCst},
    task::{Attributes, Done, Drive, JoinHandle, Name, TaskInfo, Undone, roam},
};

use super::{
    bound::NodeBox, counts::WorkerStats, desk::with_desk_of, owner::Waits, rest::For,
    shared::Shared, spawn::spawn_at, spawner::Spawner, topology::Place,
};

/// An executor of many threads: tasks that are `Send` run on whichever has time.
///
/// Each worker has a bounded queue of its own, from which others steal when they have nothing to do, near before far; each node has an injector for what
/// comes from outside. A task that [prefers](Pool::spawn_on) a node runs there alone.
///
/// ```
/// use tidemill_sched::pool::Pool;
///
/// let pool = Pool::new(2)?;
/// let sums: Vec<_> = (0..10_u64).map(|n| pool.spawn(async move { (0..n).sum::<u64>() }).unwrap()).collect();
/// let total = pool.block_on(async {
///     let mut total = 0;
///     for sum in sums {
///         total += sum.await.unwrap();
///     }
///     total
/// });
/// assert_eq!(total.unwrap(), 120);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// In its tasks, [`spawn`](tidemill_core::task::spawn) and timers of core are those of the worker's own [`Local`](crate::Local), and stay on its
/// thread; what may move is spawned by [`spawn_send`](tidemill_core::task::spawn_send), and waits by [`pool::after`](super::after).
///
/// A turn that blocks its thread also keeps those waiting that it has just woken: what blocks belongs into [`in_thread`](crate::bridge::in_thread), and values are
/// waited for by [`Async::wait`](tidemill_core::epoch::Async::wait), which lets others run meanwhile.
///
/// Dropping it cancels what is left: see [`shutdown`](Self::shutdown).
pub struct Pool {
    shared: Arc<Shared>,
    /// The Home of tasks that come from elsewhere.
    outside: HomeRef,
    threads: Vec<thread::JoinHandle<()>>,
    places: Vec<Place>,
    monitor: Monitor,
    /// Whether its failures were handed to somebody.
    told: bool,
    owner: PhantomData<Cell<()>>,
}

/// What becomes of tasks that have not ended when a pool is shut down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// They have their turns until nothing goes on; those that still wait are cancelled.
    Drain,
    /// They are cancelled.
    Cancel,
}

impl Pool {
    pub(super) fn of(
        shared: Arc<Shared>,
        outside: HomeRef,
        threads: Vec<thread::JoinHandle<()>>,
        places: Vec<Place>,
        monitor: Monitor,
    ) -> Self {
        Self { shared, outside, threads, places, monitor, told: false, owner: PhantomData }
    }

    /// Makes a task of `future`, which runs on any worker.
    ///
    /// # Errors
    /// None: a pool that one has takes tasks. (The error is what other executors answer that are shut down.)
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        spawn_at(&self.shared, &self.outside, (Attributes::new(), None), future)
    }

    /// Makes a task of `future`, with a priority or a name.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_with<F, N: Name>(
        &self,
        attributes: Attributes<N>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        spawn_at(&self.shared, &self.outside, (attributes, None), future)
    }

    /// Makes a task of `future` that runs on workers of this node alone, named by the system's number, until it [says
    /// otherwise](super::set_preferred_node).
    ///
    /// # Errors
    /// The pool has no worker on that node: the future is handed back.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_on<F>(&self, node: usize, future: F) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match self.shared.group_of(node) {
            Some(group) => {
                let how = (Attributes::new(), Some(group));
                spawn_at(&self.shared, &self.outside, how, future)
            }
            None => Err(Refused(future)),
        }
    }

    /// Makes a task of `future` that prefers the node on which its data lies, as [`spawn_on`](Self::spawn_on); where the system has not bound it to one
    /// with workers, it runs on any.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_near<T: ?Sized, F>(
        &self,
        data: &NodeBox<T>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let group = data.node().and_then(|node| self.shared.group_of(node));
        spawn_at(&self.shared, &self.outside, (Attributes::new(), group), future)
    }

    /// A handle that spawns, for any thread.
    pub fn spawner(&self) -> Spawner {
        Spawner::new(self.shared.clone(), self.outside.clone())
    }

    /// Runs `f` with this pool [entered](tidemill_core::task::roam), so that [`spawn_send`](tidemill_core::task::spawn_send) and operators
    /// between values make tasks of it.
    ///
    /// ```
    /// use tidemill_core::epoch::Async;
    /// use tidemill_sched::pool::Pool;
    ///
    /// let pool = Pool::new(2)?;
    /// let sum = pool.enter(|| {
    ///     let (mut x, y) = (Async::<u64>::ready(1), Async::ready(2));
    ///     x += &y;
    ///     &x + &y
    /// });
    /// assert_eq!(*sum.wait_on(&pool).unwrap(), 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the handle is on a shard, which begins with a `PoolHead`; its `adopt` is for any thread.
        unsafe { roam(&self.outside, f) }
    }

    /// Runs `future` on this thread, while the workers run tasks.
    ///
    /// # Errors
    /// It has not ended: nothing goes on in the pool, there is no [`Spawner`], and no job of other threads is under way
    /// ([`Undone::Deadlock`]); the pool is paused; or this is a thread on which an executor runs ([`Undone::OnWorker`]).
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Undone> {
        let mut future = pin!(future);
        let mut ended = None;
        self.drive(&mut |waker| match future.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Ready(output) => {
                ended = Some(output);
                true
            }
            Poll::Pending => false,
        })?;
        Ok(ended.expect("it was driven until then"))
    }

    /// Ends a pause, and waits until nothing goes on: no task is ready, no timer is set, no job of other threads is under way.
    ///
    /// # Errors
    /// This is a thread on which an executor runs ([`Undone::OnWorker`]).
    pub fn run_all(&self) -> Result<(), Undone> {
        let wait = Waits::begin(&self.shared, For::Rest)?;
        self.resume();
        wait.rest();
        Ok(())
    }

    /// Has the workers give no turns from now on; those that are under way go on.
    pub fn pause(&self) {
        // ordering: Release pairs with Acquire in `is_paused`.
        self.shared.paused.store(true, Release);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        // ordering: Release pairs with Acquire in `is_paused`.
        if self.shared.paused.swap(false, SeqCst) {
            self.shared.ring_all();
        }
    }

    /// How many tasks have not ended.
    pub fn live(&self) -> usize {
        self.shared.live()
    }

    /// The tasks that have not ended, worker by worker.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.shared.shards.iter().flat_map(|shard| shard.head.tasks()).collect()
    }

    /// Where its workers are, by their numbers.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What each worker has done so far.
    pub fn stats(&self) -> Vec<WorkerStats> {
        self.shared.seats.iter().map(|seat| seat.counts.read()).collect()
    }

    /// How many tasks were made for the workers of a node: those that prefer it, and those that came to it in turn. `None`: there is no worker.
    pub fn spawned_on(&self, node: usize) -> Option<usize> {
        let group = &self.shared.groups[self.shared.group_of(node)?];
        let seats = &self.shared.seats[group.workers.clone()];
        let kept: usize = seats.iter().map(|seat| seat.counts.spawns.get()).sum();
        // ordering: Relaxed, it is a number and no more.
        Some(kept + group.spawned.load(Relaxed))
    }

    /// Who is told of errors that nobody else answers for. They do not end the pool: [`shutdown`](Self::shutdown) tells them, and meanwhile
    /// [`Monitor::failures`] and [`Monitor::errors`].
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Ends the pool, and waits until its threads have ended.
    ///
    /// Called on a worker's own thread it does not wait.
    ///
    /// # Errors
    /// The errors that nobody has answered for, of tasks of this pool: panics whose handle was dropped, and what was sent to their monitor.
    pub fn shutdown(mut self, end: End) -> Result<(), Failed> {
        if end == End::Drain {
            // On a worker's own thread one cannot wait.
            let _ = self.run_all();
        }
        self.finish();
        self.told = true;
        self.monitor.failures().map_or(Ok(()), Err)
    }

    /// Ends the workers, and waits for them.
    fn finish(&mut self) {
        self.shared.stop();
        let mine = with_desk_of(&self.shared, |desk| desk.is_some());
        for thread in self.threads.drain(..) {
            if !mine {
                // What panics in a worker's thread was told to its monitor.
                let _ = thread.join();
            }
        }
    }
}

/// Cancels what is left. Errors that nobody has answered for are written to the standard error.
impl Drop for Pool {
    fn drop(&mut self) {
        self.finish();
        if let Some(failed) = self.monitor.failures().filter(|_| !self.told) {
            eprintln!("tidemill: {failed}");
        }
    }
}

/// While its owner waits nobody brings anything but tasks, spawners and jobs.
impl Drive for Pool {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        Waits::begin(&self.shared, For::Value)?.until(done)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("workers", &self.places.len())
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}
