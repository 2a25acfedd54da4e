//! What a worker has done so far, as anybody may read it: each count is changed by the worker alone.

use core::time::Duration;

use tidemill_core::sync::{AtomicUsize, Ordering::Relaxed};

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) polls: Count,
    pub(super) wakes: Count,
    pub(super) steals: Count,
    pub(super) parks: Count,
    /// Tasks that were made here and prefer no node.
    pub(super) spawns: Count,
    /// Nanoseconds: the longest turn, if turns are watched.
    pub(super) longest: Count,
    /// Changed by whoever rings.
    pub(super) rings: AtomicUsize,
}

/// A count that one thread changes.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicUsize);

impl Count {
    #[inline]
    pub(super) fn add(&self, more: usize) {
        // ordering: Relaxed, one thread changes it, and it is a number and no more.
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub(super) fn raise_to(&self, value: usize) {
        if value > self.get() {
            // ordering: as in `add`.
            self.0.store(value, Relaxed);
        }
    }

    pub(super) fn get(&self) -> usize {
        // ordering: as in `add`.
        self.0.load(Relaxed)
    }
}

/// What a worker has done so far. Counts wrap around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Turns that it gave to tasks of the pool.
    pub polls: usize,
    /// Tasks that it queued, woken or new.
    pub wakes: usize,
    /// Tasks that it took from the queues of others.
    pub steals: usize,
    /// How often it slept.
    pub parks: usize,
    /// How often it was woken from its sleep.
    pub doorbells: usize,
    /// Its longest turn; zero where turns are not [watched](super::Builder::on_long_turn).
    pub longest_poll: Duration,
}

impl Counts {
    pub(super) fn read(&self) -> WorkerStats {
        WorkerStats {
            polls: self.polls.get(),
            wakes: self.wakes.get(),
            steals: self.steals.get(),
            parks: self.parks.get(),
            // ordering: Relaxed, it is a number and no more.
            doorbells: self.rings.load(Relaxed),
            longest_poll: Duration::from_nanos(self.longest.get() as u64),
        }
    }
}
