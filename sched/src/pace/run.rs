//! Running jobs in a throttle: as they are, or such that the first failure kills it; with a resource, or alone.
//!
//! | job of              | has                      | a failure        |
//! |---------------------|--------------------------|------------------|
//! | `run`               | a slot                   | is its own       |
//! | `try_run`           | a slot                   | kills            |
//! | `run_with`          | a slot, and its resource | is its own       |
//! | `try_run_with`      | a slot, and its resource | kills            |
//! | `run_exclusive`     | all slots                | is its own       |

use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tidemill_core::lock::{Lock, RawLock};

use crate::pace::{
    enter::{Enter, Grant},
    error::{Aborted, Stopped},
    slots::{Count, Slots},
    throttle::{Throttle, Want},
};

impl<L: RawLock> Throttle<Count, L> {
    /// Runs `job` when its turn has come. It takes its place in line when it is first polled.
    ///
    /// # Errors
    /// [`Aborted`]: the throttle was killed before.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it leaves the line; dropped while it runs, `job` is cancelled. Either way the next in line is served.
    pub fn run<F: Future>(&self, job: F) -> Run<'_, F, Count, L> {
        Run { job: Some(job), grant: None, enter: self.enter(Want::Slot) }
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
        match self.run(self.strictly(job)).await {
            Ok(done) => done.map_err(Stopped::Failed),
            Err(Aborted) => Err(Stopped::Aborted),
        }
    }
}

impl<S: Slots, L: RawLock> Throttle<S, L> {
    /// Runs `job` with the resource of a slot when its turn has come. It takes its place in line when it is first polled.
    ///
    /// A panic of the job gives the resource back as it is then.
    ///
    /// # Errors
    /// [`Aborted`]: the throttle was killed before.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it leaves the line; dropped while it runs, `job` is cancelled, and the resource stays as it is then. Either way
    /// the next in line is served.
    pub async fn run_with<T>(
        &self,
        job: impl AsyncFnOnce(&mut S::Resource) -> T,
    ) -> Result<T, Aborted> {
        let mut enter = pin!(self.enter(Want::Slot));
        // Dropped before `enter`: what it holds goes before the next one starts.
        let job = job;
        let mut grant = enter.as_mut().await?;
        Ok(job(grant.resource()).await)
    }

    /// As [`run_with`](Self::run_with), but a job that fails, or panics, kills the throttle: those that run go on, no other starts.
    ///
    /// # Errors
    /// [`Stopped`]: the failure, or that the throttle was killed before.
    ///
    /// # Cancel safety
    /// As [`run_with`](Self::run_with).
    pub async fn try_run_with<T, E>(
        &self,
        job: impl AsyncFnOnce(&mut S::Resource) -> Result<T, E>,
    ) -> Result<T, Stopped<E>> {
        match self.run_with(async |resource| self.strictly(job(resource)).await).await {
            Ok(done) => done.map_err(Stopped::Failed),
            Err(Aborted) => Err(Stopped::Aborted),
        }
    }

    /// Runs `job` when all that came before it have ended; those that come after it wait until it has. It has no resource.
    ///
    /// Source: Async's `Throttle.enqueue_exclusive`.
    ///
    /// # Errors
    /// [`Aborted`]: the throttle was killed before.
    ///
    /// # Cancel safety
    /// As that of [`run_with`](Self::run_with).
    pub fn run_exclusive<F: Future>(&self, job: F) -> Run<'_, F, S, L> {
        Run { job: Some(job), grant: None, enter: self.enter(Want::All) }
    }

    /// Kills the throttle if `job` fails or panics, not if it is dropped.
    async fn strictly<T, E>(&self, job: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        /// Kills the throttle unless it is told that all went well.
        struct Strict<'a, S: Slots, L: RawLock>(&'a Throttle<S, L>, bool);
        impl<S: Slots, L: RawLock> Drop for Strict<'_, S, L> {
            fn drop(&mut self) {
                if self.1 {
                    self.0.kill();
                }
            }
        }
        let mut strict = Strict(self, false);
        let mut job = pin!(job);
        poll_fn(|cx| {
            // A panic of the job leaves it set.
            strict.1 = true;
            let polled = job.as_mut().poll(cx);
            strict.1 = matches!(polled, Poll::Ready(Err(_)));
            polled
        })
        .await
    }
}

pin_project! {
    /// The future of [`Throttle::run`] and [`Throttle::run_exclusive`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<'a, F, S: Slots = Count, L: RawLock = Lock> {
        // Dropped in this order: what the job holds goes before the next one starts.
        #[pin]
        job: Option<F>,
        grant: Option<Grant<'a, S, L>>,
        #[pin]
        enter: Enter<'a, S, L>,
    }
}

impl<F: Future, S: Slots, L: RawLock> Future for Run<'_, F, S, L> {
    type Output = Result<F::Output, Aborted>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let job = this.job.as_mut().as_pin_mut().expect("not polled after it was ready");
        if this.grant.is_none() {
            match ready!(this.enter.poll(cx)) {
                Ok(grant) => *this.grant = Some(grant),
                Err(aborted) => {
                    this.job.set(None);
                    return Poll::Ready(Err(aborted));
                }
            }
        }
        let value = ready!(job.poll(cx));
        this.job.set(None);
        *this.grant = None;
        Poll::Ready(Ok(value))
    }
}
