//! Waiting for a moment in a task of a pool.
//!
//! The timer stands on the wheel of the worker that polls first, in a task of that worker's own executor, which wakes from there: so the task that waits may go on on
//! another.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    context::with_current,
    error::NoContext,
    scope,
    task::{self, JoinHandle},
};

/// Resolves once `span` has passed, from the first poll on: never early. It is [`scope::after()`] for tasks that move between threads.
///
/// ```
/// use std::time::Duration;
/// use tidemill_sched::pool::{Pool, after};
///
/// let pool = Pool::new(2)?;
/// let task = pool.spawn(async { after(Duration::from_millis(1)).await }).unwrap();
/// pool.block_on(task).unwrap().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// No executor is current, or it is gone before.
///
/// # Cancel safety
/// Strict: dropping it calls the timer off.
pub fn after(span: Duration) -> Sleep {
    Sleep(State::Span(span))
}

/// As [`after`], for a moment.
///
/// # Errors
/// As [`after`].
///
/// # Cancel safety
/// As [`after`].
pub fn at(deadline: Instant) -> Sleep {
    Sleep(State::Deadline(deadline))
}

/// A wait for a moment, on whatever thread: made by [`after`] and [`at`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep(State);

#[derive(Debug)]
enum State {
    Span(Duration),
    Deadline(Instant),
    Set(JoinHandle<Result<(), NoContext>>),
}

impl Future for Sleep {
    type Output = Result<(), NoContext>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let deadline = match self.0 {
            State::Span(span) => {
                let now = with_current(|here| here.map(Clock::now)).ok_or(NoContext)?;
                Some(now + span)
            }
            State::Deadline(deadline) => Some(deadline),
            State::Set(_) => None,
        };
        if let Some(deadline) = deadline {
            let timer = task::spawn(scope::at(deadline)).map_err(|_| NoContext)?;
            self.0 = State::Set(timer.cancel_on_drop());
        }
        let State::Set(timer) = &mut self.0 else { unreachable!("it was set just now") };
        Pin::new(timer).poll(cx).map(|ended| ended.unwrap_or(Err(NoContext)))
    }
}
