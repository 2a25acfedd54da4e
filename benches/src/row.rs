//! A row of futures, pinned in one block: what many timers lie in, so that no box of theirs is counted as a timer's.
//!
//! [I1] What is pushed stays where it is until it is dropped in place: the block has its room from the beginning, and is never left for another.

#![expect(unsafe_code, reason = "pins what lies in one block")]

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Futures in one block, as many as there is room for.
pub struct Row<F> {
    block: Vec<F>,
}

impl<F: Future> Row<F> {
    /// Room for so many.
    pub fn with_room(room: usize) -> Self {
        Self { block: Vec::with_capacity(room) }
    }

    /// Puts a future at the end, and polls it there.
    ///
    /// # Panics
    /// There is no room.
    pub fn push_polled(&mut self, future: F, cx: &mut Context<'_>) -> Poll<F::Output> {
        assert!(self.block.len() < self.block.capacity(), "the row is full");
        self.block.push(future);
        self.poll(self.block.len() - 1, cx)
    }

    /// Polls the future at a place.
    ///
    /// # Panics
    /// There is none.
    pub fn poll(&mut self, at: usize, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: [I1], and nothing here hands it out unpinned.
        unsafe { Pin::new_unchecked(&mut self.block[at]) }.poll(cx)
    }

    /// Bytes in which they lie.
    pub fn bytes(&self) -> usize {
        size_of_val(self.block.as_slice())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.block.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// Drops all of them, the first first. The room stays.
    pub fn clear(&mut self) {
        self.block.clear();
    }
}

impl<F> fmt::Debug for Row<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("len", &self.block.len()).finish_non_exhaustive()
    }
}
