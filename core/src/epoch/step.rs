//! What a step of a [queue](super::queue) answers: what is to be done after it, or the place that it has given.

use crate::dag::Seat;

/// What is to be done once the lock is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Next {
    Nothing,
    /// Somebody in line is due.
    Wake,
    /// There is more to pass, or an epoch to end: [`resume`](super::queue::resume).
    More,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) number: u64,
    /// Whether its time is now.
    pub(super) now: bool,
    /// Whether nobody was there yet who could bring its time.
    pub(super) idle: bool,
    /// By what it is written down.
    pub(super) seat: Seat,
}
