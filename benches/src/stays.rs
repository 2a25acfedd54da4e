//! A future that stays on its thread, for an executor that asks for `Send` although it has one thread only.

#![expect(unsafe_code, reason = "says `Send` of what is never sent")]

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future that is polled and dropped where it was made.
pub struct Stays<F>(F);

impl<F> Stays<F> {
    /// Says so.
    ///
    /// # Safety
    /// Whoever is given it polls it and drops it on this thread.
    pub unsafe fn new(future: F) -> Self {
        Self(future)
    }
}

// SAFETY: by the contract of `new` it is never sent.
unsafe impl<F> Send for Stays<F> {}

impl<F: Future> Future for Stays<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the one field is pinned with the whole: nothing moves out of it, and there is no `Drop`.
        unsafe { self.map_unchecked_mut(|stays| &mut stays.0) }.poll(cx)
    }
}

impl<F> fmt::Debug for Stays<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stays")
    }
}
