//! A wait: a system thread sleeps until a future that others complete is ready.
//!
//! | the thread    | a wake                    | something else ends its sleep |
//! |---------------|---------------------------|-------------------------------|
//! | polls         | polls again, without sleep | -                            |
//! | sleeps        | polls                     | sleeps on                     |
//!
//! [W1] A wake sets `woken` before it ends the sleep, and the thread takes `woken` back before it polls: no wake is lost, and no poll is for
//!      nothing but a wake.
//! [W2] Where a Home is current the thread is an executor's, and nothing sleeps.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use tidemill_core::{
    context::with_current,
    sync::{
        AtomicBool,
        Ordering::{Acquire, Release},
        thread::{Thread, current, park, park_timeout},
    },
};

use super::error::{OnExecutor, WaitError};

/// Waits on this system thread for what others complete: a value that is filled by a task, a [`JoinHandle`](tidemill_core::task::JoinHandle), an
/// [`InThread`](super::InThread). The future is polled on this thread and has no executor: no timer, no `spawn`.
///
/// What would have to be done by a task of an executor that is being dropped on this thread never comes: do not wait for that in the drop of another of its tasks.
///
/// # Errors
/// This is the thread of an executor, in its turn: the future is dropped unpolled.
///
/// ```
/// use tidemill_core::ivar;
/// use tidemill_sched::bridge::wait;
///
/// let (filler, once) = ivar::once();
/// let thread = std::thread::spawn(move || wait(once));
/// assert!(filler.fill(7).is_ok());
/// assert_eq!(thread.join().unwrap(), Ok(Ok(7)));
/// ```
pub fn wait<F: Future>(future: F) -> Result<F::Output, OnExecutor> {
    match sleep_until(future, None) {
        Ok(output) => Ok(output),
        Err(_) => Err(OnExecutor),
    }
}

/// As [`wait`], for so long at most. (A time beyond what the system's clock can tell is for ever.)
///
/// # Errors
/// This is the thread of an executor, or the time ran out: the future is dropped. One that is ready is polled once, however short the time.
pub fn wait_timeout<F: Future>(future: F, at_most: Duration) -> Result<F::Output, WaitError> {
    sleep_until(future, Instant::now().checked_add(at_most))
}

/// Whether this is the thread of an executor, in its turn [W2].
pub(super) fn is_executor() -> bool {
    with_current(|home| home.is_some())
}

fn sleep_until<F: Future>(future: F, until: Option<Instant>) -> Result<F::Output, WaitError> {
    if is_executor() {
        return Err(WaitError::OnExecutor);
    }
    let mut future = pin!(future);
    let sleeper = Arc::new(Sleeper { woken: AtomicBool::new(false), thread: current() });
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Ok(output);
        }
        if !sleeper.sleep(until) {
            return Err(WaitError::Elapsed);
        }
    }
}

/// A thread that sleeps, as its wakers know it.
struct Sleeper {
    woken: AtomicBool,
    thread: Thread,
}

impl Sleeper {
    /// Sleeps until a wake, or, and then it is `false`, until this moment.
    fn sleep(&self, until: Option<Instant>) -> bool {
        // ordering: Acquire pairs with Release in `wake_by_ref`: what was done before the wake. [W1]
        while !self.woken.swap(false, Acquire) {
            let Some(until) = until else {
                park();
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            park_timeout(left);
        }
        true
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ordering: Release pairs with Acquire in `sleep`. A wake that finds another's mark leaves the sleep to that one; it is an exchange, and so
        // carries on the other's Release.
        if !self.woken.swap(true, Release) {
            self.thread.unpark();
        }
    }
}
