//! A moment that is waited for, where Homes are in statics: a delay on the wheel of one, whose entry is part of the future. (With `alloc` it is `moment`.)
//!
//! | it was made                            | its delay has                      | its first poll                                           |
//! |----------------------------------------|------------------------------------|----------------------------------------------------------|
//! | for a Home                             | a moment on the clock of that Home | waits, unless the moment had come at the call            |
//! | without, for a span                    | the span, as a moment              | binds it to the current Home: by [`due`], as at the call |
//! | without, for a moment, or with slack   | a note, which says how to bind it  | likewise, by what the note says                          |
//!
//! So what is rare is named by who asks for it, and whoever does not has it not in his program: no division without slack.

#![expect(unsafe_code, reason = "binds a delay once, before it is polled")]

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;

use crate::{
    clock::{Clock, Instant},
    context::{Here, HomeRef, current},
    error::NoContext,
    time::{self, coalesce},
};

type Delay = time::Delay<HomeRef, Rare>;

/// What is known, where there is no Home, of what is not just a span.
#[derive(Clone, Copy)]
struct Rare {
    /// A moment; or a span, as a moment after the origin.
    moment: Instant,
    /// What slack a span has, as a moment after the origin. A moment has its own in it.
    slack: Instant,
    kind: Kind,
    bind: fn(Pin<&mut Delay>, HomeRef),
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)] // Or else the bytes that pad it would be copied with each delay that is made.
enum Kind {
    Moment,
    Span,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Span(Duration),
    Deadline(Instant),
}

pin_project! {
    /// The future of [`after`](super::after::after), [`at`](super::after::at) and their like.
    #[must_use = "futures do nothing unless polled"]
    pub struct After {
        #[pin]
        delay: Delay,
    }
}

impl After {
    #[inline(always)]
    pub(super) fn new(moment: Moment) -> Self {
        Self::made(current(), moment)
    }

    pub(super) fn on(here: &Here, moment: Moment) -> Self {
        Self::made(Some(*here.home()), moment)
    }

    #[inline(always)]
    fn made(home: Option<HomeRef>, moment: Moment) -> Self {
        let delay = match (moment, home) {
            (Moment::Span(span), _) => {
                Delay::new(home, due(home, Instant::ORIGIN + span), span.is_zero())
            }
            (Moment::Deadline(deadline), Some(home)) => {
                Delay::new(Some(home), deadline, deadline <= home.now())
            }
            (Moment::Deadline(deadline), None) => Delay::noted(Rare::moment(deadline)),
        };
        Self { delay }
    }

    /// Allows it to resolve by up to `slack` later than it is due, and never earlier: one wake then serves several.
    pub fn with_slack(self, slack: Duration) -> Self {
        let (delay, late) = (&self.delay, |moment| coalesce(moment, slack));
        let delay = match (delay.note(), delay.wheel()) {
            (Some(rare), _) if rare.kind == Kind::Span => {
                Delay::noted(Rare::span(rare.moment, slack))
            }
            (Some(rare), _) => Delay::noted(Rare::moment(late(rare.moment))),
            (None, Some(home)) => Delay::new(Some(home), late(delay.deadline()), delay.is_over()),
            (None, None) => Delay::noted(Rare::span(delay.deadline(), slack)),
        };
        Self { delay }
    }

    /// When it resolves, by the clock of its Home, if it is bound to one.
    pub fn deadline(&self) -> Option<Instant> {
        self.delay.wheel().map(|_| self.delay.deadline())
    }
}

impl Rare {
    fn moment(moment: Instant) -> Self {
        let bind = |delay: Pin<&mut Delay>, home: HomeRef| {
            delay.bind_noted(home, |rare| (rare.moment, rare.moment <= home.now()));
        };
        Self { moment, slack: Instant::ORIGIN, kind: Kind::Moment, bind }
    }

    fn span(span: Instant, slack: Duration) -> Self {
        let bind = |delay: Pin<&mut Delay>, home: HomeRef| {
            let now = home.now();
            delay.bind_noted(home, |rare| {
                let deadline = coalesce(add(now, rare.moment), rare.slack - Instant::ORIGIN);
                (deadline, deadline <= now)
            });
        };
        Self { moment: span, slack: Instant::ORIGIN + slack, kind: Kind::Span, bind }
    }
}

/// When a span is over that begins now, on the clock of this Home. It is told as a moment after the origin, and remains that where there is no Home.
#[inline(never)] // At the call and in the first poll it is the same.
fn due(home: Option<HomeRef>, span: Instant) -> Instant {
    add(home.map_or(Instant::ORIGIN, |home| home.now()), span)
}

/// The moment that is so much later, which is told as a moment after the origin.
fn add(now: Instant, span: Instant) -> Instant {
    Instant::from_nanos(now.as_nanos().saturating_add(span.as_nanos()))
}

impl Future for After {
    type Output = Result<(), NoContext>;

    #[inline(always)] // So that whoever knows whose waker it is has nothing for those of others in his program.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut delay = self.project().delay;
        let home = match delay.wheel() {
            Some(home) => home,
            None => match bind(delay.as_mut()) {
                Some(home) => home,
                None => return Poll::Ready(Err(NoContext)),
            },
        };
        // SAFETY: it was asked for it, or given it.
        unsafe { delay.poll(home, cx.waker()) }.map_err(|_| NoContext)
    }
}

/// Binds it to the current Home, if there is one. It has none.
#[inline(always)]
fn bind(delay: Pin<&mut Delay>) -> Option<HomeRef> {
    let home = current()?;
    match delay.note() {
        Some(rare) => (rare.bind)(delay, home),
        // SAFETY: there is no note.
        None => unsafe { delay.bind(home, |span| due(Some(home), span)) },
    }
    Some(home)
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("After").field(&self.deadline()).finish()
    }
}
