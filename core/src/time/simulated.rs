//! Simulated time: a wheel and a manual clock that are moved by hand, together.
//!
//! | moved                 | alarms on the way                     | who they wake runs | and finds the clock at  |
//! |-----------------------|---------------------------------------|--------------------|-------------------------|
//! | `advance_directly`    | fire all together, in order           | after that         | the moment moved to     |
//! | `advance_by_alarms`   | fire moment by moment                 | between them       | the moment of the alarm |

use core::fmt;

use crate::{
    clock::{Clock, Instant, ManualClock},
    lock::{Lock, RawLock},
    time::wheel::Wheel,
};

/// A wheel and the manual clock by which it is fired, to be moved together.
///
/// Source: Async's simulated `Time_source`.
///
/// ```
/// use core::{pin::pin, time::Duration};
/// use tidemill_core::{clock::{Clock, Instant, ManualClock}, time::{Simulated, Wheel}};
///
/// let (wheel, clock) = (Wheel::new(), ManualClock::new());
/// let time = Simulated::new(&wheel, &clock);
/// assert_eq!(time.advance_directly(Instant::from_nanos(100)), 0);
/// assert_eq!(clock.now(), Instant::from_nanos(100));
/// ```
pub struct Simulated<'a, L: RawLock = Lock, K: RawLock = Lock> {
    wheel: &'a Wheel<L>,
    clock: &'a ManualClock<K>,
}

impl<'a, L: RawLock, K: RawLock> Simulated<'a, L, K> {
    /// Moves `wheel` and `clock`.
    pub const fn new(wheel: &'a Wheel<L>, clock: &'a ManualClock<K>) -> Self {
        Self { wheel, clock }
    }

    /// Moves the clock to `to` at once, and fires all that is due then. Says how many that were.
    pub fn advance_directly(&self, to: Instant) -> usize {
        self.clock.advance_to(to);
        self.fire_past_alarms()
    }

    /// Moves the clock from alarm to alarm up to `to`, and calls `between` after each moment at which any fired, and at the end: there the
    /// executor runs whom they woke, who may set further alarms. Says how many fired.
    pub fn advance_by_alarms(&self, to: Instant, mut between: impl FnMut()) -> usize {
        let mut count = 0;
        while let Some(fired) = self.step(to) {
            count += fired;
            if fired > 0 {
                between();
            }
        }
        count += self.advance_directly(to);
        between();
        count
    }

    /// As [`advance_by_alarms`](Self::advance_by_alarms), from inside a task: `between` gives up its turn.
    ///
    /// # Cancel safety
    /// The clock stays where it has come to.
    pub async fn advance_by_alarms_within(
        &self,
        to: Instant,
        mut between: impl AsyncFnMut(),
    ) -> usize {
        let mut count = 0;
        while let Some(fired) = self.step(to) {
            count += fired;
            if fired > 0 {
                between().await;
            }
        }
        count += self.advance_directly(to);
        between().await;
        count
    }

    /// Fires what is due, and leaves the clock as it is.
    pub fn fire_past_alarms(&self) -> usize {
        self.wheel.fire(self.clock.now())
    }

    /// Moves to the next alarm, if it comes by `to`.
    fn step(&self, to: Instant) -> Option<usize> {
        let next = self.wheel.next_deadline().filter(|&next| next <= to)?;
        Some(self.advance_directly(next))
    }
}

impl<L: RawLock, K: RawLock> Clone for Simulated<'_, L, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: RawLock, K: RawLock> Copy for Simulated<'_, L, K> {}

impl<L: RawLock, K: RawLock> fmt::Debug for Simulated<'_, L, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated")
            .field("wheel", self.wheel)
            .field("now", &self.clock.now())
            .finish()
    }
}
