//! A throttle lets at most so many jobs run at a time; the others wait in line.
//!
//! | a job   | is                                        | `kill`               | dropped                                   |
//! |---------|-------------------------------------------|----------------------|-------------------------------------------|
//! | new     | a future that was not polled              | [`Aborted`] when polled | as if it had never been                |
//! | waiting | in line, in the order of first polls      | [`Aborted`]          | leaves the line                           |
//! | granted | out of line, a slot is its own            | runs                 | the slot goes to the next in line         |
//! | running | polled                                    | runs on              | cancelled; the slot goes to the next      |
//!
//! [I1] `running` counts granted and running jobs, and is at most `most`. While somebody is in line it is `most`, or the throttle is dead.
//! [I2] A slot that is given back goes to the first in line in the same stretch under the lock: nobody overtakes.
//!
//! A job runs inside the task that awaits it, and never inside the call that made it. Source: Async's `Throttle`.

use core::{
    fmt,
    future::{Future, poll_fn},
    mem,
    num::NonZeroUsize,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tidemill_core::{
    const_new,
    lock::{Lock, RawLock},
    wait::{WaitList, Waiter, WakeBatch},
};

/// A job that did not start, because its throttle was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the throttle was killed before this job could start")
    }
}

impl core::error::Error for Aborted {}

/// How a job of [`Throttle::try_run`] ended, if not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped<E> {
    /// It did not start.
    Aborted,
    /// It failed, which killed the throttle.
    Failed(E),
}

impl<E: fmt::Display> fmt::Display for Stopped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => Aborted.fmt(f),
            Self::Failed(error) => write!(f, "a job failed, and no other starts: {error}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for Stopped<E> {}

#[derive(Debug)]
struct State {
    most: usize,
    running: usize,
    waiting: usize,
    dead: bool,
}

/// What is known of a job in line.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// It is among those that [`State::waiting`] counts.
    counted: bool,
    /// It was given a slot.
    granted: bool,
}

/// Lets at most so many jobs run at a time; the others wait in line, and nobody overtakes.
///
/// ```
/// use std::{future::Future, num::NonZeroUsize, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_sched::pace::Throttle;
///
/// static DOOR: Throttle = Throttle::new(NonZeroUsize::MIN);
///
/// let mut cx = Context::from_waker(Waker::noop());
/// let mut first = Box::pin(DOOR.run(std::future::pending::<()>()));
/// let mut second = pin!(DOOR.run(async { "through" }));
/// assert!(first.as_mut().poll(&mut cx).is_pending());
/// assert!(second.as_mut().poll(&mut cx).is_pending());
/// drop(first);
/// assert_eq!(second.poll(&mut cx), Poll::Ready(Ok("through")));
/// ```
///
/// A job runs inside the task that awaits it, and never inside the call that made it. Source: Async's `Throttle`.
pub struct Throttle<L: RawLock = Lock> {
    line: WaitList<L, State, Place>,
    /// Who waits for the end of jobs.
    watchers: WaitList<L>,
}

impl Throttle {
    const_new! {
        /// A throttle for at most `most` jobs at a time.
        pub fn new(most: NonZeroUsize) -> Self {
            Self::new_in(most)
        }
    }
}

impl<L: RawLock> Throttle<L> {
    const_new! {
        /// A throttle with the lock `L`.
        pub fn new_in(most: NonZeroUsize) -> Self {
            let state = State { most: most.get(), running: 0, waiting: 0, dead: false };
            Self { line: WaitList::new_in(state), watchers: WaitList::new_in(()) }
        }
    }

