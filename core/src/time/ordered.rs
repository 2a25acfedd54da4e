//! One line of all that waits, the earliest first, of equal deadlines the oldest first: a timing wheel for the few timers of firmware.
//!
//! It is one word instead of 1.2 KiB, and much less code. To insert takes time with the number of those that are not due later, to take out none.
//!
//! [L4] No node has a later deadline than its `next`. The first has no `prev`, the last no `next`; each `prev` is the one whose `next` it is.

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
        if let Some(second) = second {
            self.at(second, |node| node.prev = None);
        }
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
        let (mut before, mut after) = (None, self.first);
        while let Some(place) = after {
            let (due, later) = self.at(place, |node| (node.deadline, node.next));
            if due > deadline {
                break;
            }
            (before, after) = (after, later);
        }
        self.at(link, |node| (node.deadline, node.prev, node.next) = (deadline, before, after));
        self.join(before, Some(link));
        if let Some(after) = after {
            self.at(after, |node| node.prev = Some(link));
        }
    }

    /// Takes a linked node out.
    #[inline]
    pub(super) fn unlink(&mut self, link: Link) {
        let (before, after) = self.at(link, |node| (node.prev, node.next));
        self.join(before, after);
        if let Some(after) = after {
            self.at(after, |node| node.prev = before);
        }
    }

    /// Has `after` follow `before`; `None` is the end of the line.
    #[inline]
    fn join(&mut self, before: Option<Link>, after: Option<Link>) {
        match before {
            Some(before) => self.at(before, |node| node.next = after),
            None => self.first = after,
        }
    }

    /// Reads or writes a node. `f` reaches no other.
    #[inline]
    fn at<R>(&mut self, link: Link, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: `&mut self` proves that we hold the lock.
        unsafe { link.at(f) }
    }
}
