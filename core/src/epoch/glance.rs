//! A glance: one who reads an epoch once, by a function, and leaves it.
//!
//! | its [watch](super::watch) | polled                                         | dropped                              |
//! |---------------------------|------------------------------------------------|--------------------------------------|
//! | waits                     | waits on, or has the function look, and leaves | drops the function, leaves the epoch |
//! | has come                  | (never: the function has panicked)             | leaves the epoch                     |
//! | is gone                   | panics                                         | nothing                              |
//!
//! \[G1] The function is there until the watch has come.

#![expect(unsafe_code, reason = "what is dropped by stages")]

use core::{
    future::Future,
    mem::ManuallyDrop,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use crate::{
    epoch::{read::seen, value::Async, watch::Watch},
    error::Missing,
    lock::RawLock,
    task::{Enrol, Spent},
};

pin_project! {
    /// See the [module](self).
    #[must_use = "a future does nothing unless it is polled"]
    pub(crate) struct Glance<T, E, L, F>
    where
        E: 'static,
        L: RawLock,
    {
        #[pin]
        watch: Watch<T, E, L>,
        f: ManuallyDrop<F>,
    }

    impl<T, E, L, F> PinnedDrop for Glance<T, E, L, F>
    where
        E: 'static,
        L: RawLock,
    {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !this.watch.has_come() {
                // SAFETY: [G1].
                drop(unsafe { ManuallyDrop::take(this.f) });
            }
        }
    }
}

impl<T, E: 'static, L: RawLock, F> Glance<T, E, L, F> {
    /// One at this value. It is [enrolled](Enrol::enrol) now where that is `early`; or else next.
    #[inline]
    pub(crate) fn new(value: &Async<T, E, L>, f: F, early: bool) -> Self {
        Self { watch: Watch::new(value, early), f: ManuallyDrop::new(f) }
    }
}

// SAFETY: when it was ready its watch is gone, and its function was called.
unsafe impl<T, R, E: Clone + 'static, L: RawLock, F: FnOnce(&T) -> R> Spent for Glance<T, E, L, F> {}

impl<T, R, E: Clone + 'static, L: RawLock, F: FnOnce(&T) -> R> Enrol for Glance<T, E, L, F> {
    /// Unless it is enrolled. Where nobody is there yet who could bring its time it joins the line under the same lock.
    #[inline]
    fn enrol(self: Pin<&mut Self>, waker: Waker) -> Option<Waker> {
        self.project().watch.enrol(waker, |place| place.idle)
    }
}

impl<T, R, E: Clone + 'static, L: RawLock, F: FnOnce(&T) -> R> Future for Glance<T, E, L, F> {
    type Output = Result<R, Missing<E>>;

    /// # Panics
    /// When polled again after it was ready.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !this.watch.as_mut().comes(cx.waker()) {
            return Poll::Pending;
        }
        // SAFETY: [G1] it had not come before.
        let f = unsafe { ManuallyDrop::take(this.f) };
        // SAFETY: it has come.
        let seen = seen(unsafe { this.watch.content() }).map(f);
        this.watch.leave();
        Poll::Ready(seen)
    }
}
