//! tokio: the current-thread runtime, and its own channels, cells and locks.

#![expect(unsafe_code, reason = "says that tasks of a current-thread runtime stay on their thread")]

use std::{future::Future, time::Duration};

use tidemill_benches::{
    core::{meter::Meter, operations::Kind},
    stays::Stays,
};
use tokio::{
    runtime::Builder,
    sync::{Mutex, SetOnce, mpsc, oneshot},
    task::JoinHandle,
    time::sleep,
};

use crate::{
    contract::{Choice, Ended, Ends, Executor, Lock, Pair, Pipe, Slept, Timers},
    operations::{pipes, sleepers, tasks, timers, values},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Tokio>(kind, meter)
        .or_else(|meter| tasks::spawn::<Tokio>(kind, meter))
        .or_else(|meter| timers::play::<Tokio>(kind, meter))
        .or_else(|meter| sleepers::play::<Tokio>(kind, meter))
        .or_else(|meter| values::ready::<Pair<Tokio>>(kind, meter))
        .or_else(|meter| values::parked::<Pair<Tokio>>(kind, meter))
        .or_else(|meter| values::threads::<Tokio>(kind, meter))
        .or_else(|meter| values::choice::<Tokio>(kind, meter))
        .or_else(|meter| values::lock::<Tokio>(kind, meter))
        .or_else(|meter| pipes::play::<Tokio>(kind, meter))
}

struct Tokio;

impl Executor for Tokio {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("the system has what it asks for").block_on(root)
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        // SAFETY: the one runtime of this process is a current-thread runtime that never leaves `run`: it polls and drops its tasks there.
        tokio::spawn(unsafe { Stays::new(future) })
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended.expect("it neither panics nor is cancelled")
    }

    fn yield_now() -> impl Future<Output = ()> {
        tokio::task::yield_now()
    }
}

impl Timers for Tokio {
    const GRAIN: Duration = Duration::from_millis(2);

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        sleep(span)
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

impl Choice for Tokio {
    type Cell = SetOnce<u64>;

    fn new() -> SetOnce<u64> {
        SetOnce::new()
    }

    fn fill(cell: &SetOnce<u64>, value: u64) {
        cell.set(value).expect("it is empty");
    }

    async fn choose(first: &SetOnce<u64>, second: &SetOnce<u64>) -> u64 {
        tokio::select! {
            biased;
            value = first.wait() => *value,
            value = second.wait() => *value,
        }
    }
}

impl Lock for Tokio {
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

impl Pipe for Tokio {
    type On = Self;

    async fn pass(items: u64, room: usize) -> u64 {
        let (write, mut read) = mpsc::channel(room);
        let writer = Self::spawn(async move {
            for item in 0..items {
                write.send(item).await.expect("it is read to the end");
            }
        });
        let mut sum = 0;
        while let Some(item) = read.recv().await {
            sum += item;
        }
        Self::value(writer.await);
        sum
    }
}
