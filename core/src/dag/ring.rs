//! The ring keeps the last events; a new one takes the place of the oldest.
//!
//! [G1] The event with number `n` stands at `n % ROOM`, from when it happened until the one with number `n + ROOM` has.

use super::event::Event;

/// How many events are kept.
#[cfg(feature = "alloc")]
pub(super) const ROOM: usize = 1024;
/// How many events are kept.
#[cfg(not(feature = "alloc"))]
pub(super) const ROOM: usize = 64;

/// The last events.
pub(super) struct Ring {
    events: [Option<Event>; ROOM],
    next: u64,
}

impl Ring {
    pub(super) const fn new() -> Self {
        Self { events: [None; ROOM], next: 0 }
    }

    /// Keeps an event, which gets its number here.
    pub(super) fn push(&mut self, event: Event) {
        self.events[(self.next % ROOM as u64) as usize] =
            Some(Event { number: self.next, ..event });
        self.next += 1;
    }

    /// How many there were.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The first one that is kept and has this number or a greater one.
    pub(super) fn from(&self, number: u64) -> Option<Event> {
        let oldest = self.next.saturating_sub(ROOM as u64);
        let number = number.max(oldest);
        // [G1]
        self.events[(number % ROOM as u64) as usize].filter(|event| event.number >= number)
    }
}
