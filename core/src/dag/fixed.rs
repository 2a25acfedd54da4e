//! A table of records by key, without an allocator: the first so many; those that come when it is full are not written down.

use heapless::{LinearMap, Vec};

/// How many records of a kind there are at most.
const ROOM: usize = 32;

/// Records in order.
pub(super) type List<V> = Vec<V, ROOM>;

/// How many a report names.
pub(super) const FEW: usize = 4;

/// As many as a report names.
pub(super) type Few<V> = Vec<V, FEW>;

/// Records by key.
pub(super) struct Table<K, V>(LinearMap<K, V, ROOM>);

impl<K: Ord + Copy, V: Copy> Table<K, V> {
    pub(super) const fn new() -> Self {
        Self(LinearMap::new())
    }

    /// Adds a record. `false`: there is no room.
    pub(super) fn insert(&mut self, key: K, record: V) -> bool {
        self.0.insert(key, record).is_ok()
    }

    /// The record of this key.
    pub(super) fn get(&mut self, key: K) -> Option<&mut V> {
        self.0.get_mut(&key)
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, key: K) -> Option<V> {
        self.0.remove(&key)
    }

    /// Takes out all from one key to another, without that.
    pub(super) fn remove_range(&mut self, from: K, to: K) {
        loop {
            let key = self.0.keys().copied().find(|&key| key >= from && key < to);
            let Some(key) = key else { return };
            self.0.remove(&key);
        }
    }

    /// All of them.
    pub(super) fn records(&self) -> impl Iterator<Item = V> {
        self.0.values().copied()
    }
}
