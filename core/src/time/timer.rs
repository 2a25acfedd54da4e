//! A timer is a moment that can be waited for, called off and moved, by whoever shares it.
//!
//! | phase       | `abort`           | `reschedule_at`   | `fired`                     | its moment comes |
//! |-------------|-------------------|-------------------|-----------------------------|------------------|
//! | `Scheduled` | -> `Aborted`      | another moment    | waits                       | -> `Happened`    |
//! | `Aborted`   | `Err(Aborted)`    | `Err(Aborted)`    | `Err(Aborted)`              |                  |
//! | `Happened`  | `Err(Happened)`   | `Err(Happened)`   | `Ok`                        |                  |
//!
//! [T1] It has happened once its wheel has fired it, or its clock was seen at its moment: whoever asks first, sees to it.
//! [T2] Its entry is on the wheel only while somebody waits, and never in the last two phases.
//! [T3] The entry is touched under the lock of the timer alone, and under it the lock of the wheel is taken, never the other way
//!      round. So what the wheel says, and the phase that follows from it, are one step.
//! [T4] Wakers are cloned before the locks, and woken or dropped after them; the clock is asked before.
//! [T5] The waker on the wheel is that of the waiter whose number the state has: who goes takes no other's waker with it.

use core::{
    fmt,
    future::Future,
    num::NonZeroU64,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use pin_project_lite::pin_project;

use crate::{
    clock::{Clock, Instant},
    error::{NotFired, Previously},
    lock::Locked,
    time::{entry::Entry, slack::coalesce, source::WheelRef, status::Status},
};

/// What is to become of a [`Timer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimerStatus {
    /// Its moment is to come.
    Scheduled(Instant),
    /// It was called off.
    Aborted,
    /// Its moment came.
    Happened,
}

struct State {
    phase: Phase,
    /// The number of the last one that put its waker on the wheel [T5].
    waits: usize,
}

/// As `TimerStatus`, in two words.
enum Phase {
    Scheduled { deadline: Instant, slack: Slack },
    Over(Previously),
}

/// A slack in nanoseconds, and one more.
#[derive(Clone, Copy)]
struct Slack(NonZeroU64);

impl Slack {
    fn new(slack: Duration) -> Self {
        let nanos = u64::try_from(slack.as_nanos()).unwrap_or(u64::MAX);
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }

    /// When a timer for `deadline` is to fire.
    fn due(self, deadline: Instant) -> Instant {
        coalesce(deadline, Duration::from_nanos(self.0.get() - 1))
    }
}

impl State {
    fn status(&self) -> TimerStatus {
        match self.phase {
            Phase::Scheduled { deadline, .. } => TimerStatus::Scheduled(deadline),
            Phase::Over(Previously::Aborted) => TimerStatus::Aborted,
            Phase::Over(Previously::Happened) => TimerStatus::Happened,
        }
    }

    fn happen(&mut self) {
        self.phase = Phase::Over(Previously::Happened);
    }
}

pin_project! {
    /// A moment that can be waited for, called off and moved.
    ///
    /// It allocates nothing, and it is used pinned, through shared references: one task waits for it, another calls it off. Where several
    /// wait at the same time, the last one to poll is the one woken.
    ///
    /// Source: Async's `Clock.Event`. There a timer has happened when its function has run; here, when its moment has come.
    ///
    /// ```
    /// use core::{pin::pin, time::Duration};
    /// use tidemill_core::{clock::ManualClock, error::Previously, time::{TimeSource, Timer, Wheel}};
    ///
    /// let (wheel, clock) = (Wheel::new(), ManualClock::new());
    /// let timer = pin!(Timer::after(TimeSource::new(&wheel, &clock), Duration::from_secs(1)));
    /// let timer = timer.as_ref();
    /// assert_eq!(timer.reschedule_after(Duration::from_secs(2)), Ok(()));
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(timer.abort(), Ok(()));
    /// assert_eq!(timer.abort(), Err(Previously::Aborted));
    /// ```
    pub struct Timer<T>
    where
        T: WheelRef,
        T: Clock,
    {
        #[pin]
        entry: Entry<T>,
        state: Locked<State, T::Lock>,
    }
}

