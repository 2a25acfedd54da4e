//! Stats of a Local: how much it has run, and which cycles took long.

use core::{cell::Cell, time::Duration};

use tidemill_core::clock::{Clock, Instant};

/// What a Local has done since it was made. Both only grow, and go round at the end of a `usize`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// How many cycles were begun.
    pub cycles: usize,
    /// How many turns were given in cycles that are over.
    pub turns: usize,
}

/// What is done at the end of a cycle that began, and ends, then.
type Look = fn(&Watch, Instant, Instant);

/// Who is told of cycles that took long. For one thread.
pub(crate) struct Watch {
    /// `Watch::tell_if_long`, where somebody watches: where nobody ever does, it is not linked.
    look: Cell<Option<Look>>,
    at_least: Cell<Duration>,
    tell: Cell<Option<fn(Duration)>>,
}

impl Watch {
    /// Nobody.
    pub(crate) const fn new() -> Self {
        Self { look: Cell::new(None), at_least: Cell::new(Duration::ZERO), tell: Cell::new(None) }
    }

    /// `tell` is told from now on.
    pub(crate) fn set(&self, at_least: Duration, tell: fn(Duration)) {
        self.at_least.set(at_least);
        self.tell.set(Some(tell));
        self.look.set(Some(Self::tell_if_long));
    }

    /// A cycle begins. When, if somebody watches.
    #[inline(always)]
    pub(crate) fn begin(&self, clock: &impl Clock) -> Option<Instant> {
        self.look.get().map(|_| clock.now())
    }

    /// A cycle ends that began then.
    #[inline(always)]
    pub(crate) fn end(&self, clock: &impl Clock, begun: Option<Instant>) {
        if let (Some(look), Some(begun)) = (self.look.get(), begun) {
            look(self, begun, clock.now());
        }
    }

    fn tell_if_long(&self, begun: Instant, now: Instant) {
        let took = now - begun;
        if let Some(tell) = self.tell.get().filter(|_| took >= self.at_least.get()) {
            tell(took);
        }
    }
}
