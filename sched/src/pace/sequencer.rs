//! A sequencer owns a value, and runs jobs with it one at a time, in order: a throttle with one slot, in which the value lies.

use tidemill_core::{
    const_new,
    lock::{Lock, RawLock},
};

use crate::pace::throttle::Throttle;

/// Owns a value, and runs jobs one at a time, in the order in which they came, each with the value: [`run_with`](Throttle::run_with) and
/// [`try_run_with`](Throttle::try_run_with). No job sees what another one has done by half, across awaits, unless that one was dropped or
/// panicked.
///
/// ```
/// # use std::{pin::pin, task::{Context, Waker, Poll}};
/// use tidemill_sched::pace::Sequencer;
///
/// static LOG: Sequencer<Vec<&str>> = Sequencer::owning(Vec::new());
///
/// let job = LOG.run_with(async |log: &mut Vec<&str>| {
///     log.push("begun");
///     log.push("ended");
///     log.len()
/// });
/// # assert_eq!(pin!(job).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(2)));
/// ```
///
/// A job runs inside the task that awaits it, and so under its monitor, however deep jobs are nested. Inside a job, a second one of the same
/// sequencer waits for itself. The value moves into the job and back.
///
/// Source: Async's `Throttle.Sequencer`.
pub type Sequencer<T, L = Lock> = Throttle<[Option<T>; 1], L>;

impl<T> Sequencer<T> {
    const_new! {
        /// A sequencer that owns `value`.
        pub fn owning(value: T) -> Self {
            Self::owning_in(value)
        }
    }
}

impl<T, L: RawLock> Sequencer<T, L> {
    const_new! {
        /// A sequencer that owns `value`, with the lock `L`.
        pub fn owning_in(value: T) -> Self {
            Self::with_slots([Some(value)], 1)
        }
    }
}
