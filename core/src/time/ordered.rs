//! One line of all that waits, the earliest first, of equal deadlines the oldest first: a timing wheel for the few timers of firmware.
//!
//! It is two words instead of 1.2 KiB, and much less code. To insert takes time with the number of those that are due later, to take out none.
//!
//! [L4] No node has a later deadline than its `next`. The first has no `prev`, the last no `next`; each `prev` is the one whose `next` it is.

#![expect(unsafe_code, reason = "links pinned nodes that their owners promise to take out")]

use crate::time::node::{Link, Links};

/// Nodes in line. Whoever has it `&mut` has the lock of the wheel.
pub(super) struct Order {
    first: Option<Link>,
    last: Option<Link>,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { first: None, last: None }
    }

    /// Takes out any node.
    pub(super) fn pop_any(&mut self) -> Option<Link> {
        let first = self.first?;
        self.unlink(first);
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

    /// Links a node, behind all that are not due later.
    pub(super) fn link(&mut self, link: Link, deadline: u64) {
        let (mut before, mut after) = (self.last, None);
        while let Some(place) = before {
            let (due, earlier) = self.at(place, |node| (node.deadline, node.prev));
            if due <= deadline {
                break;
            }
            (before, after) = (earlier, before);
        }
        self.at(link, |node| (node.deadline, node.prev, node.next) = (deadline, before, after));
        self.join(before, Some(link));
        self.join(Some(link), after);
    }

    /// Takes a linked node out.
    pub(super) fn unlink(&mut self, link: Link) {
        let (before, after) = self.at(link, |node| (node.prev.take(), node.next.take()));
        self.join(before, after);
    }

    /// Makes neighbours of two; `None` is the end of the line.
    fn join(&mut self, before: Option<Link>, after: Option<Link>) {
        match before {
            Some(before) => self.at(before, |node| node.next = after),
            None => self.first = after,
        }
        match after {
            Some(after) => self.at(after, |node| node.prev = before),
            None => self.last = before,
        }
    }

    /// Reads or writes a node. `f` reaches no other.
    #[inline]
    fn at<R>(&mut self, link: Link, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: `&mut self` proves that we hold the lock.
        unsafe { link.at(f) }
    }
}
