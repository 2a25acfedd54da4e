//! A hierarchical timing wheel: everything that waits for a moment, kept in the order of the moments.
//!
//! | of an entry | inserted         | its moment comes      | taken out | the wheel closes or goes |
//! |-------------|------------------|-----------------------|-----------|--------------------------|
//! | `Idle`      | -> `Armed`       |                       |           |                          |
//! | `Armed`     | moves            | -> `Fired`, is woken  | -> `Idle` | -> `Closed`, is woken    |
//! | `Fired`     | -> `Armed`       |                       | -> `Idle` |                          |
//! | `Closed`    | refused          |                       | -> `Idle` |                          |
//!
//! Which slot holds what is told in `slot`. A slot is a doubly linked list, oldest first: the wheel knows the last node of each, the last
//! node's `next` is the first, the first has no `prev`. Inserting touches the new node and the last; taking out touches its neighbours.
//!
//! [W1] A node is `Armed` exactly while it is linked in one slot of one wheel, and holds a waker exactly while it is `Armed`.
//! [W2] A linked node is alive: it is pinned, and whoever linked it promised to unlink it before it dies (contract of [`Wheel::join`]).
//!      One that was forgotten stays in memory for ever, as pinning demands, and is detached at the latest when the wheel is dropped.
//! [W3] What a node holds is read and written under the lock of its wheel alone.
//! [W4] Nodes point at nodes, never at the wheel: a wheel may move.
//! [W5] Every node is linked in the slot of its deadline as seen from the cursor. Hence no deadline is before the cursor.
//! [W6] Wakers come in as clones and go out to be woken or dropped after the lock, in batches.
//!
//! There is no atomic protocol here, only the lock: it has no model of its own.

#![expect(unsafe_code, reason = "links pinned nodes that their owners promise to unlink")]

use core::{fmt, iter, marker::PhantomPinned, mem, pin::Pin, ptr::NonNull, task::Waker};

use crate::{
    clock::Instant,
    const_new,
    error::WheelClosed,
    lock::{Lock, Locked, RawLock},
    sync::UnsafeCell,
    time::{
        batch::WakeBatch,
        entry::Status,
        slot::{SLOTS, Slot, Taken},
    },
};

/// How many entries of one slot are looked at to learn which is the earliest.
const GLANCE: usize = 16;

/// A hierarchical timing wheel.
///
/// Inserting and taking out are O(1). An entry fires at the first [`fire`](Self::fire) that is told its deadline or a later moment: never
/// early, in the order of the deadlines, of equal deadlines the oldest first. On its way there it moves at most once per level
/// (six bits of the remaining nanoseconds each). Nothing allocates. Time may begin anywhere, stand still or leap: a leap costs by
/// the entries that it passes, not by its length.
///
/// It needs no pinning; the entries do. Size: 5.5 KiB on 64-bit machines, 1.2 KiB on smaller ones.
pub struct Wheel<L: RawLock = Lock> {
    slots: Locked<Slots, L>,
}

