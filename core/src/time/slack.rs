//! Slack is how much later than it is due something may happen: so that one wake serves many.

use core::time::Duration;

use crate::clock::Instant;

/// The 64th part of a millisecond in nanoseconds: a slack of 1, 2 or 4 ms has a power of two of them.
const PART: u64 = 15_625;

/// The moment from `deadline` to `slack` later that most others are likely to share: the roundest.
///
/// That is the one with the most zeros at its end, counted in 64ths of a millisecond and to base two; or in nanoseconds, where there is none of those. So with a
/// slack of 1 ms (or 2, 4 ..) all that falls due within it comes at once, at a full millisecond.
///
/// ```
/// use core::time::Duration;
/// use tidemill_core::{clock::Instant, time::coalesce};
///
/// let at = Instant::from_nanos;
/// assert_eq!(coalesce(at(41_234_567), Duration::from_millis(1)), at(42_000_000));
/// assert_eq!(coalesce(at(41_234_567), Duration::from_millis(10)), at(48_000_000));
/// assert_eq!(coalesce(at(1001), Duration::from_nanos(100)), at(1024));
/// assert_eq!(coalesce(at(1023), Duration::ZERO), at(1023));
/// ```
pub fn coalesce(deadline: Instant, slack: Duration) -> Instant {
    let Some(before) = deadline.as_nanos().checked_sub(1) else { return deadline };
    let latest = (deadline + slack).as_nanos();
    let roundest = match (before / PART, latest / PART) {
        (before, latest) if before < latest => PART * round(before, latest),
        _ => round(before, latest),
    };
    Instant::from_nanos(roundest)
}

/// The number with the most zeros at its end which is more than `before`, and at most `latest`.
fn round(before: u64, latest: u64) -> u64 {
    // Below the highest bit in which they differ, zeros lead to what is after the one, not the other.
    let bit = 63 - (before ^ latest).leading_zeros();
    latest >> bit << bit
}
