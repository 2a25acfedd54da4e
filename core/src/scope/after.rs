//! Waiting for a moment on the wheel of the current Home, or of one that is given, by its clock.
//!
//! | bound to a Home           | when                                                                           |
//! |---------------------------|--------------------------------------------------------------------------------|
//! | at the call               | one is given, or current; a span begins now                                    |
//! | at the first poll         | none was current at the call, and one is now; a span begins then               |
//! | never                     | none is current then either: `NoContext`                                       |

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;

use crate::{
    clock::Instant,
    context::{CurrentHome, Here, current},
    error::{NoContext, TimeoutError},
    time::Timer,
};

#[cfg(not(feature = "alloc"))]
pub use super::fixed::After;
#[cfg(not(feature = "alloc"))]
use super::fixed::Moment;
#[cfg(feature = "alloc")]
pub use super::moment::After;
#[cfg(feature = "alloc")]
use super::moment::Moment;

/// Resolves once `span` has passed, by the clock of the current Home: never early.
///
/// Without `std` it may go to another thread of control; it is polled by a task of the Home that was current: who polls it elsewhere does not end that one's sleep, so that it may
/// come late.
///
/// # Errors
/// [`NoContext`] if no Home is current, or if it is gone before.
///
/// # Cancel safety
/// Strict.
///
/// Source: Async's `Clock.after`.
#[cfg_attr(not(feature = "alloc"), inline(always))]
pub fn after(span: Duration) -> After {
    After::new(Moment::Span(span))
}

/// As [`after`], by the clock of the Home of `here`, whichever is current.
///
/// # Errors
/// [`NoContext`] if it is gone before.
///
/// # Cancel safety
/// Strict.
pub fn after_on(here: &Here, span: Duration) -> After {
    After::on(here, Moment::Span(span))
}

/// Resolves once `deadline` has come, by the clock of the current Home: never early. Who polls it elsewhere finds what [`after`] says.
///
/// # Errors
/// [`NoContext`] if no Home is current, or if it is gone before.
///
/// # Cancel safety
/// Strict.
///
/// Source: Async's `Clock.at`.
#[cfg_attr(not(feature = "alloc"), inline(always))]
pub fn at(deadline: Instant) -> After {
    After::new(Moment::Deadline(deadline))
}

/// As [`at`], by the clock of the Home of `here`, whichever is current.
///
/// # Errors
/// [`NoContext`] if it is gone before.
///
/// # Cancel safety
/// Strict.
pub fn at_on(here: &Here, deadline: Instant) -> After {
    After::on(here, Moment::Deadline(deadline))
}

/// A timer for `span` from now on, by the clock and on the wheel of the current Home, that can be called off and moved. On a given Home
/// it is `Timer::after(here, span)`.
///
/// # Errors
/// No Home is current.
///
/// Source: Async's `Clock.Event.after`.
pub fn timer(span: Duration) -> Result<Timer<CurrentHome>, NoContext> {
    current().map(|here| Timer::after(here, span)).ok_or(NoContext)
}

/// As [`timer`], for `deadline`.
///
/// # Errors
/// No Home is current.
///
/// Source: Async's `Clock.Event.at`.
pub fn timer_at(deadline: Instant) -> Result<Timer<CurrentHome>, NoContext> {
    current().map(|here| Timer::at(here, deadline)).ok_or(NoContext)
}

/// Gives `future` this long, from now on. Where it is ready at the very moment, its value is preferred; on timeout it is dropped at once.
///
/// To keep it, give it by reference: `with_timeout(span, future.as_mut())` of a pinned one, which can then be awaited again. That is what
/// Async's `with_timeout` does.
///
/// # Errors
/// [`TimeoutError::Elapsed`]; [`TimeoutError::NoContext`] if `future` is not ready at once and no Home is current.
///
/// # Cancel safety
/// As that of `future`.
///
/// Source: Async's `with_timeout`.
pub fn with_timeout<F: Future>(span: Duration, future: F) -> WithTimeout<F> {
    WithTimeout { future: Some(future), after: after(span) }
}

/// As [`with_timeout`], by the clock of the Home of `here`, whichever is current.
///
/// # Errors
/// [`TimeoutError::Elapsed`]; [`TimeoutError::NoContext`] if `future` is not ready before that Home is gone.
///
/// # Cancel safety
/// As that of `future`.
pub fn with_timeout_on<F: Future>(here: &Here, span: Duration, future: F) -> WithTimeout<F> {
    WithTimeout { future: Some(future), after: after_on(here, span) }
}

pin_project! {
    /// The future of [`with_timeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WithTimeout<F> {
        #[pin]
        future: Option<F>,
        #[pin]
        after: After,
    }
}

impl<F: Future> Future for WithTimeout<F> {
    type Output = Result<F::Output, TimeoutError>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a timeout is not polled after it was ready");
        if let Poll::Ready(value) = future.poll(cx) {
            this.future.set(None);
            return Poll::Ready(Ok(value));
        }
        let elapsed = ready!(this.after.poll(cx));
        this.future.set(None);
        Poll::Ready(Err(match elapsed {
            Ok(()) => TimeoutError::Elapsed,
            Err(NoContext) => TimeoutError::NoContext,
        }))
    }
}

impl<F> fmt::Debug for WithTimeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithTimeout").field("after", &self.after).finish_non_exhaustive()
    }
}
