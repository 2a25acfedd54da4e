//! A delayer starts each job a fixed span after it was scheduled, and the jobs in the order in which they were scheduled, whichever timer fires first.
//!
//! | a job   | is                                             | next                                                     |
//! |---------|------------------------------------------------|----------------------------------------------------------|
//! | waiting | in line, in the order of first polls           | its timer fires: due                                     |
//! | due     | in line still                                  | the first in line, and nobody let go: let go             |
//! | let go  | out of line, woken                             | polled: it starts, and the next that is due is let go    |
//!
//! [I1] At most one is let go and has not started, so starts are in order under any order of polls. Whoever leaves, started or not, sees to the next.
//!
//! Jobs may overlap. Source: the `Delayer` of Real World OCaml; there a job that raises leaves its result empty, here its error is its own.

use core::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::{Pin, pin},
    task::{Poll, Waker, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tidemill_core::{
    const_new,
    error::NoContext,
    lock::{Lock, RawLock},
    scope::after,
    wait::{Turn, WaitList, Waiter, WakeBatch},
};

/// Starts each job a fixed span after it was scheduled, and the jobs in the order in which they were scheduled, whichever timer fires first.
///
/// ```
/// use std::time::Duration;
/// use tidemill_sched::pace::Delayer;
///
/// async fn greet(delayer: &Delayer) -> Option<u32> {
///     delayer.schedule(|| async { 6 * 7 }).await.ok()
/// }
/// # let _ = greet(&Delayer::new(Duration::from_millis(10)));
/// ```
///
/// Jobs may overlap. Source: the `Delayer` of Real World OCaml; there a job that raises leaves its result empty, here its error is its own.
pub struct Delayer<L: RawLock = Lock> {
    span: Duration,
    line: WaitList<L, Going, Mark>,
}

/// Whether somebody was let go and has not started.
#[derive(Debug, Default)]
struct Going(bool);

/// What is known of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Waiting,
    Due,
    LetGo,
}

impl Delayer {
    const_new! {
        /// Jobs start `span` after they were scheduled.
        pub fn new(span: Duration) -> Self {
            Self::new_in(span)
        }
    }
}

impl<L: RawLock> Delayer<L> {
    const_new! {
        /// A delayer with the lock `L`.
        pub fn new_in(span: Duration) -> Self {
            Self { span, line: WaitList::new_in(Going(false)) }
        }
    }

    /// Waits for its time and its turn, then runs the future that `job` makes. It is scheduled when it is first polled.
    ///
    /// # Errors
    /// [`NoContext`]: no executor is current, or it is gone before. `job` was not called.
    ///
    /// # Cancel safety
    /// Dropped before its start, it is as if it was never scheduled; later, its future is dropped. One that is forgotten before its start holds up
    /// those behind it, as a forgotten guard does at a mutex.
    pub async fn schedule<F: Future>(
        &self,
        job: impl FnOnce() -> F,
    ) -> Result<F::Output, NoContext> {
        self.turn().await?;
        Ok(job().await)
    }

    async fn turn(&self) -> Result<(), NoContext> {
        let mut timer = pin!(after(self.span));
        let mut due = false;
        let mut place =
            pin!(Place { delayer: self, waiter: Waiter::new(&self.line, Mark::Waiting) });
        poll_fn(|cx| {
            // In line before the timer may be found to have fired.
            if place.as_mut().poll(cx.waker()).is_ready() {
                return Poll::Ready(Ok(()));
            }
            if !due {
                ready!(timer.as_mut().poll(cx))?;
                due = true;
                place.as_mut().set_due(cx.waker());
                self.see_to_the_next(|_| ());
            }
            place.as_mut().poll(cx.waker()).map(Ok)
        })
        .await
    }

    /// Lets the first in line go, if it is due and nobody is let go, after `first` has changed what is to be changed.
    fn see_to_the_next(&self, first: impl FnOnce(&mut Going)) {
        let mut batch = WakeBatch::new();
        self.line.with(|turn| {
            first(turn.state);
            advance(turn, &mut batch);
        });
        batch.wake();
    }
}

fn advance(turn: &mut Turn<'_, Going, Mark>, batch: &mut WakeBatch) {
    if turn.state.0 {
        return;
    }
    if let Some(mark) = turn.first()
        && *mark == Mark::Due
    {
        *mark = Mark::LetGo;
        turn.take(batch);
        turn.state.0 = true;
    }
}

pin_project! {
    /// A place in line.
    struct Place<'a, L: RawLock> {
        delayer: &'a Delayer<L>,
        #[pin]
        waiter: Waiter<'a, L, Going, Mark>,
    }

    impl<L: RawLock> PinnedDrop for Place<'_, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let let_go = this.waiter.leave(|turn| {
                turn.mark().is_some_and(|mark| mem::replace(mark, Mark::Waiting) == Mark::LetGo)
            });
            // [I1]: the drop follows the last poll at once where it has started.
            this.delayer.see_to_the_next(|going| going.0 &= !let_go);
        }
    }
}

impl<L: RawLock> Place<'_, L> {
    /// Whether it was let go.
    fn poll(self: Pin<&mut Self>, waker: &Waker) -> Poll<()> {
        self.project()
            .waiter
            .poll_with(waker, |turn| turn.mark().filter(|mark| **mark == Mark::LetGo).map(|_| ()))
    }

    fn set_due(self: Pin<&mut Self>, waker: &Waker) {
        let _: Poll<()> = self.project().waiter.poll_with(waker, |turn| {
            if let Some(mark) = turn.mark() {
                *mark = Mark::Due;
            }
            None
        });
    }
}

impl<L: RawLock> fmt::Debug for Delayer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delayer").field("span", &self.span).finish_non_exhaustive()
    }
}
