//! The slots of a worker: how many connections its listeners may have open at a time, and which accepts may be armed for them.
//!
//! | a slot is | since                               | until                                                              |
//! |-----------|-------------------------------------|--------------------------------------------------------------------|
//! | free      | -                                   | an accept is armed that may take it                                |
//! | promised  | an accept is armed that may take it | that accept's last completion                                      |
//! | taken     | a connection was delivered          | its descriptor is closed; a direct one: that the ring answered so  |
//!
//! [I1] Without a limit nothing is counted, and every accept is armed for many connections.
//! [I2] One accept for many is armed only where a whole backlog and a batch are free, which it is promised: one enter may deliver so much.
//! [I3] In a table of direct descriptors no accept is for many, so promised and taken slots together are at most its entries: no connection finds it full.
//! [I4] Descriptors are dropped anywhere, also while the driver is borrowed: they only leave a note, which the next turn reads.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::engine::Config;

/// Accepts of one connection each that a listener has armed at the most; and what a backlog may get while one for many is being cancelled.
pub(super) const BATCH: u32 = 64;

/// What a listener may arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// One accept for many connections.
    Many,
    /// So many accepts more, for one each.
    Once(u32),
}

/// The slots of one worker.
pub(super) struct Slots {
    /// `None`: [I1].
    most: Option<u32>,
    direct: bool,
    taken: u32,
    promised: u32,
    /// Some became free since listeners were last asked.
    freed: bool,
    notes: Rc<Notes>,
}

/// What descriptors leave when they are dropped ([I4]).
#[derive(Debug, Default)]
struct Notes {
    closed: Cell<u32>,
    closing: RefCell<Vec<u32>>,
}

impl Slots {
    pub(super) fn new(config: &Config) -> Self {
        let direct = config.direct > 0;
        let table = if direct { config.direct } else { u32::MAX };
        let most = Some(config.connections.min(table)).filter(|most| *most < u32::MAX);
        let notes = Rc::default();
        Self { most, direct, taken: 0, promised: 0, freed: false, notes }
    }

    /// Whether connections come as entries of the ring's table.
    pub(super) fn is_direct(&self) -> bool {
        self.direct
    }

    /// Whether they are counted at all.
    pub(super) fn are_limited(&self) -> bool {
        self.most.is_some()
    }

    /// What one of so many listeners, with this `backlog` and with accepts for one connection `armed`, may arm. Each leaves a batch to each of the others.
    pub(super) fn way(&self, backlog: u32, listeners: u32, armed: u32) -> Way {
        let Some(most) = self.most else { return Way::Many };
        let free = most.saturating_sub(self.taken).saturating_sub(self.promised);
        let others = BATCH.saturating_mul(listeners.saturating_sub(1));
        if !self.direct && free > Self::of_many(backlog).saturating_add(others) {
            // Those for one that are still armed land one by one, and are not followed by others.
            return if armed == 0 { Way::Many } else { Way::Once(0) };
        }
        Way::Once(self.share(listeners).saturating_sub(armed).min(free))
    }

    /// Accepts of one connection that each of so many listeners may have armed: all get some, unless fewer are free than there are listeners.
    pub(super) fn share(&self, listeners: u32) -> u32 {
        let left = self.most.unwrap_or(u32::MAX).saturating_sub(self.taken);
        (left / listeners.max(1)).clamp(1, BATCH)
    }

    /// Slots that an accept for many is promised.
    pub(super) const fn of_many(backlog: u32) -> u32 {
        backlog.saturating_add(BATCH)
    }

    /// An accept is armed that may take `count`.
    pub(super) fn promise(&mut self, count: u32) {
        if self.most.is_some() {
            self.promised = self.promised.saturating_add(count);
        }
    }

    /// An accept that was promised `count` is over.
    pub(super) fn withdraw(&mut self, count: u32) {
        if self.most.is_some() {
            debug_assert!(self.promised >= count, "what was promised is withdrawn once");
            self.promised = self.promised.saturating_sub(count);
            self.freed = true;
        }
    }

    /// A connection was delivered: as a descriptor, or at `entry` of the ring's table.
    pub(super) fn take(&mut self, entry: Option<u32>) -> Option<Place> {
        self.most?;
        self.taken += 1;
        Some(Place { entry, notes: Some(self.notes.clone()) })
    }

    /// A socket on a counted descriptor, at `entry` of the ring's table if it is direct, is closed.
    pub(super) fn let_go(&self, entry: Option<u32>) {
        self.notes.leave(entry);
    }

