//! A buffer is where the values of a pipe lie until they are read: first in, first out, up to a capacity.
//!
//! | buffer        | lies                    | capacity                           |
//! |---------------|-------------------------|------------------------------------|
//! | [`Fixed`]     | in the pipe             | `N`, checked at compile time       |
//! | `Growing`     | in an allocation        | a cap; it grows up to it and stays |

use core::mem;

use heapless::Deque;

/// Where the values of a pipe lie. Its methods run under the lock of the pipe, and touch no value but to move it.
pub trait Buffer {
    /// What it holds.
    type Item;

    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many fit: never less than one.
    fn capacity(&self) -> usize;

    /// Adds one behind the others. The caller knows that there is room.
    fn push_back(&mut self, value: Self::Item);

    /// Puts one before the others. The caller knows that there is room.
    fn push_front(&mut self, value: Self::Item);

    /// Takes the first.
    fn pop_front(&mut self) -> Option<Self::Item>;

    /// The first.
    fn front(&self) -> Option<&Self::Item>;

    /// Takes all, and leaves none.
    #[must_use]
    fn take(&mut self) -> Self
    where
        Self: Sized;
}

/// Room for `N` values in place.
#[derive(Debug)]
pub struct Fixed<T, const N: usize>(Deque<T, N>);

impl<T, const N: usize> Fixed<T, N> {
    /// Without values. A capacity of zero does not compile:
    ///
    /// ```compile_fail,E0080
    /// let pipe = tidemill_core::share::pipe::FixedPipe::<u32, 0>::fixed();
    /// ```
    pub const fn new() -> Self {
        const { assert!(N > 0, "a pipe has room for one value at least") }
        Self(Deque::new())
    }
}

impl<T, const N: usize> Default for Fixed<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> Buffer for Fixed<T, N> {
    type Item = T;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn capacity(&self) -> usize {
        N
    }

    fn push_back(&mut self, value: T) {
        let pushed = self.0.push_back(value);
        debug_assert!(pushed.is_ok(), "the caller knows that there is room");
    }

    fn push_front(&mut self, value: T) {
        let pushed = self.0.push_front(value);
        debug_assert!(pushed.is_ok(), "the caller knows that there is room");
    }

    fn pop_front(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn front(&self) -> Option<&T> {
        self.0.front()
    }

    fn take(&mut self) -> Self {
        mem::take(self)
    }
}
