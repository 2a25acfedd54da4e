//! The registry: the records of all values, epochs and tasks of the process, and what happened last.
//!
//! [D1] The registry is under one short lock, which is the last one that anybody takes: what runs under it only changes records. So it may be
//!      asked from under the lock of a value, and nobody else's code runs under it.
//! [D2] A record that finds no room is counted, and not written down; who changes or removes it later finds none, which is no error.

use super::{
    event::{Event, What},
    graph::Graph,
    record::{EpochRecord, SeatRecord, TaskRecord, ValueRecord},
    ring::Ring,
    table::Table,
};
use crate::{
    lock::{Lock, Locked},
    shared_static,
};

/// All that is written down.
pub(super) struct Registry {
    last: u64,
    pub(super) values: Table<u64, ValueRecord>,
    /// By value and number.
    pub(super) epochs: Table<(u64, u64), EpochRecord>,
    pub(super) tasks: Table<u64, TaskRecord>,
    pub(super) seats: Table<u64, SeatRecord>,
    ring: Ring,
    /// How many found no room.
    lost: u64,
}

shared_static!(static REGISTRY: Locked<Registry, Lock> = Locked::new_in(Registry::new()));

/// Changes records [D1].
pub(super) fn with<R>(change: impl FnOnce(&mut Registry) -> R) -> R {
    REGISTRY.with(change)
}

impl Registry {
    const fn new() -> Self {
        Self {
            last: 0,
            values: Table::new(),
            epochs: Table::new(),
            tasks: Table::new(),
            seats: Table::new(),
            ring: Ring::new(),
            lost: 0,
        }
    }

    /// An index that nobody else has.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Notes whether a record found room [D2].
    pub(super) fn count(&mut self, found: bool) {
        self.lost += u64::from(!found);
    }

    /// Notes what happened in an epoch.
    pub(super) fn tell(&mut self, what: What, (value, epoch): (u64, u64), task: Option<u64>) {
        self.ring.push(Event { number: 0, what, value: Some(value), epoch, task });
    }

    /// Notes what happened to a task, and says by which event.
    pub(super) fn tell_task(&mut self, what: What, task: u64) -> u64 {
        let number = self.ring.next();
        self.ring.push(Event { number, what, value: None, epoch: 0, task: Some(task) });
        number
    }
}

/// A copy of all that is written down at this moment.
pub fn snapshot() -> Graph {
    with(|registry| {
        let mut graph = Graph {
            values: registry.values.records().collect(),
            epochs: registry.epochs.records().collect(),
            tasks: registry.tasks.records().collect(),
            seats: registry.seats.records().collect(),
            lost: registry.lost,
        };
        graph.sort();
        graph
    })
}

/// The last events, the oldest first, from the one with this number on as far as they are kept. It ends with what has happened when it gets
/// there.
///
/// ```
/// use tidemill_core::{dag, epoch::Async};
///
/// let begin = dag::trace(0).last().map_or(0, |event| event.number + 1);
/// let mut x: Async<u32> = Async::ready(1);
/// x.write().release();
/// assert!(dag::trace(begin).any(|event| event.what == dag::What::Writing));
/// ```
pub fn trace(from: u64) -> impl Iterator<Item = Event> {
    let mut next = from;
    core::iter::from_fn(move || {
        let event = with(|registry| registry.ring.from(next))?;
        next = event.number + 1;
        Some(event)
    })
}
