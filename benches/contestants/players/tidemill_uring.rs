//! Ours on its ring: the runtime as a server has it.

use std::{future::Future, time::Duration};

use tidemill_benches::core::{meter::Meter, operations::Kind};
use tidemill_core::{
    scope::after,
    task::{JoinHandle, yield_now},
};
use tidemill_uring::runtime::{Runtime, spawn};

use crate::{
    contract::{Ended, Executor, Slept, Timers},
    operations::{sleepers, tasks, timers},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Ring<0>>(kind, meter)
        .or_else(|meter| tasks::spawn::<Ring<0>>(kind, meter))
        .or_else(|meter| timers::play::<Ring<0>>(kind, meter))
        .or_else(|meter| sleepers::play::<Ring<0>>(kind, meter))
}

/// Where timers may fire up to one millisecond later than they are due.
pub(crate) fn play_slack(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    sleepers::play::<Ring<1>>(kind, meter)
}

/// A ring, with so many milliseconds of slack for timers.
struct Ring<const SLACK_MS: u64>;

impl<const SLACK_MS: u64> Executor for Ring<SLACK_MS> {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let runtime = Runtime::new().expect("the system has rings");
        runtime.run(root).unwrap_or_else(|ended| panic!("{ended}"))
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        spawn(future).expect("it runs on a worker")
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended.expect("it neither panics nor is cancelled")
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_now()
    }
}

impl<const SLACK_MS: u64> Timers for Ring<SLACK_MS> {
    const GRAIN: Duration = Duration::from_millis(SLACK_MS);

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        after(span).with_slack(Duration::from_millis(SLACK_MS))
    }
}
