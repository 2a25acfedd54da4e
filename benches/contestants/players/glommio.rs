//! glommio, as it comes, not bound to a core of its choice.

use std::{future::Future, time::Duration};

use glommio::{
    LocalExecutorBuilder, Placement, Task, channels::local_channel, executor, spawn_local,
    sync::RwLock, timer::Timer,
};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{
    contract::{Ended, Executor, Lock, Pipe, Slept, Timers},
    operations::{pipes, sleepers, tasks, timers, values},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Glommio>(kind, meter)
        .or_else(|meter| tasks::spawn::<Glommio>(kind, meter))
        .or_else(|meter| timers::play::<Glommio>(kind, meter))
        .or_else(|meter| sleepers::play::<Glommio>(kind, meter))
        .or_else(|meter| values::lock::<Glommio>(kind, meter))
        .or_else(|meter| pipes::play::<Glommio>(kind, meter))
}

struct Glommio;

impl Executor for Glommio {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let executor = LocalExecutorBuilder::new(Placement::Unbound).make();
        executor.expect("the system has rings").run(root)
    }

    type Handle<T: Send + 'static> = Task<T>;

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        spawn_local(future)
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended
    }

    async fn yield_now() {
        executor().yield_now().await;
    }
}

impl Timers for Glommio {
    const GRAIN: Duration = Duration::ZERO;

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        Timer::new(span)
    }
}

/// It has no mutex: a lock for readers and writers, taken to write.
impl Lock for Glommio {
    type Mutex = RwLock<u64>;

    fn new(value: u64) -> RwLock<u64> {
        RwLock::new(value)
    }

    async fn add_one(mutex: &RwLock<u64>) -> u64 {
        let mut value = mutex.write().await.expect("it is not closed");
        *value += 1;
        *value - 1
    }
}

impl Pipe for Glommio {
    type On = Self;

    async fn pass(items: u64, room: usize) -> u64 {
        let (write, read) = local_channel::new_bounded(room);
        let writer = Self::spawn(async move {
            for item in 0..items {
                write.send(item).await.expect("it is read to the end");
            }
        });
        let mut sum = 0;
        while let Some(item) = read.recv().await {
            sum += item;
        }
        writer.await;
        sum
    }
}