impl Wheel {
    const_new! {
        /// A wheel on which nothing waits.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<L: RawLock> Wheel<L> {
    const_new! {
        /// A wheel with a lock of one's choice.
        pub fn new_in() -> Self {
            Self { slots: Locked::new_in(Slots::new()) }
        }
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.slots.with(|slots| slots.len)
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When to call [`fire`](Self::fire) next: `None` if nothing waits for a moment that can come ([`Instant::FAR`] cannot).
    ///
    /// Never later than the earliest deadline, and equal to it unless more than 16 entries share the slot of the earliest (be they of [`Instant::FAR`]). Then it is
    /// the beginning of that slot, and firing there (which may wake nobody) divides the slot by 64: at most as many idle
    /// calls as there are levels lead to a deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.slots.with(|slots| slots.next()).filter(|&next| next != FAR).map(Instant::from_nanos)
    }

    /// Wakes all whose deadline is not after `now`, and says how many they were.
    ///
    /// The lock is released after every 16 entries to wake them, so a waker may do with this wheel what it likes. An entry that is inserted
    /// meanwhile and is due as well fires too; but one call fires no more entries than there were at its beginning, so
    /// that it ends even where waking inserts. Then [`next_deadline`](Self::next_deadline) is not after `now`.
    ///
    /// [`Instant::FAR`] never comes, not even here.
    pub fn fire(&self, now: Instant) -> usize {
        let now = now.as_nanos().min(FAR - 1);
        let mut budget = None;
        let mut fired = 0;
        loop {
            let mut batch = WakeBatch::new();
            let done = self.slots.with(|slots| {
                let budget = *budget.get_or_insert(slots.len);
                while !batch.is_full() {
                    let Some(link) = slots.pop_due(now) else { return true };
                    batch.extend(slots.detach(link, Status::Fired));
                    fired += 1;
                    if fired == budget {
                        return true;
                    }
                }
                false
            });
            batch.wake();
            if done {
                return fired;
            }
        }
    }

    /// Detaches and wakes all: they find the wheel closed, and so does whoever comes later. Dropping the wheel does the same.
    pub fn close(&self) {
        loop {
            let mut batch = WakeBatch::new();
            let done = self.slots.with(|slots| {
                slots.closed = true;
                while !batch.is_full() {
                    let Some(link) = slots.pop_any() else { return true };
                    batch.extend(slots.detach(link, Status::Closed));
                }
                false
            });
            batch.wake();
            if done {
                return;
            }
        }
    }
}

/// What an [`Entry`](super::Entry) does with its wheel.
impl<L: RawLock> Wheel<L> {
    /// Has the node wait for `deadline` with the waker, wherever it was before. `waker` is then the one to drop.
    pub(super) fn join(
        &self,
        link: Link,
        deadline: u64,
        waker: &mut Option<Waker>,
    ) -> Result<(), WheelClosed> {
        self.slots.with(|slots| {
            if slots.closed {
                slots.at(link, |node| node.status = Status::Closed);
                return Err(WheelClosed);
            }
            if slots.status(link) == Status::Armed {
                slots.unlink(link);
            }
            slots.at(link, |node| {
                mem::swap(&mut node.waker, waker);
                node.status = Status::Armed;
                node.deadline = deadline;
            });
            slots.insert(link);
            Ok(())
        })
    }

    /// Whether the node already waits for `deadline` and would wake whom `waker` wakes.
    pub(super) fn has(&self, link: Link, deadline: u64, waker: &Waker) -> bool {
        self.slots.with(|slots| {
            slots.at(link, |node| {
                node.status == Status::Armed
                    && node.deadline == deadline
                    && node.waker.as_ref().is_some_and(|known| known.will_wake(waker))
            })
        })
    }

    /// Has the node wait for another deadline, if it waits. Says whether it does.
    pub(super) fn shift(&self, link: Link, deadline: u64) -> bool {
        self.slots.with(|slots| {
            let armed = slots.status(link) == Status::Armed;
            if armed {
                slots.unlink(link);
                slots.at(link, |node| node.deadline = deadline);
                slots.insert(link);
            }
            armed
        })
    }

    /// Takes the node out, which is `Idle` then. The waker is to be dropped.
    #[must_use]
    pub(super) fn leave(&self, link: Link) -> Option<Waker> {
        self.slots.with(|slots| {
            if slots.status(link) == Status::Armed {
                slots.unlink(link);
            }
            slots.detach(link, Status::Idle)
        })
    }

    /// What became of the node.
    pub(super) fn status(&self, link: Link) -> Status {
        self.slots.with(|slots| slots.status(link))
    }
}

impl<L: RawLock> Drop for Wheel<L> {
    fn drop(&mut self) {
        self.close();
    }
}

impl Default for Wheel {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: RawLock> fmt::Debug for Wheel<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The last moment, which never comes.
const FAR: u64 = Instant::FAR.as_nanos();

/// What the lock guards.
struct Slots {
    /// The last node of each slot.
    last: [Option<Link>; SLOTS],
    taken: Taken,
    /// Whence the slots are seen: not before the moment of the last `fire`, or of an entry inserted since for an earlier one.
    cursor: u64,
    len: usize,
    closed: bool,
}

// SAFETY: the links point at nodes whose content is reached through these slots alone ([W3]) and may be sent: wakers, numbers.
unsafe impl Send for Slots {}

impl Slots {
    const fn new() -> Self {
        Self { last: [None; SLOTS], taken: Taken::none(), cursor: 0, len: 0, closed: false }
    }

