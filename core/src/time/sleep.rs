//! A future that resolves once its clock has reached a moment.
//!
//! | polled              | before its moment              | its moment has come | the wheel is closed before |
//! |---------------------|--------------------------------|---------------------|----------------------------|
//! | for the first time  | joins the wheel, `Pending`     | `Ok`, wheel unasked | `Err`                      |
//! | likewise, a span    | joins the wheel, clock unasked | likewise            | `Err`                      |
//! | while it waits      | leaves its waker, `Pending`    | `Ok`                | `Err`                      |
//! | once it has fired   |                                | `Ok`, clock unasked |                            |
//!
//! [S1] It resolves with `Ok` only if the clock, or whoever fired the wheel, told a moment that is not before the deadline.

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
    error::WheelClosed,
    time::{entry::Entry, source::WheelRef, status::Status},
};

pin_project! {
    /// A future that resolves once the clock of `T` has reached a moment.
    ///
    /// `T` names the wheel on which to wait and tells the time: a [`TimeSource`](super::TimeSource), or an executor's own handle.
    /// It allocates nothing. Once resolved it stays resolved, until it is [`reset`](Self::reset).
    ///
    /// # Errors
    /// [`WheelClosed`] if the wheel is closed before the moment has come.
    ///
    /// # Cancel safety
    /// Strict: dropping it takes it off the wheel, O(1), and its waker is not woken any more.
    ///
    /// ```
    /// use core::{pin::pin, task::{Context, Poll, Waker}, time::Duration};
    /// use std::future::Future;
    /// use tidemill_core::{clock::ManualClock, time::{Sleep, TimeSource, Wheel}};
    ///
    /// let (wheel, clock) = (Wheel::new(), ManualClock::new());
    /// let source = TimeSource::new(&wheel, &clock);
    /// let mut sleep = pin!(Sleep::after(source, Duration::from_secs(1)));
    /// let mut cx = Context::from_waker(Waker::noop());
    /// assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(source.fire(), 1);
    /// assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleep<T>
    where
        T: WheelRef,
        T: Clock,
    {
        #[pin]
        entry: Entry<T>,
        deadline: Instant,
    }
}

impl<T: WheelRef + Clock> Sleep<T> {
    /// Sleeps for `span` from now on, by the clock.
    pub fn after(source: T, span: Duration) -> Self {
        let deadline = source.now() + span;
        if span.is_zero() {
            return Self::at(source, deadline);
        }
        Self { entry: Entry::ahead(source), deadline }
    }

    /// Sleeps until `deadline`; one that has passed is no reason to wait.
    pub fn at(source: T, deadline: Instant) -> Self {
        Self { entry: Entry::new(source), deadline }
    }

    /// When it resolves.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What it was given.
    pub fn source(&self) -> &T {
        self.entry.handle()
    }

    /// Has it resolve at another moment, whether it has resolved or not. If it is waiting, whoever it was to wake is woken then.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let mut this = self.project();
        *this.deadline = deadline;
        this.entry.as_mut().take_ahead();
        this.entry.rearm(deadline);
    }
}

impl<T: WheelRef + Clock> Future for Sleep<T> {
    type Output = Result<(), WheelClosed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.entry.as_ref().status() == Status::Fired {
            return Poll::Ready(Ok(()));
        }
        // To ask the clock costs more than all the rest; what the wheel finds due it fires in the same cycle.
        if !this.entry.as_mut().take_ahead() && this.entry.handle().now() >= *this.deadline {
            this.entry.disarm();
            return Poll::Ready(Ok(()));
        }
        match this.entry.as_mut().arm(*this.deadline, cx.waker()) {
            Ok(()) => Poll::Pending,
            Err(closed) => Poll::Ready(Err(closed)),
        }
    }
}

impl<T: WheelRef + Clock> fmt::Debug for Sleep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
