//! A pipe: a buffer between those who write and those who read, each side in a line of its own, with what is woken after each step.
//!
//! | side   | open, room        | open, no room     | closed                        | closed for reading       |
//! |--------|-------------------|-------------------|-------------------------------|--------------------------|
//! | writes | taken             | waits, or `Full`  | `Closed`, value handed back   | as closed                |
//! | reads  | value, or waits   | value             | what is left, then the end    | the end; the rest is gone |
//!
//! \[P4] Locks are taken in this order: writers or watchers, then the inside. Most steps take the inside alone.
//! \[P5] A writer joins its line under both locks, and sets `crowded`. Who makes room and finds `crowded` comes with both locks and lets in
//!      who was first. So where a writer is in line and there is room, somebody is on the way.
//! \[P6] A watcher joins its line under both locks, and says what it waits for. Who makes that so finds it, and wakes the line.
//! \[P7] Wakers are woken, and values dropped, when all locks are free.

use core::{fmt, num::NonZeroUsize};

use crate::{
    const_new,
    error::WriteError,
    lock::{Lock, RawLock},
    share::pipe::{
        buffer::{Buffer, Fixed},
        state::{After, Offer, State, offer, put},
    },
    wait::{WaitList, WakeBatch},
};

/// Carries values from [`writer`](Self::writer) to [`reader`](Self::reader), first in first out, and waiting allocates nothing.
///
/// It is a plain value: in a static, in a struct, borrowed by both sides; [`channel`](super::channel) counts the two sides instead. Any
/// number may read and write at the same time; of several readers, each value goes to who began to wait first.
///
/// A pipe has a capacity, which nobody exceeds, and within it a budget, at which [`write`](super::Writer::write) begins to wait. (Async's pipe
/// has the budget alone, and grows for who does not heed it.)
///
/// ```
/// use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::{error::WriteError, share::pipe::FixedPipe};
///
/// static PIPE: FixedPipe<u32, 2> = FixedPipe::fixed();
///
/// let (writer, reader) = (PIPE.writer(), PIPE.reader());
/// assert_eq!(writer.try_write(1), Ok(()));
/// assert_eq!(writer.try_write(2), Ok(()));
/// assert_eq!(writer.try_write(3), Err(WriteError::Full(3)));
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(pin!(reader.read()).poll(&mut cx), Poll::Ready(Some(1)));
/// ```
pub struct Pipe<B: Buffer, L: RawLock = Lock> {
    /// The state, and the readers in line, each with a hand.
    pub(super) inside: WaitList<L, State<B>, Option<B::Item>>,
    /// The writers in line, each with the value that it offers.
    pub(super) writers: WaitList<L, (), Option<B::Item>>,
    /// Who waits for an event.
    pub(super) watchers: WaitList<L>,
}

/// A pipe with room for `N` values in place: it never allocates.
pub type FixedPipe<T, const N: usize, L = Lock> = Pipe<Fixed<T, N>, L>;

impl<T, const N: usize> Pipe<Fixed<T, N>> {
    const_new! {
        /// An open pipe with room for `N` values, and as much of a budget.
        pub fn fixed() -> Self {
            Self::fixed_in()
        }
    }
}

impl<T, const N: usize, L: RawLock> Pipe<Fixed<T, N>, L> {
    const_new! {
        /// As [`fixed`](Pipe::fixed), with a lock of one's choice.
        pub fn fixed_in() -> Self {
            Self { inside: WaitList::new_in(State::new(Fixed::new(), N)), writers: WaitList::new_in(()), watchers: WaitList::new_in(()) }
        }
    }
}

impl<B: Buffer, L: RawLock> Pipe<B, L> {
    /// Sets at how many values writers begin to wait: at most at the capacity. Async's budget of zero, where one value that is not read
    /// pushes back, is one here.
    pub fn set_budget(&self, budget: NonZeroUsize) {
        self.step(|state, after| {
            state.budget = budget.get().min(state.buffer.capacity());
            after.refill = state.crowded;
            after.watchers = true;
        });
    }

