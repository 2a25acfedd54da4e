//! The graph: a copy of what was written down, at one moment.
//!
//! [N1] Values and tasks stand in the order of their indices, epochs and places in that of value and number.

use super::{
    node::NodeInfo,
    record::{EpochRecord, Role, SeatRecord, TaskRecord, ValueRecord},
    table::List,
};

/// Values, epochs and tasks as they were at one moment. It is made by [`snapshot`](super::snapshot), and shown by
/// [`write_text`](Self::write_text) and [`write_dot`](Self::write_dot).
///
/// ```
/// use tidemill_core::{dag, epoch::Async};
///
/// let mut x: Async<u32> = Async::empty().labelled("weights");
/// let waits = x.read();
/// let mut picture = String::new();
/// let graph = dag::snapshot().only(|node| node.label == Some("weights"));
/// graph.write_dot(&mut picture).unwrap();
/// assert!(picture.contains("weights") && picture.contains("phase=Started"));
/// # drop(waits);
/// ```
#[derive(Clone, Debug)]
pub struct Graph {
    pub(super) values: List<ValueRecord>,
    pub(super) epochs: List<EpochRecord>,
    pub(super) tasks: List<TaskRecord>,
    pub(super) seats: List<SeatRecord>,
    pub(super) lost: u64,
}

impl Graph {
    pub(super) fn sort(&mut self) {
        self.values.sort_unstable_by_key(|value| value.info.index);
        self.epochs.sort_unstable_by_key(|epoch| (epoch.value, epoch.number));
        self.tasks.sort_unstable_by_key(|task| task.info.index);
        self.seats.sort_unstable_by_key(|seat| (seat.value, seat.number));
    }

    /// The same without the values and tasks of which `keep` says no, and all that belongs to them.
    pub fn only(mut self, mut keep: impl FnMut(&NodeInfo) -> bool) -> Self {
        self.values.retain(|value| keep(&value.info));
        self.tasks.retain(|task| keep(&task.info));
        let values = &self.values;
        let known = |index| values.binary_search_by_key(&index, |value| value.info.index).is_ok();
        self.epochs.retain(|epoch| known(epoch.value));
        self.seats.retain(|seat| known(seat.value));
        self
    }

    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &ValueRecord> {
        self.values.iter()
    }

    /// The epochs that are not over, those of a value in order.
    pub fn epochs(&self) -> impl Iterator<Item = &EpochRecord> {
        self.epochs.iter()
    }

    /// The tasks that have not ended.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskRecord> {
        self.tasks.iter()
    }

    /// How many found no room to be written down, from the beginning on: with `alloc`, none.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn value(&self, index: u64) -> Option<&ValueRecord> {
        let at = self.values.binary_search_by_key(&index, |value| value.info.index).ok()?;
        self.values.get(at)
    }

    pub(super) fn task(&self, index: u64) -> Option<&TaskRecord> {
        let at = self.tasks.binary_search_by_key(&index, |task| task.info.index).ok()?;
        self.tasks.get(at)
    }

    pub(super) fn epoch(&self, value: u64, number: u64) -> Option<&EpochRecord> {
        let key = (value, number);
        let at = self.epochs.binary_search_by_key(&key, |it| (it.value, it.number)).ok()?;
        self.epochs.get(at)
    }

    /// Those in one epoch.
    pub(super) fn seats_of(&self, value: u64, number: u64) -> &[SeatRecord] {
        let key = (value, number);
        let from = self.seats.partition_point(|seat| (seat.value, seat.number) < key);
        let to = self.seats.partition_point(|seat| (seat.value, seat.number) <= key);
        &self.seats[from..to]
    }

    /// Those for whom one who waits has to wait, as far as they stand in front: whoever is in the epoch in front; and if it is that which
    /// is waited for, its writer alone.
    pub(super) fn before(&self, seat: &SeatRecord) -> (&[SeatRecord], Option<Role>) {
        let front = self.value(seat.value).map_or(seat.number, |value| value.front);
        if front < seat.number {
            return (self.seats_of(seat.value, front), None);
        }
        match seat.role {
            Role::Reader => (self.seats_of(seat.value, seat.number), Some(Role::Writer)),
            Role::Writer => (&[], None),
        }
    }
}