impl<T: WheelRef + Clock> Timer<T> {
    /// A timer for `span` from now on, by the clock.
    pub fn after(source: T, span: Duration) -> Self {
        let deadline = source.now() + span;
        Self::at(source, deadline)
    }

    /// A timer for `deadline`.
    pub fn at(source: T, deadline: Instant) -> Self {
        let phase = Phase::Scheduled { deadline, slack: Slack::new(Duration::ZERO) };
        Self { entry: Entry::new(source), state: Locked::new_in(State { phase, waits: 0 }) }
    }

    /// Allows it to fire by up to `slack` later than it is due, and never earlier: the wheel then wakes for several timers at a time.
    pub fn with_slack(self, slack: Duration) -> Self {
        self.state.with(|state| {
            if let Phase::Scheduled { slack: known, .. } = &mut state.phase {
                *known = Slack::new(slack);
            }
        });
        self
    }

    /// What has become of it. Of one that is scheduled, the moment it was scheduled for (slack not counted).
    pub fn status(self: Pin<&Self>) -> TimerStatus {
        let now = self.entry.handle().now();
        let (status, waker) = self.state.with(|state| (state.status(), self.settle(state, now)));
        match waker {
            None => status,
            Some(waker) => {
                waker.into_iter().for_each(Waker::wake);
                TimerStatus::Happened
            }
        }
    }

    /// Calls it off: its entry leaves the wheel at once, and whoever waits for it is woken and told.
    ///
    /// # Errors
    /// It was called off, or its moment came, before.
    pub fn abort(self: Pin<&Self>) -> Result<(), Previously> {
        self.change(|state| {
            let waker = self.project_ref().entry.leave()?;
            state.phase = Phase::Over(Previously::Aborted);
            Some(waker)
        })
    }

    /// Moves it to `deadline`; one that has passed makes it fire as soon as the wheel is fired.
    ///
    /// # Errors
    /// It was called off, or its moment came, before.
    pub fn reschedule_at(self: Pin<&Self>, deadline: Instant) -> Result<(), Previously> {
        self.change(|state| {
            let Phase::Scheduled { deadline: known, slack } = &mut state.phase else { return None };
            self.project_ref().entry.shift(slack.due(deadline))?;
            *known = deadline;
            Some(None)
        })
    }

    /// Moves it to `span` from now on, by the clock.
    ///
    /// # Errors
    /// It was called off, or its moment came, before.
    pub fn reschedule_after(self: Pin<&Self>, span: Duration) -> Result<(), Previously> {
        self.reschedule_at(self.entry.handle().now() + span)
    }

