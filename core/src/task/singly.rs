//! A crowd of which everybody is woken singly: where nobody knows on whose thread he is, there is no other.

use core::task::Waker;

use crate::wait::{WakeBatch, Woken};

/// A [`WakeBatch`].
pub(crate) struct Crowd(WakeBatch);

impl Woken for Crowd {
    fn new() -> Self {
        Self(WakeBatch::new())
    }

    fn wake(&mut self) {
        self.0.wake();
    }
}

impl Crowd {
    /// Adds a waker.
    ///
    /// # Panics
    /// Panics where the crowd is full.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.0.push(waker);
    }
}