    /// Runs `job` when its turn has come. It takes its place in line when it is first polled.
    ///
    /// # Errors
    /// [`Aborted`]: the throttle was killed before.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it leaves the line; dropped while it runs, `job` is cancelled. Either way the next in line is served.
    pub fn run<F: Future>(&self, job: F) -> Run<'_, F, L> {
        Run {
            throttle: self,
            waiter: Waiter::new(&self.line, Place::default()),
            stage: Stage::New,
            job: Some(job),
        }
    }

    /// As [`run`](Self::run), but a job that fails, or panics, kills the throttle: those that run go on, no other starts.
    ///
    /// # Errors
    /// [`Stopped`]: the failure, or that the throttle was killed before.
    ///
    /// # Cancel safety
    /// As [`run`](Self::run).
    pub async fn try_run<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        job: F,
    ) -> Result<T, Stopped<E>> {
        /// Kills the throttle unless it is told that all went well.
        struct Strict<'a, L: RawLock>(&'a Throttle<L>, bool);
        impl<L: RawLock> Drop for Strict<'_, L> {
            fn drop(&mut self) {
                if self.1 {
                    self.0.kill();
                }
            }
        }
        let strict = async {
            let mut strict = Strict(self, false);
            let mut job = pin!(job);
            let done = poll_fn(|cx| {
                // A panic of the job leaves it set.
                strict.1 = true;
                let polled = job.as_mut().poll(cx);
                strict.1 = matches!(polled, Poll::Ready(Err(_)));
                polled
            });
            done.await
        };
        match self.run(strict).await {
            Ok(done) => done.map_err(Stopped::Failed),
            Err(Aborted) => Err(Stopped::Aborted),
        }
    }

    /// No job starts any more: those in line are aborted, those that run go on. Again it does nothing.
    pub fn kill(&self) {
        loop {
            let mut batch = WakeBatch::new();
            let more = self.line.with(|turn| {
                turn.state.dead = true;
                while !batch.is_full()
                    && let Some(place) = turn.first()
                {
                    place.counted = false;
                    turn.state.waiting -= 1;
                    turn.take(&mut batch);
                }
                !turn.is_empty()
            });
            batch.wake();
            if !more {
                break;
            }
        }
        self.watchers.wake_all();
    }

    /// Whether it was killed.
    pub fn is_dead(&self) -> bool {
        self.line.with(|turn| turn.state.dead)
    }

    /// Jobs that have a slot.
    pub fn running(&self) -> usize {
        self.line.with(|turn| turn.state.running)
    }

    /// Jobs in line.
    pub fn waiting(&self) -> usize {
        self.line.with(|turn| turn.state.waiting)
    }

    /// Waits until a job that came now would start at once, or would be aborted.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn capacity_available(&self) {
        self.until(|state| state.dead || state.running < state.most).await;
    }

    /// Waits until no job runs or waits.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn idle(&self) {
        self.until(|state| state.running == 0 && state.waiting == 0).await;
    }

    async fn until(&self, met: impl Fn(&State) -> bool) {
        let mut waiter = pin!(Waiter::new(&self.watchers, ()));
        poll_fn(|cx| {
            // Joined before the look: who changes the state wakes whoever has joined.
            let _ = waiter.as_mut().poll_with(cx.waker(), |_| None::<()>);
            if !self.line.with(|turn| met(turn.state)) {
                return Poll::Pending;
            }
            waiter.as_mut().leave(|_| ());
            Poll::Ready(())
        })
        .await;
    }

    /// A slot comes back.
    fn give_back(&self) {
        let mut batch = WakeBatch::new();
        let free = self.line.with(|turn| {
            if let Some(place) = turn.first() {
                // [I2]
                *place = Place { counted: false, granted: true };
                turn.take(&mut batch);
                turn.state.waiting -= 1;
                return false;
            }
            turn.state.running -= 1;
            true
        });
        batch.wake();
        if free {
            self.watchers.wake_all();
        }
    }
}

impl<L: RawLock> fmt::Debug for Throttle<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, waiting, dead) =
            self.line.with(|turn| (turn.state.running, turn.state.waiting, turn.state.dead));
        f.debug_struct("Throttle")
            .field("running", &running)
            .field("waiting", &waiting)
            .field("dead", &dead)
            .finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Waiting,
    Running,
    Over,
}

pin_project! {
    /// The future of [`Throttle::run`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<'a, F, L: RawLock = Lock> {
        throttle: &'a Throttle<L>,
        #[pin]
        waiter: Waiter<'a, L, State, Place>,
        stage: Stage,
        #[pin]
        job: Option<F>,
    }

    impl<F, L: RawLock> PinnedDrop for Run<'_, F, L> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let has_slot = match this.stage {
                Stage::New | Stage::Over => false,
                Stage::Running => true,
                Stage::Waiting => this.waiter.leave(|turn| {
                    let Some(place) = turn.mark() else { return false };
                    let Place { counted, granted } = mem::take(place);
                    turn.state.waiting -= usize::from(counted);
                    granted
                }),
            };
            // What the job holds goes before the next one starts.
            this.job.set(None);
            if has_slot {
                this.throttle.give_back();
            }
        }
    }
}

impl<F: Future, L: RawLock> Future for Run<'_, F, L> {
    type Output = Result<F::Output, Aborted>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if matches!(this.stage, Stage::New | Stage::Waiting) {
            let asked = this.waiter.poll_with(cx.waker(), |turn| {
                let Place { counted, granted } = *turn.mark()?;
                if granted {
                    return Some(true);
                }
                let free = turn.state.running < turn.state.most;
                let waits = !turn.state.dead && !free;
                turn.mark()?.counted = waits;
                turn.state.waiting = turn.state.waiting + usize::from(waits) - usize::from(counted);
                if waits {
                    return None;
                }
                turn.state.running += usize::from(!turn.state.dead);
                Some(!turn.state.dead)
            });
            match asked {
                Poll::Ready(true) => *this.stage = Stage::Running,
                Poll::Ready(false) => {
                    *this.stage = Stage::Over;
                    this.job.set(None);
                    return Poll::Ready(Err(Aborted));
                }
                Poll::Pending => {
                    *this.stage = Stage::Waiting;
                    return Poll::Pending;
                }
            }
        }
        let job = this.job.as_mut().as_pin_mut().expect("not polled after it was ready");
        let Poll::Ready(value) = job.poll(cx) else { return Poll::Pending };
        *this.stage = Stage::Over;
        this.job.set(None);
        this.throttle.give_back();
        Poll::Ready(Ok(value))
    }
}
