//! Stats of a Local: how much it has run, and which cycles took long.

use core::time::Duration;

use tidemill_core::clock::Instant;

/// What a Local has done since it was made. Both only grow, and go round at the end of a `usize`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// How many cycles were begun.
    pub cycles: usize,
    /// How many turns were given in cycles that are over.
    pub turns: usize,
}

/// Who is told of cycles that took long.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    pub(crate) at_least: Duration,
    pub(crate) tell: fn(Duration),
    /// `Watch::look`: where nobody watches, it is not linked.
    pub(crate) look: fn(Self, Instant, Instant),
}

impl Watch {
    /// A cycle has begun then, and ends now.
    pub(crate) fn look(self, begun: Instant, now: Instant) {
        let took = now - begun;
        if took >= self.at_least {
            (self.tell)(took);
        }
    }
}
