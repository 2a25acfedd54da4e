//! tokio: the multi-thread runtime, and its own cells.

use std::future::Future;

use tidemill_benches::core::{meter::Meter, operations::Kind};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    contract::{Blocking, Ended, Ends, Pool, Side},
    operations::{sums, tasks, wakes},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Tokio>(kind, meter)
        .or_else(|meter| tasks::blocking::<Tokio>(kind, meter))
        .or_else(|meter| wakes::play::<Tokio>(kind, meter))
        .or_else(|meter| sums::tasks::<Tokio>(kind, meter))
}

struct Tokio(Runtime);

impl Pool for Tokio {
    fn new(workers: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build();
        Self(runtime.expect("the system has what it asks for"))
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.0.spawn(future)
    }

    fn spawn_here<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        tokio::spawn(future)
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended.expect("it neither panics nor is cancelled")
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }
}

impl Ends for Tokio {
    type Fill = oneshot::Sender<u64>;
    type Read = oneshot::Receiver<u64>;

    fn pair() -> (Self::Fill, Self::Read) {
        oneshot::channel()
    }

    fn fill(end: Self::Fill, value: u64) {
        end.send(value).expect("it is awaited");
    }

    async fn read(end: Self::Read) -> u64 {
        end.await.expect("it is filled")
    }
}

impl Blocking for Tokio {
    async fn in_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
        spawn_blocking(run).await.expect("it does not panic")
    }
}

/// Its threads are bound to the core of the one that makes it.
impl Side for Tokio {
    fn start(core: usize, future: impl Future<Output = ()> + Send + 'static) -> Self {
        tidemill_benches::server::pin(core).expect("there is such a core");
        let tokio = Self::new(1);
        drop(tokio.spawn(future));
        tokio
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}