    /// Waits for its moment, wherever it is moved meanwhile.
    ///
    /// # Errors
    /// [`NotFired::Aborted`] if it is called off, [`NotFired::WheelClosed`] if its wheel is closed before.
    ///
    /// # Cancel safety
    /// Strict: dropping the future takes the timer off the wheel; it stays scheduled, and can be waited for again.
    pub fn fired(self: Pin<&Self>) -> Fired<'_, T> {
        Fired { timer: self, own: 0 }
    }

    /// Does `f` to a timer that is still scheduled. `f` runs under the lock, and returns a waker to wake, or nothing where the wheel has
    /// fired meanwhile.
    fn change(
        self: Pin<&Self>,
        f: impl FnOnce(&mut State) -> Option<Option<Waker>>,
    ) -> Result<(), Previously> {
        let now = self.entry.handle().now();
        let (result, waker) = self.state.with(|state| {
            let settled = self.settle(state, now).flatten();
            match state.phase {
                Phase::Over(previously) => (Err(previously), settled),
                Phase::Scheduled { .. } => match f(state) {
                    Some(waker) => (Ok(()), waker),
                    None => {
                        state.happen();
                        (Err(Previously::Happened), None)
                    }
                },
            }
        });
        // [T4] The locks are free.
        waker.into_iter().for_each(Waker::wake);
        result
    }

    /// [T1] Under the lock: sees to it that it happens if its moment has come. `Some`: it does, here is who is to be woken.
    fn settle(self: Pin<&Self>, state: &mut State, now: Instant) -> Option<Option<Waker>> {
        let Phase::Scheduled { deadline, .. } = state.phase else { return None };
        let entry = self.project_ref().entry;
        if now < deadline && entry.status() != Status::Fired {
            return None;
        }
        state.happen();
        Some(entry.leave().flatten())
    }

    /// Under the locks: the answer to who waits, or its waker on the wheel. `fresh` is to be dropped after.
    fn ask(
        self: Pin<&Self>,
        now: Instant,
        waker: &Waker,
        fresh: &mut Option<Waker>,
        own: &mut usize,
    ) -> Asked {
        let entry = self.project_ref().entry;
        self.state.with(|state| {
            let gone = self.settle(state, now).flatten();
            let due = match state.phase {
                Phase::Over(Previously::Happened) => return Asked::Ready(Ok(()), gone),
                Phase::Over(Previously::Aborted) => {
                    return Asked::Ready(Err(NotFired::Aborted), gone);
                }
                Phase::Scheduled { deadline, slack } => slack.due(deadline),
            };
            if !entry.has(due, waker) {
                if fresh.is_none() {
                    return Asked::Missing;
                }
                match entry.join(due, fresh) {
                    Some(Ok(())) => {}
                    Some(Err(_closed)) => return Asked::Ready(Err(NotFired::WheelClosed), None),
                    None => {
                        state.happen();
                        return Asked::Ready(Ok(()), None);
                    }
                }
            }
            if *own == 0 || *own != state.waits {
                state.waits += 1;
                *own = state.waits;
            }
            Asked::Waits
        })
    }
}

/// What came of asking.
#[must_use]
enum Asked {
    /// The answer, and a waker that waited for it until now, to be woken.
    Ready(Result<(), NotFired>, Option<Waker>),
    /// It is on the wheel, with the waker.
    Waits,
    /// It is not on the wheel, or with another waker, and there was no clone to put there.
    Missing,
}

/// Waits for the moment of a [`Timer`]. Made by [`Timer::fired`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Fired<'a, T: WheelRef + Clock> {
    timer: Pin<&'a Timer<T>>,
    /// Its number, while it waits [T5].
    own: usize,
}

impl<T: WheelRef + Clock> Future for Fired<'_, T> {
    type Output = Result<(), NotFired>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let timer = self.timer;
        let now = timer.entry.handle().now();
        let mut fresh = None;
        loop {
            match timer.ask(now, cx.waker(), &mut fresh, &mut self.own) {
                Asked::Ready(end, waker) => {
                    self.own = 0;
                    waker
                        .into_iter()
                        .filter(|other| !other.will_wake(cx.waker()))
                        .for_each(Waker::wake);
                    return Poll::Ready(end);
                }
                Asked::Waits => return Poll::Pending,
                Asked::Missing => fresh = Some(cx.waker().clone()),
            }
        }
    }
}

impl<T: WheelRef + Clock> Drop for Fired<'_, T> {
    fn drop(&mut self) {
        let (timer, own) = (self.timer, self.own);
        if own == 0 {
            return;
        }
        let waker = timer.state.with(|state| {
            let scheduled = matches!(state.phase, Phase::Scheduled { .. });
            if !scheduled || state.waits != own {
                return None;
            }
            // One that has fired stays so: its moment has come [T1].
            timer.project_ref().entry.leave().flatten()
        });
        // [T4] The locks are free.
        drop(waker);
    }
}

impl<T: WheelRef + Clock> fmt::Debug for Timer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").finish_non_exhaustive()
    }
}

impl<T: WheelRef + Clock> fmt::Debug for Fired<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fired")
    }
}
