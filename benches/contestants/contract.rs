//! What a contestant brings: a few small functions for each thing that it can do. The operations are written once, over these.

use std::{cell::Cell, future::Future, marker::PhantomData, time::Duration};

/// Runs tasks on one thread.
pub(crate) trait Executor: 'static {
    /// Runs a future to its end, on an executor made for it.
    fn run<F: Future + 'static>(root: F) -> F::Output;

    /// Makes a task, which goes on by itself, and a future of what it returns.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future<Output: Send + 'static> + 'static;

    /// Lets all others that are ready have their turn.
    fn yield_now() -> impl Future<Output = ()>;
}

/// Waits for moments.
pub(crate) trait Timers: Executor {
    /// How much later than due a timer may fire, because its clock is coarse.
    const GRAIN: Duration;

    /// Waits for so long.
    fn sleep(span: Duration) -> impl Future<Output = ()> + 'static;
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
pub(crate) trait Pipe: Executor {
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
