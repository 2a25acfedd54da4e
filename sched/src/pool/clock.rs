//! The clock of a pool: the machine's monotonic one.

use std::time;

use tidemill_core::clock::{Clock, Instant};

/// What has passed since it was made, and a day: moments before that can be told, too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Monotonic(time::Instant);

const DAY: u64 = 86_400_000_000_000;

impl Monotonic {
    pub(super) fn new() -> Self {
        Self(time::Instant::now())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Instant {
        let passed = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Instant::from_nanos(passed.saturating_add(DAY))
    }
}
