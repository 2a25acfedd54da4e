//! A table of records by key: all of them.

use alloc::{collections::BTreeMap, vec::Vec};

/// Records in order.
pub(super) type List<V> = Vec<V>;

/// How many a report names.
pub(super) const FEW: usize = usize::MAX;

/// As many as a report names.
pub(super) type Few<V> = Vec<V>;

/// Records by key.
pub(super) struct Table<K, V>(BTreeMap<K, V>);

impl<K: Ord + Copy, V: Copy> Table<K, V> {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a record. `false`: there is no room.
    pub(super) fn insert(&mut self, key: K, record: V) -> bool {
        self.0.insert(key, record);
        true
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
        while let Some((&key, _)) = self.0.range(from..to).next() {
            self.0.remove(&key);
        }
    }

    /// All of them.
    pub(super) fn records(&self) -> impl Iterator<Item = V> {
        self.0.values().copied()
    }
}
