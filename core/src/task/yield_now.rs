//! Yielding: a task lets all others that are ready take their turns, timers fire and the ring be looked at, and goes on in the next cycle.

use core::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(not(feature = "alloc"))]
use super::bare::wake_later;
#[cfg(feature = "alloc")]
use super::waker::wake_later;

/// Goes on in the next cycle of the executor, after whoever yielded before (Async's `Scheduler.yield`). Under an executor of others it
/// wakes itself at once, which those understand.
///
/// # Cancel safety
/// Strict.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        if !wake_later(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
