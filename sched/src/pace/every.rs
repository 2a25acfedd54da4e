//! Work that is done again and again, by the clock of the current Home.
//!
//! | runs          | for the first time | again                                     | runs that take too long               |
//! |---------------|--------------------|-------------------------------------------|---------------------------------------|
//! | [`every`]     | at once            | a span after the one before has ended     | put off those that follow             |
//! | [`intervals`] | at once            | at the start plus a whole number of spans | have the moments that they miss skipped |
//!
//! \[E1] No run begins before the one before has ended, and none after the end was called for.

use core::{
    convert::Infallible,
    future::{Future, Pending, pending, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    context::current,
    error::{NoContext, ZeroSpan},
    scope::{after, at},
};

/// Runs something again and again, with `span` between the end of one run and the beginning of the next.
///
/// Source: Async's `Clock.every'`.
///
/// # Errors
/// The span is zero.
///
/// ```
/// use core::{pin::pin, time::Duration};
/// use tidemill_core::error::ZeroSpan;
/// use tidemill_sched::pace::every;
///
/// assert_eq!(every(Duration::ZERO).err(), Some(ZeroSpan));
/// let ticks = every(Duration::from_millis(10)).unwrap().run(async || println!("tick"));
/// # drop(ticks);
/// ```
pub fn every(span: Duration) -> Result<Every, ZeroSpan> {
    Ok(Every { pace: Pace::new(span, false)?, stop: pending() })
}

/// Runs something at the moment of the first run plus 0, 1, 2, .. times `span`. What is missed is skipped.
///
/// Source: Async's `Clock.run_at_intervals'`.
///
/// # Errors
/// The span is zero.
pub fn intervals(span: Duration) -> Result<Intervals, ZeroSpan> {
    Ok(Every { pace: Pace::new(span, true)?, stop: pending() })
}

/// When to run, and when to stop. Made by [`every`].
#[derive(Debug)]
#[must_use = "nothing runs until it is told what"]
pub struct Every<S = Pending<Infallible>> {
    pace: Pace,
    stop: S,
}

/// When to run, and when to stop. Made by [`intervals`].
pub type Intervals<S = Pending<Infallible>> = Every<S>;

impl<S: Future> Every<S> {
    /// Stops when `stop` is ready: it is asked before each run and between runs, and a run that has begun comes to its end.
    pub fn until<T: Future>(self, stop: T) -> Every<T> {
        Every { pace: self.pace, stop }
    }

    /// Runs `f`. When it stops, `f` is dropped.
    ///
    /// # Errors
    /// [`NoContext`] if no Home is current, or if it is gone.
    ///
    /// # Cancel safety
    /// The run that has begun is dropped, and no other begins.
    pub async fn run(self, mut f: impl AsyncFnMut()) -> Result<(), NoContext> {
        let ran = self.try_run(async || {
            f().await;
            Ok::<(), Infallible>(())
        });
        ran.await.map(|Ok(())| ())
    }

    /// Runs `f` until it fails (or stops): Async's `~continue_on_error:false`.
    ///
    /// # Errors
    /// Outside: [`NoContext`] if no Home is current, or if it is gone. Inside: what `f` failed with.
    ///
    /// # Cancel safety
    /// The run that has begun is dropped, and no other begins.
    pub async fn try_run<E>(
        self,
        mut f: impl AsyncFnMut() -> Result<(), E>,
    ) -> Result<Result<(), E>, NoContext> {
        let mut stop = pin!(self.stop);
        let start = now()?;
        while !is_ready(stop.as_mut()).await {
            if let Err(error) = f().await {
                return Ok(Err(error));
            }
            if self.pace.rest(start, stop.as_mut()).await? {
                break;
            }
        }
        Ok(Ok(()))
    }

    /// Runs `f`; what it fails with goes to `on_error`, and it runs again all the same: Async's `~continue_on_error:true`.
    ///
    /// # Errors
    /// [`NoContext`] if no Home is current, or if it is gone.
    ///
    /// # Cancel safety
    /// The run that has begun is dropped, and no other begins.
    pub async fn run_or<E>(
        self,
        mut f: impl AsyncFnMut() -> Result<(), E>,
        mut on_error: impl FnMut(E),
    ) -> Result<(), NoContext> {
        self.run(async || f().await.unwrap_or_else(&mut on_error)).await
    }
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    span: Duration,
    grid: bool,
}

impl Pace {
    fn new(span: Duration, grid: bool) -> Result<Self, ZeroSpan> {
        if span.is_zero() { Err(ZeroSpan) } else { Ok(Self { span, grid }) }
    }

    /// Waits for the next run. True: it is time to stop.
    async fn rest(
        self,
        start: Instant,
        mut stop: Pin<&mut impl Future>,
    ) -> Result<bool, NoContext> {
        let mut next =
            pin!(if self.grid { at(self.next(start, now()?)) } else { after(self.span) });
        poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(true));
            }
            next.as_mut().poll(cx).map_ok(|()| false)
        })
        .await
    }

    /// The first moment of the grid after `now`.
    fn next(self, start: Instant, now: Instant) -> Instant {
        let span = u64::try_from(self.span.as_nanos()).unwrap_or(u64::MAX);
        let passed = now.as_nanos().saturating_sub(start.as_nanos());
        let into = (passed / span).saturating_add(1).saturating_mul(span);
        Instant::from_nanos(start.as_nanos().saturating_add(into))
    }
}

fn now() -> Result<Instant, NoContext> {
    current().map(|here| here.now()).ok_or(NoContext)
}

/// Whether a future is ready now. One that is must not be asked again.
async fn is_ready(mut future: Pin<&mut impl Future>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}
