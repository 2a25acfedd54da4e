//! The slots of a timing wheel: nodes by the slot of their deadline, in each slot the oldest first.
//!
//! A list is known by its last node, whose `next` is the first, which has no `prev`. So inserting touches the new node and the last one,
//! and taking out touches the neighbours.
//!
//! [L4] A node is linked in the slot of its deadline as seen from the cursor. Hence no deadline is before the cursor.
//! [L5] All nodes of a slot that is not mixed have the same deadline.

#![expect(unsafe_code, reason = "links pinned nodes that their owners promise to take out")]

use core::iter;

use crate::time::{
    node::{Link, Links},
    slot::{SLOTS, Slot, Taken},
};

/// How many nodes of one slot are looked at to learn which is the earliest.
const GLANCE: usize = 16;

/// Nodes in their slots. Whoever has it `&mut` has the lock of the wheel.
pub(super) struct Order {
    /// The last node of each slot.
    last: [Option<Link>; SLOTS],
    taken: Taken,
    /// Whence the slots are seen: not before the moment of the last `fire`, or of an entry inserted since for an earlier one.
    cursor: u64,
    len: usize,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { last: [None; SLOTS], taken: Taken::none(), cursor: 0, len: 0 }
    }

    /// How many there are.
    pub(super) fn len(&mut self) -> usize {
        self.len
    }

    /// There is one more.
    #[inline]
    pub(super) fn grows(&mut self) {
        self.len += 1;
    }

    /// There is one less.
    #[inline]
    pub(super) fn shrinks(&mut self) {
        self.len -= 1;
    }

    /// Takes out any node.
    pub(super) fn pop_any(&mut self) -> Option<Link> {
        let slot = self.taken.first()?;
        self.pop_first(slot)
    }

    /// The earliest deadline, or a bound.
    pub(super) fn next(&mut self) -> Option<u64> {
        let slot = self.taken.first()?;
        let start = slot.start(self.cursor);
        if slot.is_exact() {
            return Some(start);
        }
        self.only(slot).or_else(|| Some(self.glance(slot).map_or(start, |(_, deadline)| deadline)))
    }

    /// Reads or writes a node. `f` reaches no other.
    #[inline]
    fn at<R>(&mut self, link: Link, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: `&mut self` proves that we hold the lock.
        unsafe { link.at(f) }
    }

    /// Links a node.
    pub(super) fn link(&mut self, link: Link, deadline: u64) {
        if deadline < self.cursor {
            self.rewind(deadline);
        }
        self.at(link, |node| node.deadline = deadline);
        self.append(link, deadline);
    }

    /// Links a node last in its slot ([L4]).
    #[inline]
    fn append(&mut self, link: Link, deadline: u64) {
        let slot = Slot::of(deadline, self.cursor);
        match self.last[slot.index()].replace(link) {
            Some(last) => {
                let (first, other) =
                    self.at(last, |node| (node.next.replace(link), node.deadline != deadline));
                self.at(link, |node| (node.prev, node.next) = (Some(last), first));
                if other {
                    self.taken.mix(slot);
                }
            }
            None => {
                self.at(link, |node| (node.prev, node.next) = (None, Some(link)));
                self.taken.add(slot);
            }
        }
    }

    /// Takes a linked node out of its slot.
    pub(super) fn unlink(&mut self, link: Link) {
        let (prev, next, deadline) =
            self.at(link, |node| (node.prev.take(), node.next.take(), node.deadline));
        let slot = Slot::of(deadline, self.cursor);
        let last = &mut self.last[slot.index()];
        let is_last = *last == Some(link);
        match (prev, next) {
            (None, _) if is_last => {
                *last = None;
                self.taken.remove(slot);
            }
            (Some(prev), first) if is_last => {
                *last = Some(prev);
                self.at(prev, |node| node.next = first);
            }
            (prev, Some(next)) => {
                // Where there is no `prev`, it was the first, and the last one points at it.
                let before = prev.or(*last);
                self.at(next, |node| node.prev = prev);
                if let Some(before) = before {
                    self.at(before, |node| node.next = Some(next));
                }
            }
            (_, None) => unreachable!("a linked node has a next one"),
        }
    }

    /// Takes out one whose deadline is not after `now`: the first in order. Where there is none, the cursor has come to `now`.
    pub(super) fn pop_due(&mut self, now: u64) -> Option<Link> {
        loop {
            let first = self.taken.first().map(|slot| (slot, slot.start(self.cursor)));
            let Some((slot, start)) = first.filter(|&(_, start)| start <= now) else {
                self.cursor = self.cursor.max(now);
                return None;
            };
            if slot.is_exact() {
                self.cursor = start;
                return self.pop_first(slot);
            }
            // The cursor stays where it is, and all others in their places, here and below.
            if self.only(slot).is_some_and(|deadline| deadline <= now) {
                return self.pop_first(slot);
            }
            match self.glance(slot) {
                Some((link, deadline)) if deadline <= now => {
                    self.unlink(link);
                    return Some(link);
                }
                Some(_) => self.place_anew(slot, now),
                None => self.place_anew(slot, start),
            }
        }
    }

    fn pop_first(&mut self, slot: Slot) -> Option<Link> {
        let first = self.first(slot)?;
        self.unlink(first);
        Some(first)
    }

    fn first(&mut self, slot: Slot) -> Option<Link> {
        let last = self.last[slot.index()]?;
        self.at(last, |node| node.next)
    }

    /// The deadline of all in a slot, if it is known to be one.
    fn only(&mut self, slot: Slot) -> Option<u64> {
        let last = self.last[slot.index()].filter(|_| !self.taken.is_mixed(slot))?;
        Some(self.at(last, |node| node.deadline))
    }

    /// The oldest of those in a slot that have its earliest deadline, if the slot holds only a few.
    fn glance(&mut self, slot: Slot) -> Option<(Link, u64)> {
        let mut least = None;
        let mut seen = 0;
        for (link, deadline) in self.walk(slot).take(GLANCE + 1) {
            seen += 1;
            if least.is_none_or(|(_, known)| deadline < known) {
                least = Some((link, deadline));
            }
        }
        least.filter(|_| seen <= GLANCE)
    }

    /// The nodes of a slot with their deadlines, oldest first.
    fn walk(&mut self, slot: Slot) -> impl Iterator<Item = (Link, u64)> {
        let last = self.last[slot.index()];
        let mut next = self.first(slot);
        iter::from_fn(move || {
            let link = next?;
            let (deadline, follower) = self.at(link, |node| (node.deadline, node.next));
            next = follower.filter(|_| last != Some(link));
            Some((link, deadline))
        })
    }

    /// Moves the cursor to a moment in the first slot, not after any deadline, and what that slot holds to where it now belongs ([P4]).
    fn place_anew(&mut self, slot: Slot, cursor: u64) {
        let mut next = self.first(slot);
        let last = self.last[slot.index()].take();
        self.taken.remove(slot);
        self.cursor = cursor;
        while let Some(link) = next {
            let deadline;
            (deadline, next) = self.at(link, |node| (node.deadline, node.next));
            if last == Some(link) {
                next = None;
            }
            self.append(link, deadline);
        }
    }

    /// Moves the cursor back, for an entry that is inserted when its moment has passed: joins the lists of whole slots ([P5]).
    #[cold]
    fn rewind(&mut self, cursor: u64) {
        while let Some((from, to)) = self.taken.first_below(self.cursor, cursor) {
            let (first, mut mixed) = (self.first(from), self.taken.is_mixed(from));
            self.taken.remove(from);
            let last = self.last[from.index()].take();
            let (Some(first), Some(last)) = (first, last) else { continue };
            match self.last[to.index()].replace(last) {
                Some(before) => {
                    let front = self.at(before, |node| node.next.replace(first));
                    self.at(first, |node| node.prev = Some(before));
                    self.at(last, |node| node.next = front);
                    mixed = true;
                }
                None => self.taken.add(to),
            }
            if mixed {
                self.taken.mix(to);
            }
        }
        self.cursor = cursor;
    }
}
