//! A latch: a thread waits until so many have passed it.

use std::{
    sync::atomic::{AtomicUsize, Ordering::AcqRel},
    thread::{self, Thread},
};

/// See the [module](self). The thread that made it waits.
pub(crate) struct Latch {
    left: AtomicUsize,
    waits: Thread,
}

impl Latch {
    /// For so many, one at least.
    pub(crate) fn new(count: usize) -> Self {
        Self { left: AtomicUsize::new(count), waits: thread::current() }
    }

    /// One has passed.
    pub(crate) fn pass(&self) {
        // ordering: AcqRel pairs with itself and with `wait`: what they did before is seen.
        if self.left.fetch_sub(1, AcqRel) == 1 {
            self.waits.unpark();
        }
    }

    /// Waits until all have passed.
    pub(crate) fn wait(&self) {
        // ordering: AcqRel, as above.
        while self.left.fetch_add(0, AcqRel) > 0 {
            thread::park();
        }
    }
}