    /// Reads or writes a node. `f` runs no user code ([W6]).
    #[inline]
    fn at<R>(&mut self, link: Link, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: the node is alive: it is linked here [W2], or its owner lends it (contract of `Link::new`).
        let node = unsafe { link.0.as_ref() };
        // SAFETY: [W3] `&mut self` proves that we hold the lock, and `f` cannot reach `self`: nobody else is here.
        node.links.with_mut(|links| f(unsafe { &mut *links }))
    }

    fn status(&mut self, link: Link) -> Status {
        self.at(link, |node| node.status)
    }

    /// Sets what became of an unlinked node, and takes its waker.
    fn detach(&mut self, link: Link, status: Status) -> Option<Waker> {
        self.at(link, |node| {
            node.status = status;
            node.waker.take()
        })
    }

    /// Links a node, whose deadline is set.
    fn insert(&mut self, link: Link) {
        let deadline = self.at(link, |node| node.deadline);
        if deadline < self.cursor {
            self.rewind(deadline);
        }
        self.append(link, deadline);
        self.len += 1;
    }

    /// Links a node last in its slot ([W5]).
    #[inline]
    fn append(&mut self, link: Link, deadline: u64) {
        let slot = Slot::of(deadline, self.cursor);
        match self.last[slot.index()].replace(link) {
            Some(last) => {
                let first = self.at(last, |node| node.next.replace(link));
                self.at(link, |node| (node.prev, node.next) = (Some(last), first));
            }
            None => {
                self.at(link, |node| (node.prev, node.next) = (None, Some(link)));
                self.taken.add(slot);
            }
        }
    }

    /// Takes a linked node out of its slot.
    fn unlink(&mut self, link: Link) {
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
        self.len -= 1;
    }

    /// Takes out one whose deadline is not after `now`: the first in order. Where there is none, the cursor has come to `now`.
    fn pop_due(&mut self, now: u64) -> Option<Link> {
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
            match self.glance(slot) {
                // The cursor stays where it is, and all others in their places.
                Some((link, deadline)) if deadline <= now => {
                    self.unlink(link);
                    return Some(link);
                }
                Some(_) => self.place_anew(slot, now),
                None => self.place_anew(slot, start),
            }
        }
    }

    /// Takes out any.
    fn pop_any(&mut self) -> Option<Link> {
        let slot = self.taken.first()?;
        self.pop_first(slot)
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

    /// The earliest deadline, or a bound.
    fn next(&mut self) -> Option<u64> {
        let slot = self.taken.first()?;
        let start = slot.start(self.cursor);
        if slot.is_exact() {
            return Some(start);
        }
        Some(self.glance(slot).map_or(start, |(_, deadline)| deadline))
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
            let first = self.first(from);
            self.taken.remove(from);
            let last = self.last[from.index()].take();
            let (Some(first), Some(last)) = (first, last) else { continue };
            match self.last[to.index()].replace(last) {
                Some(before) => {
                    let front = self.at(before, |node| node.next.replace(first));
                    self.at(first, |node| node.prev = Some(before));
                    self.at(last, |node| node.next = front);
                }
                None => self.taken.add(to),
            }
        }
        self.cursor = cursor;
    }
}

/// What an entry keeps for its wheel.
pub(super) struct Node {
    links: UnsafeCell<Links>,
    _pinned: PhantomPinned,
}

impl Node {
    /// One that is linked nowhere.
    pub(super) fn new() -> Self {
        let links =
            Links { prev: None, next: None, deadline: 0, waker: None, status: Status::Idle };
        Self { links: UnsafeCell::new(links), _pinned: PhantomPinned }
    }
}

struct Links {
    prev: Option<Link>,
    next: Option<Link>,
    deadline: u64,
    waker: Option<Waker>,
    status: Status,
}

/// The address of a node, and its owner's promise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(NonNull<Node>);

impl Link {
    /// The link of `node`.
    ///
    /// # Safety
    /// All links of a node go to one and the same wheel, while the node is lent to that call. Before the node dies, its owner has
    /// the wheel take it out ([`Wheel::leave`]), or the wheel is dropped.
    pub(super) unsafe fn new(node: Pin<&Node>) -> Self {
        Self(NonNull::from(node.get_ref()))
    }
}
