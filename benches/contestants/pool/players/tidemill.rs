//! Ours: sched's Pool, pinned as it comes.

use std::{future::Future, sync::Arc};

use tidemill_benches::core::{meter::Meter, operations::Kind};
use tidemill_core::{
    ivar::Ivar,
    task::{JoinHandle, spawn_send, yield_now},
};
use tidemill_sched::{
    bridge,
    pool::{self, Spawner},
};

use super::tidemill_values;
use crate::{
    contract::{Blocking, Ended, Ends, Pool, Side},
    operations::{sums, tasks, wakes},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Ours>(kind, meter)
        .or_else(|meter| tasks::blocking::<Ours>(kind, meter))
        .or_else(|meter| wakes::play::<One>(kind, meter))
        .or_else(|meter| sums::tasks::<Ours>(kind, meter))
        .or_else(|meter| tidemill_values::play(kind, meter))
}

struct Ours(pool::Pool);

impl Pool for Ours {
    fn new(workers: usize) -> Self {
        Self(pool::Pool::new(workers).expect("the system has threads"))
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.0.spawn(future).expect("it is there")
    }

    fn spawn_here<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        spawn_send(future).expect("it is called in a task")
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended.expect("it neither panics nor is cancelled")
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future).expect("it ends")
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        yield_now()
    }
}

impl Ends for Ours {
    type Fill = Arc<Ivar<u64>>;
    type Read = Arc<Ivar<u64>>;

    fn pair() -> (Self::Fill, Self::Read) {
        let cell = Arc::new(Ivar::new());
        (cell.clone(), cell)
    }

    fn fill(end: Self::Fill, value: u64) {
        end.fill(value).expect("it is empty");
    }

    async fn read(end: Self::Read) -> u64 {
        *end.read().await.expect("it is not closed")
    }
}

impl Blocking for Ours {
    async fn in_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
        bridge::in_thread(run).await.expect("it does not panic")
    }
}

/// A pool of one worker, which others wake.
struct One {
    pool: Ours,
    _others: Spawner,
}

impl Side for One {
    fn start(core: usize, future: impl Future<Output = ()> + Send + 'static) -> Self {
        tidemill_benches::server::pin(core).expect("there is such a core");
        let pool = Ours::new(1);
        assert_eq!(pool.0.places()[0].cpu, core, "it is where its maker is");
        drop(pool.spawn(future));
        Self { _others: pool.0.spawner(), pool }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.pool.block_on(future)
    }
}
