//! What a contestant brings: a few small functions for each thing that it can do. The operations are written once, over these.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    marker::PhantomData,
    mem,
    task::Poll,
    time::{Duration, Instant},
};

/// Runs tasks on one thread.
pub(crate) trait Executor: Sized + 'static {
    /// Whether an operation is the future that `run` is given, and not a task of its own. Programs do most of what they do in tasks.
    const AS_MAIN: bool = false;

    /// Runs a future to its end, on an executor made for it.
    fn run<F: Future + 'static>(root: F) -> F::Output;

    /// What a task is awaited by.
    type Handle<T: Send + 'static>: Future + 'static;

    /// Makes a task, which goes on by itself.
    fn spawn<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + 'static;

    /// The value of a task that was awaited, and has ended well.
    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T;

    /// Yields, as it says that one does.
    fn yield_now() -> impl Future<Output = ()>;

    /// Comes back when all that were ready have had their turn.
    fn others() -> impl Future<Output = ()> {
        Self::yield_now()
    }
}

/// Runs an operation.
pub(crate) fn run<E, F>(operation: F) -> F::Output
where
    E: Executor,
    F: Future<Output: Send + 'static> + 'static,
{
    match E::AS_MAIN {
        true => E::run(operation),
        false => E::run(async { E::value(E::spawn(operation).await) }),
    }
}

/// Yields, for those who have no word for it: wakes itself, and is not ready.
pub(crate) async fn yield_by_wake() {
    let mut yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What awaiting a task gives.
pub(crate) type Ended<E, T> = <<E as Executor>::Handle<T> as Future>::Output;

/// Waits for moments.
pub(crate) trait Timers: Executor {
    /// How much later than due a timer may fire, because its clock is coarse.
    const GRAIN: Duration;

    /// Waits for so long.
    fn sleep(span: Duration) -> impl Future<Output: Slept> + 'static;
}

/// What a timer says when it has fired.
pub(crate) trait Slept {
    /// Whether that is what it says.
    fn has_slept(self) -> bool;
}

impl Slept for () {
    fn has_slept(self) -> bool {
        true
    }
}

impl Slept for Instant {
    fn has_slept(self) -> bool {
        true
    }
}

impl<E> Slept for Result<(), E> {
    fn has_slept(self) -> bool {
        self.is_ok()
    }
}

/// Sets a value once, and hands it over.
pub(crate) trait Values {
    /// Both ends.
    type Cell;

    /// A cell without a value.
    fn new() -> Self::Cell;

    /// Sets the value.
    fn fill(cell: &Self::Cell, value: u64);

    /// Waits for the value.
    fn read(cell: &Self::Cell) -> impl Future<Output = u64>;
}

/// Sets a value once, and hands it over: by two ends, the one of which may go to another thread.
pub(crate) trait Ends {
    /// The end that sets it.
    type Fill: Send + 'static;
    /// The end that waits for it.
    type Read;

    /// Both ends.
    fn pair() -> (Self::Fill, Self::Read);

    /// Sets the value.
    fn fill(end: Self::Fill, value: u64);

    /// Waits for the value.
    fn read(end: Self::Read) -> impl Future<Output = u64>;
}

/// Two ends, kept in one place.
pub(crate) struct Pair<E>(PhantomData<E>);

impl<E: Ends> Values for Pair<E> {
    type Cell = (Cell<Option<E::Fill>>, Cell<Option<E::Read>>);

    fn new() -> Self::Cell {
        let (fill, read) = E::pair();
        (Cell::new(Some(fill)), Cell::new(Some(read)))
    }

    fn fill((fill, _): &Self::Cell, value: u64) {
        E::fill(fill.take().expect("it is filled once"), value);
    }

    fn read((_, read): &Self::Cell) -> impl Future<Output = u64> {
        E::read(read.take().expect("it is read once"))
    }
}

/// Waits for either of two values that may be read any number of times.
pub(crate) trait Choice: 'static {
    /// A value that may come.
    type Cell: 'static;

    /// A cell without a value.
    fn new() -> Self::Cell;

    /// Sets the value.
    fn fill(cell: &Self::Cell, value: u64);

    /// The value that is there first; `first` is asked first.
    fn choose(first: &Self::Cell, second: &Self::Cell) -> impl Future<Output = u64>;

    /// Whether somebody still waits for it, where it can tell.
    fn is_awaited(_cell: &Self::Cell) -> bool {
        false
    }
}

/// Carries items from task to task.
pub(crate) trait Pipe: 'static {
    /// What runs the tasks.
    type On: Executor;

    /// Spawns a task that writes the numbers below `items` into a pipe with room for `room`, one by one; reads them one by one, to the end, and returns
    /// their sum.
    fn pass(items: u64, room: usize) -> impl Future<Output = u64>;
}

/// Excludes others.
pub(crate) trait Lock: 'static {
    /// A number under a lock.
    type Mutex: 'static;

    /// With a number in it.
    fn new(value: u64) -> Self::Mutex;

    /// Locks, adds one, unlocks, and says what it was before.
    fn add_one(mutex: &Self::Mutex) -> impl Future<Output = u64>;
}

/// Loops by steps that await.
pub(crate) trait Steps: Executor {
    /// Takes so many steps, each of which awaits a value, and says how many.
    fn steps(count: usize) -> impl Future<Output = usize>;
}