    /// How many values are in the buffer.
    pub fn len(&self) -> usize {
        self.inside.with(|turn| turn.state.buffer.len())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is closed: for writing, or for reading too.
    pub fn is_closed(&self) -> bool {
        self.inside.with(|turn| turn.state.closed)
    }

    /// Changes the state, and does what follows.
    pub(super) fn step<R>(&self, f: impl FnOnce(&mut State<B>, &mut After) -> R) -> R {
        let mut after = After::default();
        let result = self.inside.with(|turn| f(turn.state, &mut after));
        self.settle(after);
        result
    }

    /// What follows a step, when the lock is free: mostly nothing.
    #[inline]
    pub(super) fn settle(&self, after: After) {
        if after.refill || after.readers || after.watchers {
            self.follow(after);
        }
    }

    #[inline(never)]
    fn follow(&self, after: After) {
        if after.refill {
            self.refill();
        }
        if after.readers {
            self.inside.wake_all();
        }
        if after.watchers {
            self.watchers.wake_all();
        }
    }

    /// Closes it, and wakes whoever need not wait any more.
    pub(super) fn close(&self) {
        let crowded = self.step(|state, after| {
            state.close(after);
            state.crowded
        });
        if crowded {
            self.writers.wake_all();
        }
    }

    /// Closes it for reading too.
    pub(super) fn close_read(&self) {
        let rest = self.step(|state, after| state.close_read(after));
        self.writers.wake_all();
        // [P7] The locks are free.
        drop(rest);
    }

    /// Takes a value in at once, or hands it back. Who comes `in_turn` heeds the budget, and writers that were there before.
    pub(super) fn put(&self, value: B::Item, in_turn: bool) -> Result<(), WriteError<B::Item>> {
        let (mut value, mut batch, mut after) = (Some(value), WakeBatch::new(), After::default());
        let mut offered =
            self.inside.with(|turn| offer(turn, &mut value, in_turn, &mut batch, &mut after));
        if let Offer::Crowded = offered {
            offered = self.writers.with(|line| {
                let alone = line.is_empty();
                self.inside.with(|turn| {
                    turn.state.crowded &= !alone;
                    offer(turn, &mut value, in_turn, &mut batch, &mut after)
                })
            });
        }
        batch.wake();
        self.settle(after);
        match (offered, value) {
            (_, None) | (Offer::Taken, _) => Ok(()),
            (Offer::Closed, Some(value)) => Err(WriteError::Closed(value)),
            (Offer::Full | Offer::Crowded, Some(value)) => Err(WriteError::Full(value)),
        }
    }

    /// Lets writers in while there is room: first come, first served [P5].
    fn refill(&self) {
        let mut after = After::default();
        loop {
            let (mut writers, mut readers) = (WakeBatch::new(), WakeBatch::new());
            let more = self.writers.with(|line| {
                self.inside.with(|turn| {
                    while !turn.state.closed && turn.state.has_room(turn.state.budget) {
                        if writers.is_full() || readers.is_full() {
                            return true;
                        }
                        let Some(slip) = line.first() else {
                            turn.state.crowded = false;
                            return false;
                        };
                        if let Some(value) = slip.take() {
                            put(turn, value, &mut readers, &mut after);
                        }
                        line.take(&mut writers);
                    }
                    false
                })
            });
            // [P7] The locks are free.
            writers.wake();
            readers.wake();
            if !more {
                break;
            }
        }
        if after.watchers {
            self.watchers.wake_all();
        }
    }
}

impl<B: Buffer, L: RawLock> fmt::Debug for Pipe<B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, closed) = self.inside.with(|turn| (turn.state.buffer.len(), turn.state.closed));
        f.debug_struct("Pipe").field("len", &len).field("closed", &closed).finish_non_exhaustive()
    }
}
