//! A tally is what a worker counted, where other threads may read it: the worker writes it after each turn.

use std::{
    ops::AddAssign,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use super::driver::Stats;

/// How many counts there are.
const COUNTS: usize = 10;

impl Stats {
    fn counts(self) -> [u64; COUNTS] {
        // Without `..`, so that no count is forgotten.
        let Self {
            enters,
            rings,
            completions,
            stale,
            accepted,
            received,
            starved,
            lost,
            live,
            in_flight,
        } = self;
        let (live, in_flight) = (live as u64, in_flight as u64);
        [enters, rings, completions, stale, accepted, received, starved, lost, live, in_flight]
    }

    fn of(counts: [u64; COUNTS]) -> Self {
        let [enters, rings, completions, stale, accepted, received, starved, lost, live, in_flight] =
            counts;
        let (live, in_flight) = (live as usize, in_flight as usize);
        Self {
            enters,
            rings,
            completions,
            stale,
            accepted,
            received,
            starved,
            lost,
            live,
            in_flight,
        }
    }
}

/// The counts of several workers together.
impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        let mut counts = self.counts();
        counts.iter_mut().zip(other.counts()).for_each(|(count, more)| *count += more);
        *self = Self::of(counts);
    }
}

/// See the [module](self). On lines of its own: its worker writes it often.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Tally([AtomicU64; COUNTS]);

impl Tally {
    /// By its worker alone.
    #[inline]
    pub(crate) fn write(&self, stats: Stats) {
        // ordering: Relaxed, counts, each right by itself.
        self.0.iter().zip(stats.counts()).for_each(|(place, count)| place.store(count, Relaxed));
    }

    /// What was written last; counts of a turn that is being written may be mixed with those before it.
    pub(crate) fn read(&self) -> Stats {
        // ordering: as in `write`.
        Stats::of(std::array::from_fn(|index| self.0[index].load(Relaxed)))
    }
}
