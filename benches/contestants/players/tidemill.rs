//! Ours, without a ring: `sched`'s Local on the clock of `std`, parked by `thread::park`.

use std::{
    future::Future,
    ops::ControlFlow::{Break, Continue},
    pin::pin,
    sync::Arc,
    thread::{self, Thread},
    time::Duration,
};

use tidemill_benches::core::{meter::Meter, operations::Kind};
use tidemill_core::{
    choose,
    clock::{Clock, Instant},
    ivar::{Ivar, repeat},
    scope::after,
    share::{Mutex, pipe},
    task::{JoinHandle, yield_now},
    wait::{Doorbell, Park, Wait},
};
use tidemill_sched::{Local, spawn};

use crate::{
    contract::{Choice, Ended, Ends, Executor, Lock, Pipe, Slept, Steps, Timers, Values},
    operations::{pipes, tasks, timers, values},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Ours>(kind, meter)
        .or_else(|meter| tasks::spawn::<Ours>(kind, meter))
        .or_else(|meter| timers::play::<Ours>(kind, meter))
        .or_else(|meter| values::ready::<Ours>(kind, meter))
        .or_else(|meter| values::parked::<Ours>(kind, meter))
        .or_else(|meter| values::threads::<Ours>(kind, meter))
        .or_else(|meter| values::choice::<Ours>(kind, meter))
        .or_else(|meter| values::lock::<Ours>(kind, meter))
        .or_else(|meter| pipes::play::<Ours>(kind, meter))
        .or_else(|meter| pipes::steps::<Ours>(kind, meter))
}

pub(super) struct Ours;

/// The platform: the clock of `std`, and the thread that runs.
struct Platform {
    origin: std::time::Instant,
    thread: Thread,
}

impl Clock for Platform {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.origin.elapsed().as_nanos() as u64)
    }
}

impl Doorbell for Platform {
    fn ring(&self) {
        self.thread.unpark();
    }
}

struct ThreadPark {
    origin: std::time::Instant,
}

impl Park for ThreadPark {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Forever => thread::park(),
            Wait::Until(moment) => {
                let moment = self.origin + Duration::from_nanos(moment.as_nanos());
                let rest = moment.saturating_duration_since(std::time::Instant::now());
                thread::park_timeout(rest);
            }
        }
    }
}

impl Executor for Ours {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let origin = std::time::Instant::now();
        let local = Local::new(Platform { origin, thread: thread::current() });
        local.run_with(pin!(root), &mut ThreadPark { origin })
    }

    type Handle<T: Send + 'static> = JoinHandle<T>;

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        spawn(future).expect("it runs on a Local")
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended.expect("it neither panics nor is cancelled")
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_now()
    }
}

impl Timers for Ours {
    const GRAIN: Duration = Duration::ZERO;

    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static {
        after(span)
    }
}

impl Values for Ours {
    type Cell = Ivar<u64>;

    fn new() -> Ivar<u64> {
        Ivar::new()
    }

    fn fill(cell: &Ivar<u64>, value: u64) {
        cell.fill(value).expect("it is empty");
    }

    async fn read(cell: &Ivar<u64>) -> u64 {
        *cell.read().await.expect("it is not closed")
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

impl Choice for Ours {
    type Cell = Ivar<u64>;

    fn new() -> Ivar<u64> {
        Ivar::new()
    }

    fn fill(cell: &Ivar<u64>, value: u64) {
        cell.fill(value).expect("it is empty");
    }

    async fn choose(first: &Ivar<u64>, second: &Ivar<u64>) -> u64 {
        choose! {
            value = first => *value.expect("it is not closed"),
            value = second => *value.expect("it is not closed"),
        }
    }

    fn is_awaited(cell: &Ivar<u64>) -> bool {
        cell.has_readers()
    }
}

impl Lock for Ours {
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

impl Pipe for Ours {
    type On = Self;

    async fn pass(items: u64, room: usize) -> u64 {
        let (write, read) = pipe::channel(room).expect("there is room");
        let writer = Self::spawn(async move {
            for item in 0..items {
                write.writer().write(item).await.expect("it is read to the end");
            }
        });
        let mut sum = 0;
        while let Some(item) = read.reader().read().await {
            sum += item;
        }
        Self::value(writer.await);
        sum
    }
}

impl Steps for Ours {
    async fn steps(count: usize) -> usize {
        let there = &Ivar::new();
        there.fill(1).expect("it is empty");
        repeat(0, |taken| async move {
            let taken = taken + there.read().await.map_or(0, |&one| one);
            if taken < count { Continue(taken) } else { Break(taken) }
        })
        .await
    }
}
