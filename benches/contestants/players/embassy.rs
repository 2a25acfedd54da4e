//! embassy: its executor on its platform for `std`, and its channels, signals and locks in the form for one thread. Its tasks live in statics and cannot be
//! joined; here they live in boxes that are leaked, and are joined through a cell.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use embassy_executor::{Executor as Embassies, Spawner, raw::TaskStorage};
use embassy_sync::{
    blocking_mutex::raw::NoopRawMutex, channel::Channel, mutex::Mutex, signal::Signal,
};
use tidemill_benches::core::{
    meter::Meter,
    operations::{ITEMS, Kind},
};

use crate::{
    contract::{Ended, Executor, Lock, Pipe, Values, yield_by_wake},
    operations::{pipes, tasks, values},
};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    tasks::play::<Embassy>(kind, meter)
        .or_else(|meter| values::ready::<Embassy>(kind, meter))
        .or_else(|meter| values::parked::<Embassy>(kind, meter))
        .or_else(|meter| values::lock::<Embassy>(kind, meter))
        .or_else(|meter| pipes::play::<Embassy>(kind, meter))
}

struct Embassy;

thread_local! {
    /// The executor that runs.
    static SPAWNER: Cell<Option<Spawner>> = const { Cell::new(None) };
}

/// What becomes of a task, and who waits for it.
struct Joint<T> {
    value: Cell<Option<T>>,
    waiting: RefCell<Option<Waker>>,
}

/// Waits for a task.
struct Join<T>(Rc<Joint<T>>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.0.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                *self.0.waiting.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Joint<T> {
    async fn fill(self: Rc<Self>, future: impl Future<Output = T>) {
        self.value.set(Some(future.await));
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

impl Executor for Embassy {
    fn run<F: Future + 'static>(root: F) -> F::Output {
        let executor = Box::leak(Box::new(Embassies::new()));
        let joint = Rc::new(Joint { value: Cell::new(None), waiting: RefCell::new(None) });
        let (mine, over) = (joint.clone(), Rc::new(Cell::new(false)));
        let done = over.clone();
        let root = async move {
            mine.fill(root).await;
            over.set(true);
        };
        executor.run_until(|spawner| spawn_on(spawner, root), move || done.get());
        joint.value.take().expect("it has ended")
    }

    type Handle<T: Send + 'static> = Join<T>;

    fn spawn<F>(future: F) -> Join<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static,
    {
        let joint = Rc::new(Joint { value: Cell::new(None), waiting: RefCell::new(None) });
        spawn_on(SPAWNER.get().expect("an executor runs"), joint.clone().fill(future));
        Join(joint)
    }

    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T {
        ended
    }

    fn yield_now() -> impl Future<Output = ()> {
        yield_by_wake()
    }
}

fn spawn_on<F: Future<Output = ()> + 'static>(spawner: Spawner, future: F) {
    SPAWNER.set(Some(spawner));
    let storage: &'static TaskStorage<F> = Box::leak(Box::new(TaskStorage::new()));
    spawner.spawn(storage.spawn(|| future).expect("it is new"));
}

impl Values for Embassy {
    type Cell = Signal<NoopRawMutex, u64>;

    fn new() -> Self::Cell {
        Signal::new()
    }

    fn fill(cell: &Self::Cell, value: u64) {
        cell.signal(value);
    }

    fn read(cell: &Self::Cell) -> impl Future<Output = u64> {
        cell.wait()
    }
}

impl Lock for Embassy {
    type Mutex = Mutex<NoopRawMutex, u64>;

    fn new(value: u64) -> Self::Mutex {
        Mutex::new(value)
    }

    async fn add_one(mutex: &Self::Mutex) -> u64 {
        let mut value = mutex.lock().await;
        *value += 1;
        *value - 1
    }
}

impl Pipe for Embassy {
    type On = Self;

    async fn pass(items: u64, room: usize) -> u64 {
        match room {
            1 => pass_through::<1>(items).await,
            100 => pass_through::<100>(items).await,
            ITEMS => pass_through::<ITEMS>(items).await,
            _ => panic!("it has channels of fixed sizes"),
        }
    }
}

/// It has no end: as many are read as were written.
async fn pass_through<const ROOM: usize>(items: u64) -> u64 {
    let write = Rc::new(Channel::<NoopRawMutex, u64, ROOM>::new());
    let read = write.clone();
    let writer = Embassy::spawn(async move {
        for item in 0..items {
            write.send(item).await;
        }
    });
    let mut sum = 0;
    for _ in 0..items {
        sum += read.receive().await;
    }
    writer.await;
    sum
}
