//! What a contestant brings: a few small functions for each thing that it can do. The operations are written once, over these.

use std::future::Future;

/// Runs tasks on several threads.
pub(crate) trait Pool: Sized + 'static {
    /// So many workers.
    fn new(workers: usize) -> Self;

    /// What a task is awaited by.
    type Handle<T: Send + 'static>: Future + Send + 'static;

    /// Makes a task, from a thread that is no worker.
    fn spawn<F>(&self, future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Makes a task, in a task.
    fn spawn_here<F>(future: F) -> Self::Handle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// The value of a task that was awaited, and has ended well.
    fn value<T: Send + 'static>(ended: Ended<Self, T>) -> T;

    /// Runs a future to its end on this thread, while the workers run tasks.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Yields, as it says that one does.
    fn yield_now() -> impl Future<Output = ()> + Send;
}

/// What awaiting a task gives.
pub(crate) type Ended<P, T> = <<P as Pool>::Handle<T> as Future>::Output;

/// Sets a value once, and hands it over from task to task.
pub(crate) trait Ends: Pool {
    /// The end that sets it.
    type Fill: Send + 'static;
    /// The end that waits for it.
    type Read: Send + 'static;

    /// Both ends.
    fn pair() -> (Self::Fill, Self::Read);

    /// Sets the value.
    fn fill(end: Self::Fill, value: u64);

    /// Waits for the value.
    fn read(end: Self::Read) -> impl Future<Output = u64> + Send;
}

/// Has something done by a thread that may block.
pub(crate) trait Blocking: Pool {
    /// Has it done, and returns what it returns.
    fn in_thread<T: Send + 'static>(
        run: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send;
}

/// A thread on which a future runs, in an executor of its own or without one.
pub(crate) trait Side: Sized {
    /// Has one worker, on that core, run a future by and by. The calling thread may have been bound to that core.
    fn start(core: usize, future: impl Future<Output = ()> + Send + 'static) -> Self;

    /// Runs a future on the calling thread meanwhile.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}
