//! A ready queue: the tasks of an executor that wait for their turn, first in first out.
//!
//! | they stand                                              | a push                 | a turn                                         |
//! |---------------------------------------------------------|------------------------|------------------------------------------------|
//! | in a [ring](super::ring), with `std` and while there is room | touches no task   | asks for the memory of a later task            |
//! | else linked one to the next, behind those in the ring   | touches two tasks      | waits for memory, where tasks lie scattered    |
//!
//! No push allocates. A ring that was too small is replaced between cycles, by a larger one.
//!
//! [R1] What is in `rest` came after what is in the ring, which is shut while there is something in `rest`: so nothing overtakes that.

#![expect(unsafe_code, reason = "links tasks whose life its caller knows")]

use core::{mem, ptr::NonNull};

use super::{header::Header, ring::Ring};
use crate::wait::Chain;

/// So many tasks need no ring, and those who have no more no memory for it.
const FEW: usize = 12;
/// The first ring has so many places.
const FIRST: usize = 64;
/// Each ring has so many times the places of the one before.
const GROWTH: usize = 4;

/// The tasks of an executor that wait for their turn, first in first out. A turn asks for the memory of a later one.
pub struct Ready {
    ring: Ring,
    rest: Chain<Header>,
    /// How many are in `rest`, where there are rings.
    linked: usize,
}

impl Ready {
    /// A queue of nothing.
    pub const fn new() -> Self {
        Self { ring: Ring::new(), rest: Chain::new(), linked: 0 }
    }

    /// Whether it has become longer than its ring.
    #[inline]
    pub fn is_long(&self) -> bool {
        self.linked > FEW
    }

    /// How many places its ring should have, to be made by [`Ring::of`] and given to it by [`widen`](Self::widen).
    pub fn places(&self) -> usize {
        FIRST.max(GROWTH * self.ring.places())
    }

    /// Has its tasks stand in this ring from now on, which is new, if that is larger. Here is the one that it has no use for.
    pub fn widen(&mut self, ring: Ring) -> Ring {
        if ring.places() <= self.ring.places() {
            return ring;
        }
        let mut before = mem::replace(&mut self.ring, ring);
        let mut rest = mem::take(&mut self.rest);
        self.linked = 0;
        while let Some(task) = before.pop_if(|| true).or_else(|| rest.pop()) {
            // SAFETY: it was queued, and left that queue just now.
            unsafe { self.push(task) };
        }
        before
    }

    /// Whether there is nothing in it.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty() && self.rest.is_empty()
    }

    /// Puts `task` at the end.
    ///
    /// # Safety
    /// It is alive and in no queue, and stays alive until it has left this one.
    #[inline]
    pub unsafe fn push(&mut self, task: NonNull<Header>) {
        if !Ring::IS_OF_USE {
            // SAFETY: the contract is the same.
            unsafe { self.rest.push(task) };
        } else if !self.ring.push(task) {
            // SAFETY: the contract is the same.
            unsafe { self.push_linked(task) };
        }
    }

    /// # Safety
    /// As for `push`.
    #[cold]
    #[inline(never)] // Lest the way past it be long.
    unsafe fn push_linked(&mut self, task: NonNull<Header>) {
        self.ring.shut();
        self.linked += 1;
        // SAFETY: the contract is the same.
        unsafe { self.rest.push(task) };
    }

    /// Puts all of `other` at the end, in its order.
    #[inline]
    pub fn append(&mut self, mut other: Chain<Header>) {
        if !Ring::IS_OF_USE {
            return self.rest.append(other);
        }
        while let Some(task) = other.pop() {
            // SAFETY: it was queued, and left that queue just now.
            unsafe { self.push(task) };
        }
    }

    /// Takes the first task, if there is one and `may` then says so.
    #[inline]
    pub fn pop_if(&mut self, may: impl FnOnce() -> bool) -> Option<NonNull<Header>> {
        if !Ring::IS_OF_USE {
            return self.rest.pop_if(may);
        }
        if !self.ring.is_empty() {
            return self.ring.pop_if(may);
        }
        if self.linked == 0 { None } else { self.pop_linked(may) }
    }

    #[cold]
    #[inline(never)] // As above.
    fn pop_linked(&mut self, may: impl FnOnce() -> bool) -> Option<NonNull<Header>> {
        let task = self.rest.pop_if(may)?;
        self.linked -= 1;
        if self.linked == 0 {
            self.ring.open();
        }
        Some(task)
    }

    /// Takes all of them.
    pub fn take(&mut self) -> Chain<Header> {
        let mut all = Chain::new();
        while let Some(task) = self.pop_if(|| true) {
            // SAFETY: it was queued, and left that queue just now.
            unsafe { all.push(task) };
        }
        all
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self::new()
    }
}
