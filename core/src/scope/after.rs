//! Waiting for a moment on the wheel of the current Home, or of one that is given, by its clock.
//!
//! | bound to a Home           | when                                                                           |
//! |---------------------------|--------------------------------------------------------------------------------|
//! | at the call               | one is given, or current; a span begins now                                    |
//! | at the first poll         | none was current at the call, and one is now; a span begins then               |
//! | never                     | none is current then either: `NoContext`                                       |

#![cfg_attr(
    not(feature = "alloc"),
    allow(clippy::clone_on_copy, reason = "only there is a handle an address")
)]

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;

use crate::{
    clock::{Clock, Instant},
    context::{CurrentHome, Here, current},
    error::{NoContext, TimeoutError},
    time::{Sleep, Timer, coalesce},
};

/// Resolves once `span` has passed, by the clock of the current Home: never early.
///
/// # Errors
/// [`NoContext`] if no Home is current, or if it is gone before.
///
/// # Cancel safety
/// Strict.
///
/// Source: Async's `Clock.after`.
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

/// Resolves once `deadline` has come, by the clock of the current Home: never early.
///
/// # Errors
/// [`NoContext`] if no Home is current, or if it is gone before.
///
/// # Cancel safety
/// Strict.
///
/// Source: Async's `Clock.at`.
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

#[derive(Clone, Copy, Debug)]
enum Moment {
    Span(Duration),
    /// With slack, and how to use it: named here, so that who allows none has no division in his program.
    Within(Duration, Duration, fn(Instant, Duration) -> Instant),
    Deadline(Instant),
}

pin_project! {
    /// The future of [`after`], [`at`] and their like.
    #[must_use = "futures do nothing unless polled"]
    pub struct After {
        #[pin]
        stage: Stage,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage {
        Unbound { moment: Moment },
        Bound {
            #[pin]
            sleep: Sleep<CurrentHome>,
        },
    }
}

impl After {
    #[inline]
    fn new(moment: Moment) -> Self {
        Self { stage: moment.bind() }
    }

    fn on(here: &Here, moment: Moment) -> Self {
        Self { stage: Stage::Bound { sleep: moment.on(here.as_current()) } }
    }

    /// Allows it to resolve by up to `slack` later than it is due, and never earlier: one wake then serves several.
    pub fn with_slack(self, slack: Duration) -> Self {
        let stage = match self.stage {
            Stage::Unbound { moment } => Stage::Unbound {
                moment: match moment {
                    Moment::Span(span) => Moment::Within(span, slack, coalesce),
                    Moment::Within(span, _, by) => Moment::Within(span, slack, by),
                    Moment::Deadline(deadline) => Moment::Deadline(coalesce(deadline, slack)),
                },
            },
            Stage::Bound { sleep } => {
                let deadline = coalesce(sleep.deadline(), slack);
                Stage::Bound { sleep: Sleep::at(sleep.source().clone(), deadline) }
            }
        };
        Self { stage }
    }

    /// When it resolves, by the clock of its Home, if it is bound to one.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Unbound { .. } => None,
            Stage::Bound { sleep } => Some(sleep.deadline()),
        }
    }
}

impl Moment {
    /// Bound to the current Home, if there is one.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn bind(self) -> Stage {
        match current() {
            Some(here) => Stage::Bound { sleep: self.on(here) },
            None => Stage::Unbound { moment: self },
        }
    }

    #[inline]
    fn on(self, here: CurrentHome) -> Sleep<CurrentHome> {
        match self {
            Self::Span(span) => Sleep::after(here, span),
            Self::Within(span, slack, coalesce) => {
                let deadline = coalesce(here.now() + span, slack);
                Sleep::at(here, deadline)
            }
            Self::Deadline(deadline) => Sleep::at(here, deadline),
        }
    }
}

impl Future for After {
    type Output = Result<(), NoContext>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        if let StageProjection::Unbound { moment } = stage.as_mut().project() {
            let bound = moment.bind();
            stage.set(bound);
        }
        match stage.project() {
            StageProjection::Bound { sleep } => sleep.poll(cx).map_err(|_closed| NoContext),
            StageProjection::Unbound { .. } => Poll::Ready(Err(NoContext)),
        }
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Stage::Unbound { moment } => f.debug_tuple("After").field(moment).finish(),
            Stage::Bound { sleep } => f.debug_tuple("After").field(&sleep.deadline()).finish(),
        }
    }
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
