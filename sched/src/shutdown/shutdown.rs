//! A shutdown is the end in order: what must be done before it, and the status that it ends with.
//!
//! | the status is    | `shutdown(0)`   | `shutdown(n)`     | `shutdown(m)`, another error  |
//! |------------------|-----------------|-------------------|-------------------------------|
//! | none yet         | begins          | begins            | begins                        |
//! | 0                | does nothing    | -> n              | -> m                          |
//! | n                | does nothing    | does nothing      | `StatusError`, stays          |
//! | given out as n   | does nothing    | does nothing      | `StatusError`, stays          |
//!
//! [D1] A handler counts from when it is registered to its end, or until its task is dropped. The last one that ends after the beginning has
//!      `over` filled, and so has a beginning without any: `over` means that nobody counts, and from then on nobody does.
//! [D2] Under the lock nobody is woken, and no handler is run or dropped.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tidemill_core::{
    context::{Context, Here, current},
    error::{Fault, Filled, NoContext, Refused, TimeoutError},
    ivar::{Ivar, OnceFiller, once},
    scope::with_timeout,
    task::{Attributes, spawn},
};

use super::{
    error::{AtShutdownError, StatusError},
    outcome::Outcome,
};
use crate::bridge::{OnExecutor, wait, wait_timeout};

/// How long handlers may take by default. (Async's time.)
const FORCE_AFTER: Duration = Duration::from_secs(10);

/// The status of an end that was forced, or in which a handler failed.
const FAILED: i32 = 1;

/// An end in order. Clones are the same; any thread may begin it.
///
/// Handlers are registered while the program runs ([`at_shutdown`](Self::at_shutdown)), and all run beside each other once it has begun. Who ends
/// the program waits until it is [`finished`](Self::finished): when all handlers have ended, or when their time has run out. In a task of a pool
/// handlers are those of the worker, and stay on its thread.
///
/// ```
/// use std::pin::pin;
/// use tidemill_sched::{debug::{DebugScheduler, Order}, shutdown::Shutdown};
///
/// let scheduler = DebugScheduler::new(Order::Fifo);
/// let ended = scheduler.run_with(pin!(async {
///     let shutdown = Shutdown::new();
///     let registered = shutdown.at_shutdown(async { /* say goodbye, flush what is written */ });
///     assert!(registered.is_ok());
///     // Somewhere, later:
///     assert!(shutdown.shutdown(0).is_ok());
///     shutdown.finished().await
/// }));
/// assert_eq!(ended.unwrap().unwrap().status, 0);
/// ```
///
/// Source: Async's `Shutdown`. Deviations: it is a value; it ends no process, but says how; a handler that comes too late is handed back.
#[derive(Clone)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

struct Inner {
    force_after: Duration,
    state: Mutex<State>,
    begun: Ivar<()>,
    /// [D1]
    over: Ivar<()>,
}

#[derive(Default)]
struct State {
    status: Option<i32>,
    /// How many handlers count [D1].
    handlers: usize,
    failures: Vec<Fault>,
    /// As it was given out.
    ended: Option<Ended>,
}

/// How a shutdown ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// What the process is to end with: what was asked for; or 1 where that was 0 and a handler failed, and in any case where it was forced.
    pub status: i32,
    /// Whether the time ran out before all handlers had ended.
    pub forced: bool,
    /// What went wrong in handlers, in order: errors, and panics.
    pub failures: Vec<Fault>,
}

impl Shutdown {
    /// One that is forced after 10 seconds.
    #[expect(clippy::new_without_default, reason = "what it stands for is said in words")]
    pub fn new() -> Self {
        Self::forced_after(FORCE_AFTER)
    }

    /// One that is forced after this time, by the clock of the executor on which somebody waits until it is [`finished`](Self::finished).
    pub fn forced_after(time: Duration) -> Self {
        let (state, begun, over) = (Mutex::default(), Ivar::new(), Ivar::new());
        Self { inner: Arc::new(Inner { force_after: time, state, begun, over }) }
    }

    /// Has `handler` run when the shutdown begins, as a task of the executor in whose turn this is called, beside the other handlers; in the root context.
    /// Where its executor is dropped before the beginning it is dropped too, and does not count.
    ///
    /// # Errors
    /// Hands `handler` back: the shutdown has begun, or no executor is current here.
    pub fn at_shutdown<F>(&self, handler: F) -> Result<(), AtShutdownError<F>>
    where
        F: Future<Output: Outcome> + 'static,
    {
        match current() {
            Some(here) => self.at_shutdown_on(&here, handler),
            None => Err(AtShutdownError::NoContext(handler)),
        }
    }

    /// As [`at_shutdown`](Self::at_shutdown), on a given executor.
    ///
    /// # Errors
    /// Hands `handler` back: the shutdown has begun, or the executor is gone.
    pub fn at_shutdown_on<F>(&self, here: &Here, handler: F) -> Result<(), AtShutdownError<F>>
    where
        F: Future<Output: Outcome> + 'static,
    {
        let Some(counts) = self.count(|state| state.status.is_none()) else {
            return Err(AtShutdownError::Begun(handler));
        };
        let (gives, given) = once();
        let task = async move {
            let Ok(handler) = given.await else { return };
            counts.shutdown.begun().await;
            counts.run(handler).await;
        };
        start(here, task, gives, handler)
    }

