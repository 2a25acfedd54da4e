//! The side of a pipe that reads.
//!
//! | a [`Read`] is | its hand holds | polled                             | dropped                                               |
//! |---------------|----------------|------------------------------------|-------------------------------------------------------|
//! | new           | nothing        | a value, the end, or -> in line    | nothing                                               |
//! | in line       | nothing        | the end, or keeps its place        | leaves the line                                       |
//! | handed        | a value        | the value                          | the value goes to the next in line, or to the front   |
//!
//! \[R1] `waits` is set from the poll that joins the line to the one that is answered: without it the hand is empty.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use heapless::Vec;
use pin_project_lite::pin_project;

use crate::{
    error::TryReadError,
    lock::{Lock, RawLock},
    share::pipe::{
        buffer::Buffer,
        pipe::Pipe,
        state::{After, Event, State, give_back, take},
        watch::Watch,
    },
    wait::{Waiter, WakeBatch},
};

/// How many values move under one lock.
const CHUNK: usize = 16;

impl<B: Buffer, L: RawLock> Pipe<B, L> {
    /// The side that reads.
    pub fn reader(&self) -> Reader<'_, B, L> {
        Reader { pipe: self }
    }
}

/// The side of a [`Pipe`] that reads.
pub struct Reader<'a, B: Buffer, L: RawLock = Lock> {
    pub(super) pipe: &'a Pipe<B, L>,
}

/// What came of reading a given number of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exactly {
    /// All of them.
    Exactly,
    /// As many as this, more than none; then the pipe ended.
    Fewer(usize),
    /// None: the pipe has ended.
    Eof,
}

impl<'a, B: Buffer, L: RawLock> Reader<'a, B, L> {
    /// Reads a value, or `None` at the end. Readers that wait are served first come, first served.
    ///
    /// # Cancel safety
    /// Strict: a value that was handed to the future goes to the next reader in line, or back to the front. A future that is forgotten keeps
    /// such a value, and its room; who reads on then sees the end only when the pipe is closed for reading.
    pub fn read(self) -> Read<'a, B, L> {
        Read {
            pipe: self.pipe,
            hold: false,
            waits: false,
            waiter: Waiter::new(&self.pipe.inside, None),
        }
    }

    /// As `read`; who holds the value says when it is done.
    pub(super) fn read_held(self) -> Read<'a, B, L> {
        let mut read = self.read();
        read.hold = true;
        read
    }

    /// Reads a value if there is one.
    ///
    /// # Errors
    /// There is none now, or there never will be.
    pub fn try_read(self) -> Result<B::Item, TryReadError> {
        let mut after = After::default();
        let result = self.pipe.inside.with(|turn| {
            let over = turn.state.is_over();
            take(turn, false, &mut after).ok_or(if over {
                TryReadError::Eof
            } else {
                TryReadError::Empty
            })
        });
        self.pipe.settle(after);
        result
    }

    /// Reads what is there, at most `max` values, once there is one at least. Says how many: zero is the end (or a `max` of zero).
    ///
    /// Source: Async's `Pipe.read'`.
    ///
    /// # Cancel safety
    /// Strict: what is read is in `into`.
    pub async fn read_batch(self, max: usize, into: &mut impl Extend<B::Item>) -> usize {
        if max == 0 {
            return 0;
        }
        match self.read().await {
            None => 0,
            Some(first) => {
                into.extend(Some(first));
                1 + self.try_read_batch(max - 1, into)
            }
        }
    }

    /// Reads what is there, at most `max` values, and says how many.
    pub fn try_read_batch(self, max: usize, into: &mut impl Extend<B::Item>) -> usize {
        let mut count = 0;
        while count < max {
            let (mut chunk, mut after) = (Vec::<B::Item, CHUNK>::new(), After::default());
            self.pipe.inside.with(|turn| {
                while !chunk.is_full() && count + chunk.len() < max {
                    let Some(value) = take(turn, false, &mut after) else { break };
                    // There is room: `is_full` was asked.
                    let _ = chunk.push(value);
                }
            });
            self.pipe.settle(after);
            if chunk.is_empty() {
                break;
            }
            count += chunk.len();
            into.extend(chunk);
        }
        count
    }

    /// Reads `count` values, waiting as often as it takes; fewer where the pipe ends before.
    ///
    /// # Cancel safety
    /// Nothing is lost: what was read until then is in `into`.
    pub async fn read_exactly(self, count: usize, into: &mut impl Extend<B::Item>) -> Exactly {
        let mut missing = count;
        while missing > 0 {
            match self.read_batch(missing, into).await {
                0 if missing == count => return Exactly::Eof,
                0 => return Exactly::Fewer(count - missing),
                read => missing -= read,
            }
        }
        Exactly::Exactly
    }

    /// The value that would be read next, if there is one.
    pub fn peek(self) -> Option<B::Item>
    where
        B::Item: Copy,
    {
        self.pipe.inside.with(|turn| turn.state.buffer.front().copied())
    }

    /// Waits until there is a value, and takes none: true; or until there never will be: false. Another reader may come first all the same.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn values_available(self) -> bool {
        Watch::new(self.pipe, Event::Values).await
    }

    /// Closes the pipe for reading, and so for writing: what is in it is dropped, writers get their values back, and who waits for it to be
    /// flushed is told. Closing again does nothing.
    pub fn close(self) {
        self.pipe.close_read();
    }

    /// Whether the pipe is closed for reading.
    pub fn is_closed(self) -> bool {
        self.pipe.inside.with(|turn| turn.state.read_closed)
    }
}

impl<B: Buffer, L: RawLock> Clone for Reader<'_, B, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Buffer, L: RawLock> Copy for Reader<'_, B, L> {}

impl<B: Buffer, L: RawLock> fmt::Debug for Reader<'_, B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(self.pipe).finish()
    }
}

pin_project! {
    /// Reads a value from a [`Pipe`]. Made by [`Reader::read`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Read<'a, B: Buffer, L: RawLock = Lock> {
        pipe: &'a Pipe<B, L>,
        hold: bool,
        waits: bool,
        #[pin]
        waiter: Waiter<'a, L, State<B>, Option<B::Item>>,
    }

    impl<B: Buffer, L: RawLock> PinnedDrop for Read<'_, B, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.waits {
                let (mut batch, mut after) = (WakeBatch::new(), After::default());
                let rest = this.waiter.leave(|turn| give_back(turn, &mut batch, &mut after));
                // [P7] The lock is free.
                batch.wake();
                this.pipe.settle(after);
                drop(rest);
            }
        }
    }
}

impl<B: Buffer, L: RawLock> Future for Read<'_, B, L> {
    type Output = Option<B::Item>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (hold, mut after) = (*this.hold, After::default());
        let polled =
            this.waiter.poll_likely(cx.waker(), |turn| match take(turn, hold, &mut after) {
                None if !turn.state.is_over() => None,
                end => Some(end),
            });
        *this.waits = polled.is_pending();
        this.pipe.settle(after);
        polled
    }
}

impl<B: Buffer, L: RawLock> fmt::Debug for Read<'_, B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}
