//! The side of a pipe that writes.
//!
//! | a [`Write`] is | its value is             | polled                                                     | dropped             |
//! |----------------|--------------------------|------------------------------------------------------------|---------------------|
//! | new            | with it                  | taken in, or handed back, or -> in line                    | the value is dropped |
//! | in line        | in its slip              | keeps its place, unless the slip is empty or it is closed  | the value is dropped |
//! | let in         | in the pipe              | `Ok`                                                       | nothing             |
//!
//! \[Q1] A slip is touched under the lock of the line of writers alone; who empties it has let the value in, and takes the writer out.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    error::{Closed, ReaderClosed, WriteError},
    lock::{Lock, RawLock},
    share::pipe::{
        buffer::Buffer,
        pipe::Pipe,
        state::{After, Event, Offer, offer},
        watch::{Watch, flush_result},
    },
    wait::{Waiter, WakeBatch},
};

impl<B: Buffer, L: RawLock> Pipe<B, L> {
    /// The side that writes.
    pub fn writer(&self) -> Writer<'_, B, L> {
        Writer { pipe: self }
    }
}

/// The side of a [`Pipe`] that writes.
pub struct Writer<'a, B: Buffer, L: RawLock = Lock> {
    pub(super) pipe: &'a Pipe<B, L>,
}

impl<'a, B: Buffer, L: RawLock> Writer<'a, B, L> {
    /// Writes a value as soon as the budget has room for it. Writers that wait are let in first come, first served.
    ///
    /// # Errors
    /// [`Closed`] hands the value back: the pipe was closed before the value came in.
    ///
    /// # Cancel safety
    /// Dropping the future drops the value with it, unless the value has come in already: then it was written.
    pub fn write(self, value: B::Item) -> Write<'a, B, L> {
        let waiter = Waiter::new(&self.pipe.writers, None);
        Write { pipe: self.pipe, value: Some(value), waiter }
    }

    /// Writes a value if the budget has room for it, and nobody waits for that room.
    ///
    /// # Errors
    /// Hands the value back.
    pub fn try_write(self, value: B::Item) -> Result<(), WriteError<B::Item>> {
        self.pipe.put(value, true)
    }

    /// Writes a value at once, beyond the budget if need be, and before those who wait; never beyond the capacity.
    ///
    /// Source: Async's `Pipe.write_without_pushback`, which knows no capacity.
    ///
    /// # Errors
    /// Hands the value back.
    pub fn write_now(self, value: B::Item) -> Result<(), WriteError<B::Item>> {
        self.pipe.put(value, false)
    }

    /// Waits until the budget has room, or the pipe is closed. Another writer may come first all the same.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn pushback(self) {
        Watch::new(self.pipe, Event::Room).await;
    }

    /// Waits until as many values as were written before this call have been read, and what they became was flushed where they went on
    /// to another pipe by [`transfer`](super::transfer) and its like.
    ///
    /// Source: Async's `Pipe.downstream_flushed`. Ours resolves in the end whatever happens: a consumer that is dropped counts as done.
    ///
    /// # Errors
    /// [`ReaderClosed`]: the pipe was closed for reading before.
    ///
    /// # Cancel safety
    /// Strict.
    pub fn flushed(self) -> impl Future<Output = Result<(), ReaderClosed>> + use<'a, B, L> {
        let watch = Watch::flushed(self.pipe);
        async { flush_result(watch.await) }
    }

    /// Waits until the pipe is closed, by whomever.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn closed(self) {
        Watch::new(self.pipe, Event::Closed).await;
    }

    /// Ends the pipe: what is in it can still be read. Writers that wait get their values back. Closing again does nothing.
    pub fn close(self) {
        self.pipe.close();
    }

    /// Whether the pipe is closed.
    pub fn is_closed(self) -> bool {
        self.pipe.is_closed()
    }
}

impl<B: Buffer, L: RawLock> Clone for Writer<'_, B, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Buffer, L: RawLock> Copy for Writer<'_, B, L> {}

impl<B: Buffer, L: RawLock> fmt::Debug for Writer<'_, B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(self.pipe).finish()
    }
}

pin_project! {
    /// Writes a value to a [`Pipe`]. Made by [`Writer::write`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Write<'a, B: Buffer, L: RawLock = Lock> {
        pipe: &'a Pipe<B, L>,
        value: Option<B::Item>,
        #[pin]
        waiter: Waiter<'a, L, (), Option<B::Item>>,
    }
}

impl<B: Buffer, L: RawLock> Future for Write<'_, B, L> {
    type Output = Result<(), Closed<B::Item>>;

    /// # Panics
    /// When polled again after it was ready, it may say `Ok` or panic.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let pipe: &Pipe<B, L> = this.pipe;
        if let Some(value) = this.value.take() {
            match pipe.put(value, true) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(WriteError::Closed(value)) => return Poll::Ready(Err(Closed(value))),
                Err(WriteError::Full(value)) => *this.value = Some(value),
            }
        }
        let (mut batch, mut after) = (WakeBatch::new(), After::default());
        let value = this.value;
        let polled = this.waiter.poll_with(cx.waker(), |line| {
            let alone = line.is_empty();
            let slip = line.mark()?;
            if let Some(value) = value.take() {
                *slip = Some(value);
            }
            if slip.is_none() {
                return Some(Ok(()));
            }
            pipe.inside.with(|turn| {
                turn.state.crowded &= !alone;
                match offer(turn, slip, true, &mut batch, &mut after) {
                    Offer::Taken => Some(Ok(())),
                    Offer::Closed => slip.take().map(|value| Err(Closed(value))),
                    Offer::Full | Offer::Crowded => {
                        // [P5] From now on, who makes room comes for us.
                        turn.state.crowded = true;
                        None
                    }
                }
            })
        });
        // [P7] The locks are free.
        batch.wake();
        pipe.settle(after);
        polled
    }
}

impl<B: Buffer, L: RawLock> fmt::Debug for Write<'_, B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Write")
    }
}
