//! A buffer that grows, and the pipe that has one: up to a hard cap, and kept for the next values.

use alloc::collections::VecDeque;
use core::mem;

use crate::{
    error::ZeroCapacity,
    lock::{Lock, RawLock},
    share::pipe::{buffer::Buffer, pipe::Pipe, state::State},
    wait::WaitList,
};

/// Room for values up to a cap, in an allocation that grows as it must. It is kept for the next values.
#[derive(Debug)]
pub struct Growing<T> {
    values: VecDeque<T>,
    cap: usize,
}

impl<T> Growing<T> {
    /// Without values, and without memory. `None` where the cap is zero.
    pub const fn new(cap: usize) -> Option<Self> {
        match cap {
            0 => None,
            cap => Some(Self { values: VecDeque::new(), cap }),
        }
    }
}

impl<T> Buffer for Growing<T> {
    type Item = T;

    fn len(&self) -> usize {
        self.values.len()
    }

    fn capacity(&self) -> usize {
        self.cap
    }

    fn push_back(&mut self, value: T) {
        debug_assert!(self.values.len() < self.cap, "the caller knows that there is room");
        self.values.push_back(value);
    }

    fn push_front(&mut self, value: T) {
        debug_assert!(self.values.len() < self.cap, "the caller knows that there is room");
        self.values.push_front(value);
    }

    fn pop_front(&mut self) -> Option<T> {
        self.values.pop_front()
    }

    fn front(&self) -> Option<&T> {
        self.values.front()
    }

    fn take(&mut self) -> Self {
        Self { values: mem::take(&mut self.values), cap: self.cap }
    }
}

/// A pipe that grows up to a cap.
pub type GrowingPipe<T, L = Lock> = Pipe<Growing<T>, L>;

impl<T> Pipe<Growing<T>> {
    /// An open pipe that grows up to `cap` values, and with as much of a budget.
    ///
    /// # Errors
    /// The cap is zero.
    pub fn growing(cap: usize) -> Result<Self, ZeroCapacity> {
        Self::growing_in(cap)
    }

    /// A closed pipe that holds `values`, to be read.
    ///
    /// Source: Async's `Pipe.of_list`.
    ///
    /// ```
    /// use tidemill_core::{error::TryReadError, share::pipe::GrowingPipe};
    ///
    /// let pipe = GrowingPipe::of("ab".chars());
    /// let mut all = String::new();
    /// assert_eq!(pipe.reader().try_read_batch(usize::MAX, &mut all), 2);
    /// assert_eq!((all.as_str(), pipe.reader().try_read()), ("ab", Err(TryReadError::Eof)));
    /// ```
    pub fn of(values: impl IntoIterator<Item = T>) -> Self {
        Self::of_in(values)
    }
}

impl<T, L: RawLock> Pipe<Growing<T>, L> {
    /// As [`growing`](Pipe::growing), with a lock of one's choice.
    ///
    /// # Errors
    /// The cap is zero.
    pub fn growing_in(cap: usize) -> Result<Self, ZeroCapacity> {
        let buffer = Growing::new(cap).ok_or(ZeroCapacity)?;
        Ok(Self {
            inside: WaitList::new_in(State::new(buffer, cap)),
            writers: WaitList::new_in(()),
            watchers: WaitList::new_in(()),
        })
    }
    /// As [`of`](Pipe::of), with a lock of one's choice.
    pub fn of_in(values: impl IntoIterator<Item = T>) -> Self {
        let values: VecDeque<T> = values.into_iter().collect();
        // Async's budget of zero is one here.
        let cap = values.len().max(1);
        let mut state = State::new(Growing { values, cap }, cap);
        state.written = state.buffer.len() as u64;
        state.closed = true;
        Self {
            inside: WaitList::new_in(state),
            writers: WaitList::new_in(()),
            watchers: WaitList::new_in(()),
        }
    }
}