    /// Whether an accept for many has had so much that less is free than is promised.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.most.is_some_and(|most| self.promised > most.saturating_sub(self.taken))
    }

    /// Whether there is something for the turn to do: notes, or free slots.
    #[inline]
    pub(super) fn is_stirred(&self) -> bool {
        self.most.is_some()
            && (self.freed
                || self.notes.closed.get() > 0
                || !self.notes.closing.borrow().is_empty())
    }

    /// The next entry of the table that nobody uses any more.
    pub(super) fn closing(&self) -> Option<u32> {
        self.notes.closing.borrow_mut().pop()
    }

    /// The ring answered that an entry is free; or that it is not yet.
    pub(super) fn entry_closed(&mut self, number: u32, is_free: bool) {
        if is_free {
            self.taken = self.taken.saturating_sub(1);
            self.freed = true;
        } else {
            self.notes.closing.borrow_mut().push(number);
        }
    }

    /// Whether slots became free since this was last asked.
    pub(super) fn collect(&mut self) -> bool {
        let closed = self.notes.closed.take();
        self.taken = self.taken.saturating_sub(closed);
        std::mem::take(&mut self.freed) || closed > 0
    }
}

impl Notes {
    fn leave(&self, entry: Option<u32>) {
        match entry {
            Some(number) => self.closing.borrow_mut().push(number),
            None => self.closed.set(self.closed.get() + 1),
        }
    }
}

/// A taken slot: free when this is dropped, or, of a direct descriptor, when the next turn has closed that.
#[derive(Debug)]
pub(crate) struct Place {
    entry: Option<u32>,
    /// Until a socket has taken it over.
    notes: Option<Rc<Notes>>,
}

impl Place {
    /// A socket takes over what this stands for: [`Slots::let_go`] says when it is done with it.
    pub(super) fn hand_over(mut self) {
        self.notes = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(notes) = &self.notes {
            notes.leave(self.entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, Slots, Way};
    use crate::engine::Config;

    fn plain(connections: u32) -> Slots {
        Slots::new(&Config { connections, ..Config::default() })
    }

    fn direct(direct: u32) -> Slots {
        Slots::new(&Config { direct, ..Config::default() })
    }

    #[test]
    fn without_a_limit_accepts_are_for_many_and_nothing_is_counted() {
        let mut slots = plain(u32::MAX);
        slots.promise(1000);
        assert!(slots.take(None).is_none());
        assert_eq!(slots.way(u32::MAX, 1, 0), Way::Many);
        assert!(!slots.is_overdrawn() && !slots.is_stirred());
    }

    #[test]
    fn an_accept_for_many_is_armed_where_more_than_a_backlog_and_a_batch_are_free() {
        assert_eq!(plain(100 + BATCH).way(100, 1, 0), Way::Once(BATCH));
        let mut slots = plain(101 + BATCH);
        assert_eq!(slots.way(100, 1, 0), Way::Many);
        assert_eq!(slots.way(100, 1, 1), Way::Once(0), "the one that is armed lands first");
        assert_eq!(slots.way(100, 2, 0), Way::Once(BATCH), "another listener gets some, too");
        slots.promise(Slots::of_many(100));
        assert_eq!(slots.way(100, 2, 0), Way::Once(1), "the rest is another listener's");
        let first = slots.take(None);
        assert!(!slots.is_overdrawn());
        let second = slots.take(None);
        assert!(slots.is_overdrawn());
        slots.withdraw(Slots::of_many(100));
        assert!(slots.collect() && !slots.collect());
        assert_eq!(slots.way(100, 1, 0), Way::Once(BATCH));
        drop((first, second));
        assert!(slots.is_stirred() && slots.collect() && !slots.is_stirred());
        assert_eq!(slots.way(100, 1, 0), Way::Many);
    }

    #[test]
    fn into_a_table_no_more_accepts_are_armed_than_entries_are_free() {
        let mut slots = direct(5);
        assert_eq!(slots.way(0, 1, 0), Way::Once(5));
        slots.promise(4);
        assert_eq!(slots.way(0, 1, 4), Way::Once(1));
        slots.promise(1);
        slots.withdraw(1);
        let entry = slots.take(Some(3));
        assert_eq!(slots.way(0, 1, 4), Way::Once(0), "four are promised, and one is taken");
        drop(entry);
        assert!(slots.is_stirred());
        assert_eq!(slots.closing(), Some(3));
        assert_eq!(slots.way(0, 1, 4), Way::Once(0), "it is not closed yet");
        slots.entry_closed(3, false);
        assert_eq!((slots.closing(), slots.closing()), (Some(3), None));
        slots.entry_closed(3, true);
        assert_eq!(slots.way(0, 1, 4), Way::Once(1));
    }

    #[test]
    fn listeners_share_what_may_be_armed() {
        assert_eq!(plain(10).way(1024, 3, 0), Way::Once(3));
        assert_eq!(
            plain(2).share(3),
            1,
            "more listeners than slots: one each, for who comes first"
        );
        assert_eq!(plain(1000).share(2), BATCH);
        let mut slots = plain(10);
        let _seven: Vec<_> = (0..7).map(|_| slots.take(None)).collect();
        assert_eq!((slots.share(2), slots.share(3)), (1, 1), "of what is left");
        let both = Config { direct: 8, connections: 3, ..Config::default() };
        assert_eq!(Slots::new(&both).way(0, 1, 0), Way::Once(3), "the smaller limit counts");
    }
}
