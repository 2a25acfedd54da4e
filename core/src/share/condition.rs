//! A condition is news without a value: told to the first who waits, or to all who wait, and lost where nobody does.
//!
//! | `Told`        | is                                | `signal`, where it is first | `broadcast`             | drop                        |
//! |---------------|-----------------------------------|-----------------------------|-------------------------|-----------------------------|
//! | new, done     | not in line                       |                             |                         | nothing                     |
//! | waiting       | in line, since some round         | -> told alone               | -> told with all        | leaves                      |
//! | told alone    | out of line                       |                             |                         | the next in line is told    |
//! | told with all | out of line                       |                             |                         | nothing                     |
//!
//! [I1] A broadcast begins a round, and tells those who joined in an earlier one: they are all before the others in line. So whoever
//!      joins while it wakes the many waits for the next news, and the broadcast ends.

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
    share::condition::News::{All, Alone, Nothing},
    wait::{Turn, WaitList, Waiter, WakeBatch},
};

/// News for one waiter or for all. News that nobody waits for is lost.
///
/// What the news is about lies elsewhere, and is looked at again after each wait. Between threads look under a
/// [`Mutex`](crate::share::Mutex), and poll the wait once before the guard is dropped: then nothing falls in between.
///
/// ```
/// use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::share::Condition;
///
/// static CHANGED: Condition = Condition::new();
///
/// CHANGED.signal(); // Nobody waits: it is lost.
/// let mut told = pin!(CHANGED.wait());
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(told.as_mut().poll(&mut cx), Poll::Pending);
/// CHANGED.signal();
/// assert_eq!(told.poll(&mut cx), Poll::Ready(()));
/// ```
///
/// Source: Async's `Condition`.
pub struct Condition<L: RawLock = Lock> {
    line: WaitList<L, Round, Mark>,
}

type Round = usize;

struct Mark {
    since: Round,
    news: News,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    Nothing,
    Alone,
    All,
}

impl Condition {
    const_new! {
        /// A condition for which nobody waits.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<L: RawLock> Condition<L> {
    const_new! {
        /// A condition with the lock `L`.
        pub fn new_in() -> Self {
            Self { line: WaitList::new_in(0) }
        }
    }

    /// Waits for the next news. It is in line from its first poll on.
    ///
    /// # Cancel safety
    /// Strict: who is dropped leaves the line, and news that was told to it alone goes to the next in line, if there is one.
    pub fn wait(&self) -> Told<'_, L> {
        let waiter = Waiter::new(&self.line, Mark { since: 0, news: Nothing });
        Told { condition: self, pending: false, waiter }
    }

    /// Tells the one who has waited longest.
    pub fn signal(&self) {
        self.line.wake_with(|turn, batch| {
            tell(turn, batch, Alone);
            false
        });
    }

    /// Tells all who wait now, first come first woken.
    pub fn broadcast(&self) {
        let mut round = None;
        self.line.wake_with(|turn, batch| {
            let round = *round.get_or_insert_with(|| {
                *turn.state = turn.state.wrapping_add(1);
                *turn.state
            });
            // [I1] Rounds wrap; nobody waits through more than one.
            while turn.first().is_some_and(|mark| (round.wrapping_sub(mark.since) as isize) > 0) {
                if !tell(turn, batch, All) {
                    return true;
                }
            }
            false
        });
    }
}

/// Tells the first in line. False where nobody is there, or the batch is full.
fn tell(turn: &mut Turn<'_, Round, Mark>, batch: &mut WakeBatch, news: News) -> bool {
    if let Some(first) = turn.first().filter(|_| !batch.is_full()) {
        first.news = news;
    }
    turn.take(batch)
}

pin_project! {
    /// Waits for news of a [`Condition`]. Made by [`Condition::wait`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Told<'a, L: RawLock = Lock> {
        condition: &'a Condition<L>,
        // Waiting or told.
        pending: bool,
        #[pin]
        waiter: Waiter<'a, L, Round, Mark>,
    }

    impl<'a, L: RawLock> PinnedDrop for Told<'a, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.pending && this.waiter.leave(|turn| turn.mark().is_some_and(|mark| mark.news == Alone)) {
                this.condition.signal();
            }
        }
    }
}

impl<L: RawLock> Future for Told<'_, L> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let waits = *this.pending;
        let polled = this.waiter.poll_with(cx.waker(), |turn| {
            let round = *turn.state;
            let mark = turn.mark()?;
            if !waits {
                mark.since = round;
            }
            (mem::replace(&mut mark.news, Nothing) != Nothing).then_some(())
        });
        *this.pending = polled.is_pending();
        polled
    }
}

impl<L: RawLock> Default for Condition<L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<L: RawLock> fmt::Debug for Condition<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition")
    }
}

impl<L: RawLock> fmt::Debug for Told<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}
