//! Waiting for all of several. Each is dropped when it is ready, and its value kept until the last is.
//!
//! | polled         | some are not ready | all are ready                   | polled again after that |
//! |----------------|--------------------|---------------------------------|-------------------------|
//! | `Both`, `All`  | polls those, in order | ready, values in list order  | panics                  |

use core::{
    array, fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

#[cfg(feature = "alloc")]
use crate::ivar::each::Boxed;
use crate::ivar::each::{Abreast, Slot, nth, poll_each};

const AGAIN: &str = "it is not polled after it was ready";

/// Waits for both values.
///
/// # Cancel safety
/// As that of the two: both are dropped, and so is a value that has come.
///
/// Source: Async's `Deferred.both`.
pub fn both<A: IntoFuture, B: IntoFuture>(a: A, b: B) -> Both<A::IntoFuture, B::IntoFuture> {
    Both { a: Slot::new(a), b: Slot::new(b) }
}

/// Waits for all values, and gives them in list order. It polls each that is not ready whenever it is woken.
///
/// # Cancel safety
/// As that of its futures: all are dropped, and so are values that have come.
///
/// Source: Async's `Deferred.all`.
pub fn all<F: IntoFuture, const N: usize>(futures: [F; N]) -> All<[Slot<F::IntoFuture>; N]> {
    All { slots: futures.map(Slot::new) }
}

/// As [`all`], for as many as there are.
#[cfg(feature = "alloc")]
pub fn all_vec<F: IntoFuture>(futures: Vec<F>) -> All<Boxed<Slot<F::IntoFuture>>> {
    All { slots: Box::into_pin(futures.into_iter().map(Slot::new).collect()) }
}

pin_project! {
    /// The future of [`both`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Both<A, B>
    where
        A: Future,
        B: Future,
    {
        #[pin]
        a: Slot<A>,
        #[pin]
        b: Slot<B>,
    }
}

impl<A: Future, B: Future> Future for Both<A, B> {
    type Output = (A::Output, B::Output);

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let ready = (this.a.as_mut().poll(cx), this.b.as_mut().poll(cx));
        if ready != (Poll::Ready(()), Poll::Ready(())) {
            return Poll::Pending;
        }
        Poll::Ready((this.a.take().expect(AGAIN), this.b.take().expect(AGAIN)))
    }
}

pin_project! {
    /// The future of [`all`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct All<S> {
        #[pin]
        slots: S,
    }
}

impl<F: Future, const N: usize> Future for All<[Slot<F>; N]> {
    type Output = [F::Output; N];

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slots = self.project().slots.slice();
        if poll_each(slots.as_mut(), cx) < slots.len() {
            return Poll::Pending;
        }
        Poll::Ready(array::from_fn(|at| nth(slots.as_mut(), at).take().expect(AGAIN)))
    }
}

#[cfg(feature = "alloc")]
impl<F: Future> Future for All<Boxed<Slot<F>>> {
    type Output = Vec<F::Output>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slots = self.project().slots.slice();
        if poll_each(slots.as_mut(), cx) < slots.len() {
            return Poll::Pending;
        }
        let values = (0..slots.len()).map(|at| nth(slots.as_mut(), at).take().expect(AGAIN));
        Poll::Ready(values.collect())
    }
}

impl<A: Future, B: Future> fmt::Debug for Both<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Both")
    }
}

impl<S> fmt::Debug for All<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("All")
    }
}
