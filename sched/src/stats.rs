//! Stats of a Local: how much it has run, and which cycles took long.

use core::time::Duration;

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
}

impl Watch {
    /// A cycle has taken so long.
    pub(crate) fn look(self, took: Duration) {
        if took >= self.at_least {
            (self.tell)(took);
        }
    }
}
