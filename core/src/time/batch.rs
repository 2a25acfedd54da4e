//! Wakers that were taken out under a lock, to be woken after it: at most [`BATCH`].

use core::{array, task::Waker};

/// How many at most.
pub(super) const BATCH: usize = 16;

/// Wakers to wake.
pub(super) struct WakeBatch {
    wakers: [Option<Waker>; BATCH],
    len: usize,
}

impl WakeBatch {
    pub(super) fn new() -> Self {
        Self { wakers: array::from_fn(|_| None), len: 0 }
    }

    pub(super) fn is_full(&self) -> bool {
        self.len == BATCH
    }

    pub(super) fn extend(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            self.wakers[self.len] = Some(waker);
            self.len += 1;
        }
    }

    pub(super) fn wake(&mut self) {
        let len = core::mem::take(&mut self.len);
        for waker in self.wakers[..len].iter_mut().filter_map(Option::take) {
            waker.wake();
        }
    }
}
