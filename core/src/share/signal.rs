//! A signal: a slot for the latest value, and one who waits for it.
//!
//! | slot   | `send`                      | `try_take`, `wait` |
//! |--------|-----------------------------|--------------------|
//! | empty  | -> full; who waits is woken | nothing, waits     |
//! | full   | replaced                    | -> empty           |

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(not(feature = "alloc"))]
use crate::task::Latest;
#[cfg(feature = "alloc")]
use crate::wait::Latest;
use crate::{
    const_new,
    lock::{Lock, RawLock},
};

/// Hands the latest value to one who waits: what was sent before, and not taken, is gone. Without a value it is an event that has happened, or has not.
///
/// It may be sent from anywhere, from an interrupt too. It is made for one who waits: where a second one begins to wait, the first is woken and looks
/// again, so nobody misses anything, but two who wait at a time keep each other awake.
///
/// ```
/// use tidemill_core::share::Signal;
///
/// static PRESSED: Signal = Signal::new();
/// static DEGREES: Signal<i16> = Signal::new();
///
/// async fn worker() -> i16 {
///     PRESSED.wait().await;
///     DEGREES.wait().await
/// }
///
/// // In an interrupt:
/// PRESSED.send(());
/// DEGREES.send(19);
/// DEGREES.send(20);
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # let mut cx = Context::from_waker(Waker::noop());
/// # assert_eq!(std::future::Future::poll(pin!(worker()), &mut cx), Poll::Ready(20));
/// ```
pub struct Signal<T = (), L: RawLock = Lock> {
    latest: Latest<T, L>,
}

impl<T> Signal<T> {
    const_new! {
        /// Nothing was sent yet.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<T, L: RawLock> Signal<T, L> {
    const_new! {
        /// Nothing was sent yet; with the lock `L`. Without `alloc` that only says whether it may be shared.
        pub fn new_in() -> Self {
            Self { latest: Latest::new() }
        }
    }

    /// Puts `value` in place of what was sent before, and wakes who waits. What was replaced is dropped here.
    pub fn send(&self, value: T) {
        let _before = self.latest.put(value);
    }

    /// Takes what was sent last, if nobody has.
    #[inline]
    pub fn try_take(&self) -> Option<T> {
        self.latest.take()
    }

    /// Whether something was sent that nobody has taken.
    #[inline]
    pub fn is_sent(&self) -> bool {
        self.latest.is_there()
    }

    /// Waits until something was sent, and takes it.
    ///
    /// # Cancel safety
    /// Strict: a value that is not returned stays there. Who has waited is woken once more, perhaps.
    #[inline]
    pub fn wait(&self) -> Awaited<'_, T, L> {
        Awaited { signal: self }
    }
}

/// Waits for a [`Signal`]. Made by [`Signal::wait`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Awaited<'a, T = (), L: RawLock = Lock> {
    signal: &'a Signal<T, L>,
}

impl<T, L: RawLock> Future for Awaited<'_, T, L> {
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.signal.latest.look(cx.waker())
    }
}

impl<T, L: RawLock> Default for Signal<T, L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<T, L: RawLock> fmt::Debug for Signal<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_sent() { "Signal(<sent>)" } else { "Signal(<empty>)" })
    }
}

impl<T, L: RawLock> fmt::Debug for Awaited<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Awaited")
    }
}
