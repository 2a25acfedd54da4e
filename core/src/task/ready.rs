//! A ready queue: the tasks of an executor that wait for their turn, first in first out.
//!
//! A linked queue is walked from one task to the next, so where tasks lie scattered over more memory than the caches hold, each turn waits for that memory. Therefore the
//! queue [notes](super::ahead) who stands where, and asks for the memory of who stands AHEAD places behind the one whose turn begins.
//!
//! [R1] `first` to `end` count the places of the chain.

#![expect(unsafe_code, reason = "links tasks whose life its caller knows")]

use core::{mem, ptr::NonNull};

use super::{ahead::Notes, header::Header};
use crate::wait::Chain;

/// So many turns take about as long as memory takes to answer.
const AHEAD: usize = 12;

/// The tasks of an executor that wait for their turn, first in first out. A turn asks for the memory of a later one.
pub struct Ready {
    chain: Chain<Header>,
    first: usize,
    end: usize,
    notes: Notes,
}

/// Whether there are notes: elsewhere nobody counts.
const NOTED: bool = cfg!(all(target_arch = "x86_64", feature = "alloc"));

impl Ready {
    /// A queue of nothing.
    pub const fn new() -> Self {
        Self { chain: Chain::new(), first: 0, end: 0, notes: Notes::new() }
    }

    /// Whether it has become longer than its notes.
    #[inline]
    pub fn is_long(&self) -> bool {
        let len = self.end.wrapping_sub(self.first);
        len > AHEAD && !self.notes.have(len)
    }

    /// How many places its notes should have, to be made by [`Notes::of`] and given to it by [`note`](Self::note).
    pub fn places(&self) -> usize {
        2 * self.end.wrapping_sub(self.first)
    }

    /// Has it note in these from now on. Here are those that it has noted in.
    pub fn note(&mut self, notes: Notes) -> Notes {
        mem::replace(&mut self.notes, notes)
    }

    /// Whether there is nothing in it.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.chain.is_empty()
    }

    /// Puts `task` at the end.
    ///
    /// # Safety
    /// It is alive and in no queue, and stays alive until it has left this one.
    #[inline]
    pub unsafe fn push(&mut self, task: NonNull<Header>) {
        // SAFETY: the contract is the same.
        unsafe { self.chain.push(task) };
        self.notes.set(self.end, task.cast());
        self.count(0, 1);
    }

    /// Puts all of `other` at the end, in its order. Where they stand is not noted.
    #[inline]
    pub fn append(&mut self, other: Self) {
        self.count(0, other.end.wrapping_sub(other.first));
        self.chain.append(other.chain);
    }

    /// Takes the first task, if there is one and `may` then says so.
    #[inline]
    pub fn pop_if(&mut self, may: impl FnOnce() -> bool) -> Option<NonNull<Header>> {
        let first = self.chain.pop_if(may)?;
        self.count(1, 0);
        debug_assert!(!NOTED || self.chain.is_empty() == (self.first == self.end), "[R1]");
        if self.end.wrapping_sub(self.first) >= AHEAD {
            self.notes.fetch(self.first.wrapping_add(AHEAD - 1));
        }
        Some(first)
    }

    /// So many have left at the front, so many come at the end.
    #[inline(always)]
    fn count(&mut self, left: usize, more: usize) {
        if NOTED {
            self.first = self.first.wrapping_add(left);
            self.end = self.end.wrapping_add(more);
        }
    }

    /// Takes all of them.
    pub fn take(&mut self) -> Chain<Header> {
        self.first = self.end;
        mem::take(&mut self.chain)
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self::new()
    }
}
