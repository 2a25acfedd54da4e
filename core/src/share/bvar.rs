//! A Bvar gives each value to everybody who waits for it then, and keeps none.
//!
//! | `Broadcast` | is                                | `broadcast`                          | poll                   |
//! |-------------|-----------------------------------|--------------------------------------|------------------------|
//! | new, done   | not in line                       |                                      | -> waiting             |
//! | waiting     | in line, since some round         | -> given, where the round is earlier | pending                |
//! | given       | out of line, with a value         |                                      | -> done, the value     |
//!
//! [I1] A broadcast begins a round, and gives to those who joined in an earlier one: they are all before the others in line. So
//!      whoever joins while it gives to the many waits for the next value, and the broadcast ends.
//! [I2] Values are cloned, and dropped, outside the lock.

use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    const_new,
    lock::{Lock, RawLock},
    wait::{Turn, WaitList, Waiter, WakeBatch},
};

/// A value for everybody who waits now; nobody later sees it.
///
/// ```
/// use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::share::Bvar;
///
/// static NEWS: Bvar<&str> = Bvar::new();
///
/// NEWS.broadcast("too early");
/// let mut read = pin!(NEWS.wait());
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(read.as_mut().poll(&mut cx), Poll::Pending);
/// NEWS.broadcast("in time");
/// NEWS.broadcast("too late");
/// assert_eq!(read.poll(&mut cx), Poll::Ready("in time"));
/// ```
///
/// Source: Async's `Bvar`.
pub struct Bvar<T, L: RawLock = Lock> {
    line: WaitList<L, Number, Mark<T>>,
}

type Number = usize;

struct Mark<T> {
    since: Number,
    value: Option<T>,
}

impl<T> Bvar<T> {
    const_new! {
        /// A Bvar for which nobody waits.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<T, L: RawLock> Bvar<T, L> {
    const_new! {
        /// A Bvar with the lock `L`.
        pub fn new_in() -> Self {
            Self { line: WaitList::new_in(0) }
        }
    }

    /// Waits for the next value. It is in line from its first poll on.
    ///
    /// # Cancel safety
    /// Strict.
    pub fn wait(&self) -> Broadcast<'_, T, L> {
        let waiter = Waiter::new(&self.line, Mark { since: 0, value: None });
        Broadcast { pending: false, waiter }
    }

    /// Gives a clone of `value` to each who waits now, first come first woken.
    pub fn broadcast(&self, value: T)
    where
        T: Clone,
    {
        let round = self.line.with(|turn| {
            *turn.state = turn.state.wrapping_add(1);
            *turn.state
        });
        Round { bvar: self, number: round, value: &value }.give();
    }

    /// Whether somebody waits.
    pub fn has_waiters(&self) -> bool {
        self.line.with(|turn| !turn.is_empty())
    }
}

/// A broadcast under way.
struct Round<'a, T: Clone, L: RawLock> {
    bvar: &'a Bvar<T, L>,
    number: Number,
    value: &'a T,
}

impl<T: Clone, L: RawLock> Round<'_, T, L> {
    fn give(&self) {
        while self.bvar.line.with(|turn| is_next(turn, self.number)) {
            // [I2] The clone is made before the lock, and dropped after it where the first has left in between.
            let mut fresh = Some(self.value.clone());
            let mut batch = WakeBatch::new();
            self.bvar.line.with(|turn| {
                if is_next(turn, self.number) {
                    if let Some(mark) = turn.first() {
                        mark.value = fresh.take();
                    }
                    turn.take(&mut batch);
                }
            });
            let rest = Rest(self);
            batch.wake();
            mem::forget(rest);
        }
    }
}

/// Gives to who is left when a waker panics.
struct Rest<'a, 'r, T: Clone, L: RawLock>(&'r Round<'a, T, L>);

impl<T: Clone, L: RawLock> Drop for Rest<'_, '_, T, L> {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// Whether the first in line joined before this round. Rounds wrap; nobody waits through more than one.
fn is_next<T>(turn: &mut Turn<'_, Number, Mark<T>>, round: Number) -> bool {
    turn.first().is_some_and(|mark| (round.wrapping_sub(mark.since) as isize) > 0)
}

pin_project! {
    /// Waits for a value of a [`Bvar`]. Made by [`Bvar::wait`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Broadcast<'a, T, L: RawLock = Lock> {
        // Waiting or given.
        pending: bool,
        #[pin]
        waiter: Waiter<'a, L, Number, Mark<T>>,
    }
}

impl<T, L: RawLock> Future for Broadcast<'_, T, L> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        let waits = *this.pending;
        let polled = this.waiter.poll_with(cx.waker(), |turn| {
            let round = *turn.state;
            let mark = turn.mark()?;
            if !waits {
                mark.since = round;
            }
            mark.value.take()
        });
        *this.pending = polled.is_pending();
        polled
    }
}

impl<T, L: RawLock> Default for Bvar<T, L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<T, L: RawLock> fmt::Debug for Bvar<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bvar")
    }
}

impl<T, L: RawLock> fmt::Debug for Broadcast<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Broadcast")
    }
}
