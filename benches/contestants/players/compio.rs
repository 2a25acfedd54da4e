//! compio, as it comes. It has no channels of its own.

use std::{future::Future, time::Duration};

use compio::{
    runtime::{JoinHandle, RuntimeBuilder},
    time::sleep,
};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{
    contract::{Ended, Executor, Slept, Timers, yield_by_wake},
    operations::{sleepers, tasks, timers},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Compio>(kind, meter)
        .or_else(|meter| tasks::spawn::<Compio>(kind, meter))
        .or_else(|meter| timers::play::<Compio>(kind, meter))
        .or_else(|meter| sleepers::play::<Compio>(kind, meter))
}

struct Compio;

impl Executor for Compio {
    /// A task of it that spawns others and awaits them has it sleep and rung awake each time: a hundred times what it takes otherwise.
    const AS_MAIN: bool = true;

    fn run<F: Future + 'static>(root: F) -> F::Output {
        RuntimeBuilder::new().build().expect("the system has rings").block_on(root)
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        compio::runtime::spawn(future)
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended.expect("it neither panics nor is cancelled")
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_by_wake()
    }
}

impl Timers for Compio {
    const GRAIN: Duration = Duration::ZERO;

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        sleep(span)
    }
}
