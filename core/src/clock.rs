//! A clock tells how much time has passed since its origin; an alarm is what a platform rings when a moment has come.
//!
//! Time is given, never taken: whatever waits for a moment is handed a [`Clock`]. Moments are whole nanoseconds, so that a clock
//! of any resolution can say what it means, and 584 years fit.

use core::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use crate::{
    const_new,
    lock::{Lock, Locked, RawLock},
};

/// A moment: nanoseconds since the origin of the clock that told it.
///
/// Moments of different clocks do not compare. Arithmetic saturates at both ends: [`Instant::FAR`] is never reached.
///
/// ```
/// use core::time::Duration;
/// use tidemill_core::clock::Instant;
///
/// let start = Instant::from_nanos(500);
/// assert_eq!(start + Duration::from_nanos(250), Instant::from_nanos(750));
/// assert_eq!(start - Instant::from_nanos(750), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The clock's origin.
    pub const ORIGIN: Self = Self(0);
    /// A moment that never comes.
    pub const FAR: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let nanos = span.as_secs().saturating_mul(1_000_000_000);
        Self(self.0.saturating_add(nanos).saturating_add(u64::from(span.subsec_nanos())))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// How long after `earlier` this is; zero where it is not after it.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", Duration::from_nanos(self.0))
    }
}

/// Tells what time it is: never less than it told before.
pub trait Clock {
    /// The present moment.
    fn now(&self) -> Instant;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Instant {
        (**self).now()
    }
}

/// A clock that stands still until it is told to move: virtual time.
///
/// ```
/// use core::time::Duration;
/// use tidemill_core::clock::{Clock, Instant, ManualClock};
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_secs(3));
/// clock.advance_to(Instant::from_nanos(5));
/// assert_eq!(clock.now(), Instant::from_nanos(3_000_000_000));
/// ```
pub struct ManualClock<L: RawLock = Lock> {
    now: Locked<Instant, L>,
}

impl ManualClock {
    const_new! {
        /// A clock at its origin.
        pub fn new() -> Self {
            Self::new_in(Instant::ORIGIN)
        }
    }

    const_new! {
        /// A clock at a moment of one's choice.
        pub fn starting_at(now: Instant) -> Self {
            Self::new_in(now)
        }
    }
}

impl<L: RawLock> ManualClock<L> {
    const_new! {
        /// A clock at a moment of one's choice, with a lock of one's choice.
        pub fn new_in(now: Instant) -> Self {
            Self { now: Locked::new_in(now) }
        }
    }

    /// Moves on by `span`, at most to [`Instant::FAR`], and says to what moment.
    pub fn advance(&self, span: Duration) -> Instant {
        self.now.with(|now| {
            *now = *now + span;
            *now
        })
    }

    /// Moves on to `moment`, if it is not there yet: a clock never goes back.
    pub fn advance_to(&self, moment: Instant) {
        self.now.with(|now| *now = (*now).max(moment));
    }
}

impl<L: RawLock> Clock for ManualClock<L> {
    fn now(&self) -> Instant {
        self.now.with(|now| *now)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: RawLock> fmt::Debug for ManualClock<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}

/// A hardware alarm or its like: rings the platform awake once a moment has come.
pub trait Alarm {
    /// Sets the one alarm to `deadline`, or switches it off. A deadline in the past rings at once.
    fn set(&self, deadline: Option<Instant>);
}
