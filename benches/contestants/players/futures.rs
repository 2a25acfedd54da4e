//! futures: `LocalPool`, and its own channels and locks. It has no timers.

use std::{cell::RefCell, future::Future};

use futures::{
    FutureExt, SinkExt, StreamExt,
    channel::{mpsc, oneshot},
    executor::{LocalPool, LocalSpawner},
    future::{RemoteHandle, Shared, select},
    lock::Mutex,
    task::LocalSpawnExt,
};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::{
    contract::{Choice, Ended, Ends, Executor, Lock, Pair, Pipe, yield_by_wake},
    operations::{pipes, tasks, values},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Futures>(kind, meter)
        .or_else(|meter| tasks::spawn::<Futures>(kind, meter))
        .or_else(|meter| values::ready::<Pair<Futures>>(kind, meter))
        .or_else(|meter| values::parked::<Pair<Futures>>(kind, meter))
        .or_else(|meter| values::threads::<Futures>(kind, meter))
        .or_else(|meter| values::choice::<Futures>(kind, meter))
        .or_else(|meter| values::lock::<Futures>(kind, meter))
        .or_else(|meter| pipes::play::<Futures>(kind, meter))
}

struct Futures;

thread_local! {
    /// The pool that runs.
    static POOL: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

impl Executor for Futures {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let mut pool = LocalPool::new();
        POOL.set(Some(pool.spawner()));
        pool.run_until(root)
    }

    type Handle<T: Send + 'static> = RemoteHandle<T>;

    fn spawn<F>(future: F) -> RemoteHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        POOL.with_borrow(|pool| {
            let pool = pool.as_ref().expect("a pool runs");
            pool.spawn_local_with_handle(future).expect("the pool runs")
        })
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_by_wake()
    }
}

impl Ends for Futures {
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

/// A receiver that may be awaited any number of times, and who sends to it.
struct SharedCell {
    send: RefCell<Option<oneshot::Sender<u64>>>,
    receive: Shared<oneshot::Receiver<u64>>,
}

impl Choice for Futures {
    type Cell = SharedCell;

    fn new() -> SharedCell {
        let (send, receive) = oneshot::channel();
        SharedCell { send: RefCell::new(Some(send)), receive: receive.shared() }
    }

    fn fill(cell: &SharedCell, value: u64) {
        let send = cell.send.take().expect("it is empty");
        send.send(value).expect("it is awaited");
    }

    async fn choose(first: &SharedCell, second: &SharedCell) -> u64 {
        let both = select(first.receive.clone(), second.receive.clone());
        both.await.factor_first().0.expect("it is filled")
    }
}

impl Lock for Futures {
    type Mutex = Mutex<u64>;

    fn new(value: u64) -> Mutex<u64> {
        Mutex::new(value)
    }

    async fn add_one(mutex: &Mutex<u64>) -> u64 {
        let mut value = mutex.lock().await;
        *value += 1;
        *value - 1
    }
}

impl Pipe for Futures {
    type On = Self;

    /// Its channel has room for one more than it is told, for each sender.
    async fn pass(items: u64, room: usize) -> u64 {
        let (mut write, mut read) = mpsc::channel(room - 1);
        let writer = Self::spawn(async move {
            for item in 0..items {
                write.send(item).await.expect("it is read to the end");
            }
        });
        let mut sum = 0;
        while let Some(item) = read.next().await {
            sum += item;
        }
        writer.await;
        sum
    }
}
