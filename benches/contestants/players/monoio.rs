//! monoio, as it comes, with its timers. It has no channels of its own.

use std::{future::Future, time::Duration};

use monoio::{IoUringDriver, RuntimeBuilder, task::JoinHandle, time::sleep};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{
    contract::{Ended, Executor, Slept, Timers, yield_by_wake},
    operations::{sleepers, tasks, timers},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Monoio>(kind, meter)
        .or_else(|meter| tasks::spawn::<Monoio>(kind, meter))
        .or_else(|meter| timers::play::<Monoio>(kind, meter))
        .or_else(|meter| sleepers::play::<Monoio>(kind, meter))
}

struct Monoio;

impl Executor for Monoio {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let runtime = RuntimeBuilder::<IoUringDriver>::new().enable_timer().build();
        runtime.expect("the system has rings").block_on(root)
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        monoio::spawn(future)
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_by_wake()
    }

    /// Who wakes itself comes first again.
    async fn others() {
        monoio::spawn(async {}).await;
    }
}

impl Timers for Monoio {
    const GRAIN: Duration = Duration::from_millis(2);

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        sleep(span)
    }
}
