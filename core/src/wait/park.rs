//! Parking is how an executor waits when it has nothing to do; a doorbell is how others end that wait.
//!
//! A platform brings both: a microcontroller sleeps until an interrupt and its doorbell is an event flag; a ring worker waits in its
//! ring and its doorbell is a descriptor. The inbox ([`mpsc`](super::mpsc)) says when the doorbell must be rung.

use crate::clock::Instant;

/// Ends the wait of the one who parks, from any thread or interrupt.
pub trait Doorbell: Send + Sync {
    /// Makes the present [`Park::park`] return, or if nobody is parked, the next one.
    fn ring(&self);
}

/// How long to park.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Not at all: there is work. Look at what has happened, and return.
    Poll,
    /// Until this moment has come, or the doorbell rings.
    Until(Instant),
    /// Until the doorbell rings.
    Forever,
}

/// A place to wait.
pub trait Park {
    /// Waits until the doorbell has rung since the last return, or until `wait` ends. It may return early for any reason.
    fn park(&mut self, wait: Wait);
}

impl<P: Park + ?Sized> Park for &mut P {
    fn park(&mut self, wait: Wait) {
        (**self).park(wait);
    }
}
