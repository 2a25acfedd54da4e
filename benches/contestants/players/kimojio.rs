//! kimojio, as it comes. Its channels have no bound, or room for one.

use std::{future::Future, time::Duration};

use kimojio::{
    Runtime,
    configuration::Configuration,
    operations::{TaskHandle, sleep, spawn_task, yield_io},
};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{
    contract::{Ended, Executor, Slept, Timers},
    operations::{tasks, timers},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Kimojio>(kind, meter)
        .or_else(|meter| tasks::spawn::<Kimojio>(kind, meter))
        .or_else(|meter| timers::play::<Kimojio>(kind, meter))
}

struct Kimojio;

impl Executor for Kimojio {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let ended = Runtime::new(0, Configuration::new()).block_on(root);
        match ended {
            Some(Ok(output)) => output,
            Some(Err(_)) => panic!("the operation panicked"),
            None => panic!("the runtime was shut down"),
        }
    }

    type Handle<T: Send + 'static> = TaskHandle<T>;

    fn spawn<F>(future: F) -> TaskHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        spawn_task(future)
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        match ended {
            Ok(value) => value,
            Err(_) => panic!("it neither panics nor is cancelled"),
        }
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_io()
    }
}

impl Timers for Kimojio {
    const GRAIN: Duration = Duration::ZERO;

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        sleep(span)
    }
}
