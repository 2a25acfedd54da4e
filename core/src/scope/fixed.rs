//! A moment that is waited for, where Homes are in statics: a delay on the wheel of one, whose entry is part of the future. (With `alloc` it is `moment`.)
//!
//! | `home` | the delay is for                                  | then                                             |
//! |--------|---------------------------------------------------|--------------------------------------------------|
//! | none   | a span, as a moment after the origin, or a moment | bound by the first poll to the current Home      |
//! | some   | a moment on the clock of that Home                | polled there; it leaves the line when dropped    |
//!
//! [F1] `home` is set once, before the delay is polled (so it is there where that is not fresh), which then is pinned, and given the wheel of that Home alone.

#![expect(unsafe_code, reason = "polls a delay on the wheel that it is to leave before it dies")]

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    clock::{Clock, Instant},
    context::{Here, HomeRef, current},
    error::NoContext,
    task::clone_waker,
    time::{Delay, coalesce},
};

/// Slack, and how to use it: named by who allows some, so that who allows none has no division in his program.
type Slack = (Duration, fn(Instant, Duration) -> Instant);

#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Span(Duration),
    Deadline(Instant),
}

/// The future of [`after`](super::after::after), [`at`](super::after::at) and their like.
#[must_use = "futures do nothing unless polled"]
pub struct After {
    /// What it keeps is the slack of what is not bound.
    delay: Delay<Slack>,
    home: Option<HomeRef>,
    /// Whether what is not bound is for a span.
    span: bool,
    /// Whether what is not bound has slack.
    slack: bool,
}

impl After {
    #[inline(always)]
    pub(super) fn new(moment: Moment) -> Self {
        match current() {
            Some(home) => Self::bound(home, moment),
            None => Self::unbound(moment),
        }
    }

    pub(super) fn on(here: &Here, moment: Moment) -> Self {
        Self::bound(*here.home(), moment)
    }

    #[inline(always)]
    fn bound(home: HomeRef, moment: Moment) -> Self {
        let now = home.now();
        let (deadline, over) = match moment {
            Moment::Span(span) => (now + span, span.is_zero()),
            Moment::Deadline(deadline) => (deadline, deadline <= now),
        };
        Self { delay: Delay::new(deadline, over), home: Some(home), span: false, slack: false }
    }

    #[inline(always)]
    fn unbound(moment: Moment) -> Self {
        let (deadline, span) = match moment {
            Moment::Span(span) => (Instant::ORIGIN + span, true),
            Moment::Deadline(deadline) => (deadline, false),
        };
        Self { delay: Delay::new(deadline, false), home: None, span, slack: false }
    }

    /// Allows it to resolve by up to `slack` later than it is due, and never earlier: one wake then serves several.
    pub fn with_slack(mut self, slack: Duration) -> Self {
        if self.home.is_some() {
            self.delay.set(coalesce(self.delay.deadline(), slack));
        } else {
            self.delay.keep((slack, coalesce));
            self.slack = true;
        }
        self
    }

    /// When it resolves, by the clock of its Home, if it is bound to one.
    pub fn deadline(&self) -> Option<Instant> {
        self.home.map(|_| self.delay.deadline())
    }

    /// Binds it to the current Home, if there is one.
    #[cold]
    fn bind(&mut self) -> Option<HomeRef> {
        let home = current()?;
        let (now, mut deadline) = (home.now(), self.delay.deadline());
        if self.span {
            deadline = Instant::from_nanos(now.as_nanos().saturating_add(deadline.as_nanos()));
        }
        if self.slack {
            // SAFETY: it was given that, and is bound before it is polled.
            let (slack, coalesce) = unsafe { self.delay.kept() };
            deadline = coalesce(deadline, slack);
        }
        self.delay = Delay::new(deadline, deadline <= now);
        self.home = Some(home);
        Some(home)
    }
}

impl Future for After {
    type Output = Result<(), NoContext>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved but what was not polled, by `bind`.
        let this = unsafe { self.get_unchecked_mut() };
        let home = if this.delay.is_fresh() {
            let Some(home) = this.home.or_else(|| this.bind()) else {
                return Poll::Ready(Err(NoContext));
            };
            home
        } else {
            // SAFETY: [F1].
            unsafe { this.home.unwrap_unchecked() }
        };
        // SAFETY: it is pinned as this is.
        let delay = unsafe { Pin::new_unchecked(&mut this.delay) };
        // SAFETY: [F1], and it leaves when this is dropped.
        unsafe { delay.poll(home.head().wheel(), cx.waker(), clone_waker) }
            .map_err(|_closed| NoContext)
    }
}

impl Drop for After {
    #[inline(always)]
    fn drop(&mut self) {
        if self.delay.has_joined() {
            // SAFETY: [F1].
            let home = unsafe { self.home.unwrap_unchecked() };
            // SAFETY: [F1].
            unsafe { self.delay.leave(home.head().wheel()) };
        }
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("After").field(&self.deadline()).finish()
    }
}
