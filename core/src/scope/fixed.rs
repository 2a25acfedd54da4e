//! A moment that is waited for, where Homes are in statics: a delay on the wheel of one, whose entry is part of the future. (With `alloc` it is `moment`.)
//!
//! | `home` | the delay is for                                  | then                                             |
//! |--------|---------------------------------------------------|--------------------------------------------------|
//! | none   | a span, as a moment after the origin, or a moment | bound by the first poll to the current Home      |
//! | some   | a moment on the clock of that Home                | polled there; it leaves the line when dropped    |
//!
//! [F1] `home` is set once, before the delay joins, which then is pinned, and given the wheel of that Home alone. Where there is none, the delay has a note.

#![expect(unsafe_code, reason = "polls a delay on the wheel that it is to leave before it dies")]

use core::{
    fmt,
    future::Future,
    mem::MaybeUninit,
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

/// What is known of what is not bound.
#[derive(Clone, Copy)]
struct Unbound {
    kind: Kind,
    slack: MaybeUninit<Slack>,
}

#[derive(Clone, Copy)]
enum Kind {
    Moment,
    Span,
    /// Either with slack, which is there.
    SlackMoment,
    SlackSpan,
}

/// Slack, and how to use it: named by who allows some, so that who allows none has no division in his program.
type Slack = (Duration, fn(&Duration, Instant) -> Instant);

impl Unbound {
    #[inline(always)]
    fn new(kind: Kind) -> Self {
        Self { kind, slack: MaybeUninit::uninit() }
    }

    fn is_span(&self) -> bool {
        matches!(self.kind, Kind::Span | Kind::SlackSpan)
    }

    /// The moment for which something is due then.
    fn late(&self, deadline: Instant) -> Instant {
        if matches!(self.kind, Kind::Moment | Kind::Span) {
            return deadline;
        }
        // SAFETY: by the kind.
        let (slack, late) = unsafe { self.slack.assume_init_ref() };
        late(slack, deadline)
    }

    fn with_slack(self, slack: Slack) -> Self {
        let kind = if self.is_span() { Kind::SlackSpan } else { Kind::SlackMoment };
        Self { kind, slack: MaybeUninit::new(slack) }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Span(Duration),
    Deadline(Instant),
}

/// The future of [`after`](super::after::after), [`at`](super::after::at) and their like.
#[must_use = "futures do nothing unless polled"]
pub struct After {
    /// With a note where there is no Home.
    delay: Delay<Unbound>,
    home: Option<HomeRef>,
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
        let (deadline, past) = match moment {
            Moment::Span(span) => (now + span, span.is_zero()),
            Moment::Deadline(deadline) => (deadline, deadline <= now),
        };
        Self { delay: Delay::new(deadline, past), home: Some(home) }
    }

    #[inline(always)]
    fn unbound(moment: Moment) -> Self {
        let (deadline, kind) = match moment {
            Moment::Span(span) => (Instant::ORIGIN + span, Kind::Span),
            Moment::Deadline(deadline) => (deadline, Kind::Moment),
        };
        Self { delay: Delay::with_note(deadline, Unbound::new(kind)), home: None }
    }

    /// Allows it to resolve by up to `slack` later than it is due, and never earlier: one wake then serves several.
    pub fn with_slack(mut self, slack: Duration) -> Self {
        // SAFETY: it has not joined.
        let deadline = unsafe { self.delay.deadline(None) };
        if self.home.is_some() {
            let past = self.delay.is_over();
            self.delay = Delay::new(coalesce(deadline, slack), past);
        } else {
            // SAFETY: [F1].
            let unbound = *unsafe { self.delay.note() };
            let late = |slack: &Duration, deadline| coalesce(deadline, *slack);
            self.delay = Delay::with_note(deadline, unbound.with_slack((slack, late)));
        }
        self
    }

    /// When it resolves, by the clock of its Home, if it is bound to one.
    pub fn deadline(&self) -> Option<Instant> {
        // SAFETY: [F1].
        self.home.map(|home| unsafe { self.delay.deadline(Some(home.head().wheel())) })
    }

    /// Binds it to the current Home, if there is one.
    #[cold]
    fn bind(&mut self) -> Option<HomeRef> {
        let home = current()?;
        // SAFETY: it has not joined.
        let (now, mut deadline) = (home.now(), unsafe { self.delay.deadline(None) });
        // SAFETY: [F1].
        let unbound = unsafe { self.delay.note() };
        if unbound.is_span() {
            deadline = Instant::from_nanos(now.as_nanos().saturating_add(deadline.as_nanos()));
        }
        deadline = unbound.late(deadline);
        self.delay = Delay::new(deadline, deadline <= now);
        self.home = Some(home);
        Some(home)
    }

    /// Its delay, and the Home on whose wheel it waits.
    ///
    /// # Safety
    /// There is a Home, and this is pinned.
    #[inline(always)]
    unsafe fn joined(&mut self) -> (Pin<&mut Delay<Unbound>>, HomeRef) {
        // SAFETY: [F1].
        let home = unsafe { self.home.unwrap_unchecked() };
        // SAFETY: [F1], pinned as this is.
        (unsafe { Pin::new_unchecked(&mut self.delay) }, home)
    }

    /// Has its delay leave the line.
    ///
    /// # Safety
    /// It has joined, and this is pinned.
    #[cold]
    #[inline(never)] // What is over is in no line, which is seen where it is dropped.
    unsafe fn leave(&mut self) {
        // SAFETY: the contract.
        let (delay, home) = unsafe { self.joined() };
        // SAFETY: nothing is moved.
        let delay = unsafe { delay.get_unchecked_mut() };
        // SAFETY: [F1].
        unsafe { delay.leave(home.head().wheel()) };
    }
}

impl Future for After {
    type Output = Result<(), NoContext>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: nothing is moved but what has not joined, by `bind`.
        let this = unsafe { self.get_unchecked_mut() };
        if this.delay.has_joined() {
            // SAFETY: asked just now.
            let (delay, home) = unsafe { this.joined() };
            // SAFETY: as above, and [F1].
            let seen = unsafe { delay.look(home.head().wheel(), cx.waker()) };
            if let Some(seen) = seen {
                return seen.map(Ok);
            }
            // SAFETY: as above.
            unsafe { this.leave() };
        } else {
            if this.home.is_none() && this.bind().is_none() {
                return Poll::Ready(Err(NoContext));
            }
            if this.delay.is_over() {
                return Poll::Ready(Ok(()));
            }
        }
        // SAFETY: [F1], it has a Home by now.
        let (delay, home) = unsafe { this.joined() };
        // SAFETY: it is fresh; [F1], and it leaves when this is dropped.
        unsafe { delay.join(home.head().wheel(), clone_waker(cx.waker())) }.map_err(|_| NoContext)
    }
}

impl Drop for After {
    #[inline(always)]
    fn drop(&mut self) {
        if self.delay.has_joined() {
            // SAFETY: asked just now, and it was pinned for that.
            unsafe { self.leave() };
        }
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("After").field(&self.deadline()).finish()
    }
}
