//! The time of a worker: the machine's monotonic clock, which the kernel's timeouts go by, or that of a simulation.

use tidemill_core::clock::{Clock, Instant};
#[cfg(any(test, feature = "sim"))]
use {std::sync::Arc, tidemill_core::clock::ManualClock};

/// The clock that a worker's timeouts go by.
#[derive(Clone, Debug)]
pub(crate) enum Time {
    /// The machine's.
    Monotonic,
    /// A simulation's.
    #[cfg(any(test, feature = "sim"))]
    Virtual(Arc<ManualClock>),
}

impl Clock for Time {
    #[inline]
    fn now(&self) -> Instant {
        match self {
            Self::Monotonic => {
                let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
                Instant::from_nanos(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
            }
            #[cfg(any(test, feature = "sim"))]
            Self::Virtual(clock) => clock.now(),
        }
    }
}
