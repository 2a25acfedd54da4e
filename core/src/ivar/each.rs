//! Futures abreast: several in one place, each pinned where the whole is. A slot holds one of them until it is ready, and then its value.
//!
//! | slot    | `poll`                            | `take`           |
//! |---------|-----------------------------------|------------------|
//! | Running | -> Done when ready, else pending  | `None`           |
//! | Done    | ready                             | -> Empty, `Some` |
//! | Empty   | ready                             | `None`           |
//!
//! [I1] A future is dropped in its place when it is ready; the value stays until it is taken.

#![expect(unsafe_code, reason = "pins an element of what is pinned")]

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;

mod sealed {
    pub trait Sealed {}
}

/// Futures side by side: an array, or with `alloc` a boxed slice.
pub trait Abreast: sealed::Sealed {
    /// What stands side by side.
    type Item;

    /// All of them, each pinned where it is.
    fn slice(self: Pin<&mut Self>) -> Pin<&mut [Self::Item]>;
}

impl<F, const N: usize> sealed::Sealed for [F; N] {}

impl<F, const N: usize> Abreast for [F; N] {
    type Item = F;

    fn slice(self: Pin<&mut Self>) -> Pin<&mut [F]> {
        self
    }
}

/// As many as there are, pinned in a box.
#[cfg(feature = "alloc")]
pub type Boxed<F> = Pin<Box<[F]>>;

#[cfg(feature = "alloc")]
impl<F> sealed::Sealed for Boxed<F> {}

#[cfg(feature = "alloc")]
impl<F> Abreast for Boxed<F> {
    type Item = F;

    fn slice(self: Pin<&mut Self>) -> Pin<&mut [F]> {
        self.get_mut().as_mut()
    }
}

/// The one at `at`.
///
/// # Panics
/// Panics where there are not so many.
pub(super) fn nth<F>(all: Pin<&mut [F]>, at: usize) -> Pin<&mut F> {
    // SAFETY: an element of a slice stays where the slice does, and is dropped with it; nobody moves one out of a pinned slice here.
    unsafe { all.map_unchecked_mut(|all| &mut all[at]) }
}

pin_project! {
    /// A future, or the value that came of it.
    #[project = SlotPinned]
    #[project_replace = SlotBefore]
    pub enum Slot<F>
    where
        F: Future,
    {
        Running {
            #[pin]
            future: F,
        },
        Done { value: F::Output },
        Empty,
    }
}

impl<F: Future> Slot<F> {
    pub(super) fn new(future: impl IntoFuture<IntoFuture = F, Output = F::Output>) -> Self {
        Self::Running { future: future.into_future() }
    }

    /// Whether it is done, after a poll where it was not.
    pub(super) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let SlotPinned::Running { future } = self.as_mut().project() {
            match future.poll(cx) {
                Poll::Ready(value) => self.set(Self::Done { value }),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// The value, if it is there.
    pub(super) fn take(self: Pin<&mut Self>) -> Option<F::Output> {
        if !matches!(*self, Self::Done { .. }) {
            return None;
        }
        match self.project_replace(Self::Empty) {
            SlotBefore::Done { value } => Some(value),
            SlotBefore::Running { .. } | SlotBefore::Empty => None,
        }
    }
}

/// Polls each that is not done, in order. How many are done then.
pub(super) fn poll_each<F: Future>(mut slots: Pin<&mut [Slot<F>]>, cx: &mut Context<'_>) -> usize {
    (0..slots.len()).filter(|&at| nth(slots.as_mut(), at).poll(cx).is_ready()).count()
}
