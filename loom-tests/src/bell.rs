//! A bell is a waker that counts how often it was rung, in loom's sight.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use tidemill_core::sync::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};

/// Counts its wakes. What was done before a wake is visible to who saw it counted.
pub struct Bell(AtomicUsize);

impl Bell {
    /// A bell, and a waker that rings it.
    pub fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self(AtomicUsize::new(0)));
        (Arc::clone(&bell), Waker::from(bell))
    }

    /// How often it was rung.
    pub fn rung(&self) -> usize {
        // ordering: Acquire pairs with Release in `wake`.
        self.0.load(Acquire)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // ordering: Release pairs with Acquire in `rung`.
        self.0.fetch_add(1, Release);
    }
}

/// Polls once.
pub fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}
