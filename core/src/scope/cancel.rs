//! A cancellation is asked for once, with a reason; who works watches for it, and drops its work.
//!
//! | state     | [`Cancel::cancel`]        | [`Cancel::is_cancelled`] | [`Cancel::cancelled`]       |
//! |-----------|---------------------------|--------------------------|-----------------------------|
//! | going on  | -> cancelled, wakes all   | false                    | waits                       |
//! | cancelled | nothing: the reason stays | true                     | the reason, at once         |
//!
//! [I1] `reason` is written once, under the lock of the line; `cancelled` is set in the same stretch, after it. So whoever saw
//!      a call of `cancel` return, his own or another's, finds it cancelled.
//! [I2] Neither a waker nor a reason that came too late is dropped under the lock.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    const_new,
    error::{Cancelled, Fault},
    lock::{Lock, RawLock},
    sync::{
        AtomicBool,
        Ordering::{Acquire, Release},
    },
    wait::{WaitList, Waiter},
};

/// A cancellation that is placed by its owner: in a static, in a struct. With `alloc` there are trees of them: `CancelToken`.
///
/// ```
/// use tidemill_core::{error::Fault, scope::Cancel};
///
/// static STOP: Cancel = Cancel::new();
///
/// assert!(!STOP.is_cancelled());
/// STOP.cancel(Fault::Text("the door is open"));
/// STOP.cancel(Fault::Text("too late"));
/// assert_eq!(STOP.reason().unwrap().to_string(), "the door is open");
/// ```
pub struct Cancel<L: RawLock = Lock> {
    cancelled: AtomicBool,
    line: WaitList<L, Option<Fault>>,
}

impl Cancel {
    const_new! {
        /// One that nobody has asked for.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<L: RawLock> Cancel<L> {
    const_new! {
        /// One that nobody has asked for, with the lock `L`.
        pub fn new_in() -> Self {
            Self { cancelled: AtomicBool::new(false), line: WaitList::new_in(None) }
        }
    }

    /// Asks for it, and wakes who waits for that. `false`: somebody has done so before, and the reason stays his.
    pub fn cancel(&self, reason: Fault) -> bool {
        let mut reason = Some(reason);
        let first = self.line.with(|turn| {
            let first = turn.state.is_none();
            if first {
                *turn.state = reason.take();
                // ordering: Release pairs with Acquire in `is_cancelled`: what was done before the cancel.
                self.cancelled.store(true, Release);
            }
            first
        });
        if first {
            self.line.wake_all();
        }
        first
    }

    /// Whether it was asked for.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        // ordering: Acquire pairs with Release in `cancel`.
        self.cancelled.load(Acquire)
    }

    /// Why, if it was asked for.
    pub fn reason(&self) -> Option<Fault> {
        if !self.is_cancelled() {
            return None;
        }
        self.line.with(|turn| turn.state.clone())
    }

    /// Waits until it is asked for, and says why.
    ///
    /// # Cancel safety
    /// Strict.
    pub fn cancelled(&self) -> WaitCancelled<'_, L> {
        WaitCancelled { cancel: self, waiter: Waiter::new(&self.line, ()) }
    }

    /// Runs `future` until it is ready or this is asked for. Where both are, the value is preferred.
    ///
    /// # Errors
    /// [`Cancelled`]: `future` is dropped then, before this answers.
    ///
    /// # Cancel safety
    /// As that of `future`.
    pub fn run<F: Future>(&self, future: F) -> RunUntil<'_, F, L> {
        RunUntil { future: Some(future), cancelled: self.cancelled() }
    }
}

pin_project! {
    /// Waits for a cancellation. Made by [`Cancel::cancelled`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitCancelled<'a, L: RawLock = Lock> {
        cancel: &'a Cancel<L>,
        #[pin]
        waiter: Waiter<'a, L, Option<Fault>>,
    }
}

impl<L: RawLock> Future for WaitCancelled<'_, L> {
    type Output = Fault;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fault> {
        self.project().waiter.poll_with(cx.waker(), |turn| turn.state.clone())
    }
}

pin_project! {
    /// Runs a future until it is ready or cancelled. Made by [`Cancel::run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RunUntil<'a, F, L: RawLock = Lock> {
        #[pin]
        future: Option<F>,
        #[pin]
        cancelled: WaitCancelled<'a, L>,
    }
}

impl<F: Future, L: RawLock> Future for RunUntil<'_, F, L> {
    type Output = Result<F::Output, Cancelled>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("it is not polled after it was ready");
        let answer = match future.poll(cx) {
            Poll::Ready(value) => Ok(value),
            Poll::Pending => match this.cancelled.poll(cx) {
                Poll::Ready(reason) => Err(Cancelled(reason)),
                Poll::Pending => return Poll::Pending,
            },
        };
        this.future.set(None);
        Poll::Ready(answer)
    }
}

impl<L: RawLock> Default for Cancel<L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<L: RawLock> fmt::Debug for Cancel<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").field("cancelled", &self.is_cancelled()).finish_non_exhaustive()
    }
}

impl<L: RawLock> fmt::Debug for WaitCancelled<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitCancelled")
    }
}

impl<F, L: RawLock> fmt::Debug for RunUntil<'_, F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunUntil")
    }
}
