//! One line of all that waits, the earliest first, of equal deadlines the oldest first: a timing wheel for the few timers of firmware.
//!
//! It is one word instead of 1.2 KiB, and much less code. To insert, and to take out another than the first, takes time with the number of those that
//! stand before.
//!
//! [L4] No linked node has a later deadline than its `next`. The last has none.

#![expect(unsafe_code, reason = "links pinned nodes that their owners promise to take out")]

use crate::time::node::{Link, Links};

/// Nodes in line. Whoever has it `&mut` has the lock of the wheel.
pub(super) struct Order {
    first: Option<Link>,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { first: None }
    }

    /// Takes out any node.
    pub(super) fn pop_any(&mut self) -> Option<Link> {
        let first = self.first?;
        self.first = self.at(first, |node| node.next);
        Some(first)
    }

    /// The earliest deadline.
    pub(super) fn next(&mut self) -> Option<u64> {
        let first = self.first?;
        Some(self.at(first, |node| node.deadline))
    }

    /// Takes out the first if its deadline is not after `now`.
    pub(super) fn pop_due(&mut self, now: u64) -> Option<Link> {
        if self.next()? > now { None } else { self.pop_any() }
    }

    /// As `pop_due`, in fewer instructions.
    #[cfg(not(feature = "alloc"))]
    #[inline(always)]
    pub(super) fn pop_first(&mut self, now: u64) -> Option<Link> {
        let first = self.first?;
        let (due, second) = self.at(first, |node| (node.deadline, node.next));
        if due > now {
            return None;
        }
        self.first = second;
        Some(first)
    }

    /// How many there are: it takes time with their number.
    pub(super) fn len(&mut self) -> usize {
        let (mut next, mut len) = (self.first, 0);
        while let Some(link) = next {
            next = self.at(link, |node| node.next);
            len += 1;
        }
        len
    }

    /// There is one more: nobody counts.
    #[inline(always)]
    pub(super) fn grows(&mut self) {}

    /// There is one less: nobody counts.
    #[inline(always)]
    pub(super) fn shrinks(&mut self) {}

    /// Links a node, behind all that are not due later.
    #[inline]
    pub(super) fn link(&mut self, link: Link, deadline: u64) {
        self.at(link, |node| node.deadline = deadline);
        let mut place = &raw mut self.first;
        loop {
            // SAFETY: it is that of this line, or of a node that is linked, and is reached in no other way meanwhile.
            let later = unsafe { *place };
            // It is told at every step who stands behind it: that is less than to keep him in mind.
            // SAFETY: `&mut self` proves that we hold the lock.
            unsafe { link.at(|node| node.next = later) };
            let Some(other) = later else { break };
            // SAFETY: as above.
            let (due, next) = unsafe { other.at(|node| (node.deadline, &raw mut node.next)) };
            if due > deadline {
                break;
            }
            place = next;
        }
        // SAFETY: as above.
        unsafe { *place = Some(link) };
    }

    /// Takes a node out, if it is linked.
    #[inline]
    pub(super) fn unlink(&mut self, link: Link) {
        let mut place = &raw mut self.first;
        // SAFETY: it is that of this line, or of a node that is linked, and is reached in no other way meanwhile.
        while let Some(other) = unsafe { *place } {
            // SAFETY: `&mut self` proves that we hold the lock.
            let (later, next) = unsafe { other.at(|node| (node.next, &raw mut node.next)) };
            if other == link {
                // SAFETY: as above.
                unsafe { *place = later };
                return;
            }
            place = next;
        }
    }

    /// Reads or writes a node. `f` reaches no other.
    #[inline]
    fn at<R>(&mut self, link: Link, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: `&mut self` proves that we hold the lock.
        unsafe { link.at(f) }
    }
}
