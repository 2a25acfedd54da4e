//! Slack is how much later than it is due something may happen: so that one wake serves many.

use core::time::Duration;

use crate::clock::Instant;

/// The moment from `deadline` to `slack` later that has the most zeros at its end: moments near one another are likely to share it.
///
/// ```
/// use core::time::Duration;
/// use tidemill_core::{clock::Instant, time::coalesce};
///
/// let at = Instant::from_nanos;
/// assert_eq!(coalesce(at(1001), Duration::from_nanos(100)), at(1024));
/// assert_eq!(coalesce(at(1023), Duration::from_nanos(1)), at(1024));
/// assert_eq!(coalesce(at(1023), Duration::ZERO), at(1023));
/// ```
pub fn coalesce(deadline: Instant, slack: Duration) -> Instant {
    let Some(before) = deadline.as_nanos().checked_sub(1) else { return deadline };
    let latest = (deadline + slack).as_nanos();
    // `before` is less than `latest`: below the highest bit in which they differ, zeros lead to what is after the one, not the other.
    let bit = 63 - (before ^ latest).leading_zeros();
    Instant::from_nanos(latest >> bit << bit)
}