    /// Has the shutdown wait until `future` has ended, within the time that it has at all. It is polled at once, as a task of the executor in whose turn this is called,
    /// and may come while the shutdown is under way. (Async's `don't_finish_before`.)
    ///
    /// # Errors
    /// Hands `future` back: all handlers have ended already, or no executor is current here.
    pub fn defer_until<F>(&self, future: F) -> Result<(), AtShutdownError<F>>
    where
        F: Future<Output: Outcome> + 'static,
    {
        let Some(here) = current() else { return Err(AtShutdownError::NoContext(future)) };
        let Some(counts) = self.count(|state| state.status.is_none() || state.handlers > 0) else {
            return Err(AtShutdownError::Begun(future));
        };
        let (gives, given) = once();
        let task = async move {
            let Ok(future) = given.await else { return };
            counts.run(future).await;
        };
        start(&here, task, gives, future)
    }

    /// Begins the shutdown, or says with what else it is to end. From any thread.
    ///
    /// Zero is a good end, which another status replaces; a first status other than zero stays, and asking for the same, or for a good end, does nothing.
    ///
    /// # Errors
    /// It ends with another status.
    pub fn shutdown(&self, status: i32) -> Result<(), StatusError> {
        let mut state = self.inner.lock();
        let now = state.ended.as_ref().map(|ended| ended.status).or(state.status);
        match now {
            None => state.status = Some(status),
            Some(now) if status == 0 || status == now => return Ok(()),
            Some(0) if state.ended.is_none() => {
                state.status = Some(status);
                return Ok(());
            }
            Some(stays) => return Err(StatusError { stays, refused: status }),
        }
        let over = state.handlers == 0;
        drop(state);
        let _ = self.inner.begun.fill(());
        if over {
            let _ = self.inner.over.fill(());
        }
        Ok(())
    }

    /// What it is to end with so far. `None`: it has not begun.
    pub fn status(&self) -> Option<i32> {
        self.inner.lock().status
    }

    /// Waits until it begins.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn begun(&self) {
        // Nobody closes it.
        let _ = self.inner.begun.read().await;
    }

    /// Waits until it has begun and all handlers have ended, or until their time has run out, which counts from when this finds that it has begun. The first
    /// answer stands: later statuses do not change it.
    ///
    /// # Errors
    /// No executor is current here, so there is no clock to force it by.
    ///
    /// # Cancel safety
    /// Strict, but the time counts anew.
    pub async fn finished(&self) -> Result<Ended, NoContext> {
        self.begun().await;
        let forced = match with_timeout(self.inner.force_after, self.inner.over.read()).await {
            Ok(_) => false,
            Err(TimeoutError::Elapsed) => true,
            Err(TimeoutError::NoContext) => return Err(NoContext),
        };
        Ok(self.inner.lock().end(forced))
    }

    /// As [`finished`](Self::finished), for a system thread, which it blocks: the main thread of a program whose executors are on others, as those of a pool
    /// are. The time is the system's.
    ///
    /// # Errors
    /// This is the thread of an executor, in its turn.
    pub fn wait_finished(&self) -> Result<Ended, OnExecutor> {
        wait(self.begun())?;
        let over = wait_timeout(self.inner.over.read(), self.inner.force_after);
        Ok(self.inner.lock().end(over.is_err()))
    }

    /// A handler more, if this may be.
    fn count(&self, may: impl FnOnce(&State) -> bool) -> Option<Counts> {
        let mut state = self.inner.lock();
        may(&state).then(|| {
            state.handlers += 1;
            Counts { shutdown: self.clone(), counts: true }
        })
    }
}

impl State {
    fn end(&mut self, forced: bool) -> Ended {
        let Self { status, failures, .. } = self;
        let ended = self.ended.get_or_insert_with(|| {
            let asked = status.unwrap_or(0);
            let status = match asked {
                _ if forced => FAILED,
                0 if !failures.is_empty() => FAILED,
                asked => asked,
            };
            Ended { status, forced, failures: failures.clone() }
        });
        ended.clone()
    }
}

/// Starts a task of the shutdown in the root context, and gives it its handler, or hands that back.
fn start<F: 'static>(
    here: &Here,
    task: impl Future<Output = ()> + 'static,
    gives: OnceFiller<F>,
    handler: F,
) -> Result<(), AtShutdownError<F>> {
    let named = Attributes::new().name("shutdown");
    match Context::root().run(|| here.spawn_with(named, task)) {
        Ok(task) => {
            task.detach();
            gives.fill(handler).map_err(|Filled(handler)| AtShutdownError::NoContext(handler))
        }
        Err(Refused(_)) => Err(AtShutdownError::NoContext(handler)),
    }
}

/// A handler counts, until this is dropped [D1].
struct Counts {
    shutdown: Shutdown,
    counts: bool,
}

impl Counts {
    /// Runs the handler as a task of its own, whose panic is its alone.
    async fn run<F: Future<Output: Outcome> + 'static>(mut self, handler: F) {
        let failure = match spawn(handler) {
            Ok(task) => match task.await {
                Ok(outcome) => outcome.failure(),
                Err(error) => Some(error.into()),
            },
            Err(Refused(_)) => Some(NoContext.into()),
        };
        self.leave(failure);
    }

    fn leave(&mut self, failure: Option<Fault>) {
        self.counts = false;
        let inner = &self.shutdown.inner;
        let mut state = inner.lock();
        state.failures.extend(failure);
        state.handlers -= 1;
        let over = state.handlers == 0 && state.status.is_some();
        drop(state);
        if over {
            let _ = inner.over.fill(());
        }
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        if self.counts {
            let begun = self.shutdown.status().is_some();
            self.leave(begun.then_some(Fault::Text(
                "the executor of a handler was dropped before that had ended",
            )));
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // [D2] Nothing in here panics with it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.lock();
        f.debug_struct("Shutdown")
            .field("status", &state.status)
            .field("handlers", &state.handlers)
            .finish_non_exhaustive()
    }
}
