//! A hierarchical timing wheel: everything that waits for a moment, kept in the order of the moments.
//!
//! | an entry that is | is inserted       | its moment comes      | is taken out | the wheel closes or goes |
//! |------------------|-------------------|-----------------------|--------------|--------------------------|
//! | `Idle`           | -> `Armed`        |                       |              |                          |
//! | `Armed`          | moves             | -> `Fired`, is woken  | -> `Idle`    | -> `Closed`, is woken    |
//! | `Fired`          | -> `Armed`        |                       | -> `Idle`    |                          |
//! | `Closed`         | refused, `Closed` |                       | -> `Idle`    |                          |
//!
//! [W1] A wheel that is closed has no entries, and never will.
//! [W2] Wakers come in as clones and go out to be woken or dropped after the lock, in batches: no user code runs inside.
//!
//! There is no atomic protocol here, only the lock: it has no model of its own.

use core::{fmt, task::Waker};

use crate::{
    clock::Instant,
    const_new,
    error::WheelClosed,
    lock::{Lock, Locked, RawLock},
    time::{
        lists::Lists,
        node::{FAR, Link},
        status::Status,
    },
    wait::WakeBatch,
};

/// A hierarchical timing wheel.
///
/// Inserting and taking out are O(1). An entry fires at the first [`fire`](Self::fire) that is told its deadline or a later moment: never
/// early, in the order of the deadlines, of equal deadlines the oldest first. On its way there it moves at most once per level
/// (six bits of the nanoseconds each). Nothing allocates. Time may begin anywhere, stand still or leap: a
/// leap costs by the entries that it passes, not by its length.
///
/// It needs no pinning; the entries do. Size: 5.3 KiB on 64-bit machines, 1.2 KiB on smaller ones.
///
/// Without `std` it is one line in the order of the deadlines, of 20 bytes on a 32-bit machine: to insert, and to take out another than the first, takes time with the number of
/// entries that stand before, and every deadline is exact.
pub struct Wheel<L: RawLock = Lock> {
    pub(super) lists: Locked<Lists, L>,
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
            Self { lists: Locked::new_in(Lists::new()) }
        }
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.lists.with(|lists| lists.len())
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When to call [`fire`](Self::fire) next: `None` if nothing waits for a moment that can come ([`Instant::FAR`] cannot).
    ///
    /// Never later than the earliest deadline, and equal to it unless more than 16 entries of several deadlines share the slot of the earliest (be they
    /// of [`Instant::FAR`]). Then it is the beginning of that slot, and firing there (which may wake nobody) divides the slot by 64 (by 16 on 32-bit machines): at most as many idle
    /// calls as there are levels lead to a deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.lists.with(|lists| lists.next()).filter(|&next| next != FAR).map(Instant::from_nanos)
    }

    /// Wakes all whose deadline is not after `now`, and says how many they were.
    ///
    /// The lock is released after every [`WakeBatch::CAPACITY`] entries to wake them, so a waker may do with this wheel what it likes. What it inserts and is
    /// due fires in this call or in the next: one call fires no more entries than there were at its beginning, so that it ends even
    /// where waking inserts. [`next_deadline`](Self::next_deadline) is then not after `now`.
    ///
    /// Entries whose moment comes nearer are placed anew, a slot at a time: once per entry and level, in the call that reaches the slot.
    ///
    /// [`Instant::FAR`] never comes, not even here.
    pub fn fire(&self, now: Instant) -> usize {
        let now = now.as_nanos().min(FAR - 1);
        let mut budget = None;
        let mut fired = 0;
        loop {
            let mut batch = WakeBatch::new();
            let done = self.lists.with(|lists| {
                let budget = *budget.get_or_insert_with(|| lists.len());
                while !batch.is_full() {
                    let Some(waker) = lists.fire_next(now) else { return true };
                    batch.push(waker);
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
        #[cfg(not(feature = "alloc"))]
        super::lists::closes();
        self.detach();
    }

    fn detach(&self) {
        loop {
            let mut batch = WakeBatch::new();
            let done = self.lists.with(|lists| {
                lists.closed = true;
                while !batch.is_full() {
                    let Some(waker) = lists.close_next() else { return true };
                    batch.push(waker);
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
        self.lists.with(|lists| join(lists, link, deadline, waker))
    }

    /// As `join`, for a node that has not fired. `None`: it has.
    pub(super) fn join_unless_fired(
        &self,
        link: Link,
        deadline: u64,
        waker: &mut Option<Waker>,
    ) -> Option<Result<(), WheelClosed>> {
        self.lists.with(|lists| {
            let fired = lists.status(link) == Status::Fired;
            (!fired).then(|| join(lists, link, deadline, waker))
        })
    }

    /// As `shift`, for a node that has not fired. `None`: it has.
    pub(super) fn shift_unless_fired(&self, link: Link, deadline: u64) -> Option<bool> {
        self.lists.with(|lists| {
            let fired = lists.status(link) == Status::Fired;
            (!fired).then(|| lists.shift(link, deadline))
        })
    }

    /// As `leave`, for a node that has not fired. `None`: it has.
    #[must_use]
    pub(super) fn leave_unless_fired(&self, link: Link) -> Option<Option<Waker>> {
        self.lists.with(|lists| {
            let fired = lists.status(link) == Status::Fired;
            (!fired).then(|| lists.remove(link))
        })
    }

    /// Whether the node already waits for `deadline` and would wake whom `waker` wakes.
    pub(super) fn has(&self, link: Link, deadline: u64, waker: &Waker) -> bool {
        self.lists.with(|lists| lists.has(link, deadline, waker))
    }

    /// Has the node wait for another deadline, if it waits. Says whether it does.
    pub(super) fn shift(&self, link: Link, deadline: u64) -> bool {
        self.lists.with(|lists| lists.shift(link, deadline))
    }

    /// Takes the node out, which is `Idle` then. The waker is to be dropped.
    #[must_use]
    pub(super) fn leave(&self, link: Link) -> Option<Waker> {
        self.lists.with(|lists| lists.remove(link))
    }

    /// What became of the node.
    pub(super) fn status(&self, link: Link) -> Status {
        self.lists.with(|lists| lists.status(link))
    }
}

/// Has the node wait on a wheel that is not closed. `waker` is then the one to drop.
fn join(
    lists: &mut Lists,
    link: Link,
    deadline: u64,
    waker: &mut Option<Waker>,
) -> Result<(), WheelClosed> {
    if lists.closed {
        // [W1] It is not linked, and has no waker that could be dropped here.
        lists.settle(link, Status::Closed);
        return Err(WheelClosed);
    }
    lists.insert(link, deadline, waker);
    Ok(())
}

impl<L: RawLock> Drop for Wheel<L> {
    fn drop(&mut self) {
        self.detach();
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
