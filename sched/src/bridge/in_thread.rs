//! An `InThread` is a closure on its way to a system thread, and the future of what it returns.
//!
//! | stage   | its job                    | polled                        | dropped                                          |
//! |---------|----------------------------|-------------------------------|--------------------------------------------------|
//! | in line | with it                    | -> sent, once there is a seat | the job is dropped                               |
//! | sent    | in the queue of its set    | waits for the answer          | the job is dropped, and leaves the queue         |
//! | begun   | runs                       | waits for the answer          | it runs on; its value is dropped on its thread   |
//! | over    | gone                       | the answer                    | the answer is dropped                            |

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tidemill_core::share::Permit;

use super::{
    error::JobError,
    job::{Answer, Job, Packet},
    set::Set,
};

pin_project! {
    /// What a closure on a system thread returns. Made by [`Threads::run`](super::Threads::run) and its like.
    ///
    /// # Cancel safety
    /// Dropping it calls the job off: one that has not begun is dropped, here and now, and never runs. One that runs cannot be stopped: it runs to
    /// its end, and its value is dropped on its thread; a panic goes to the monitor of who asked for the job.
    #[must_use = "dropping it calls the job off; await it"]
    pub struct InThread<T: 'static> {
        set: Arc<Set>,
        job: Arc<dyn Job>,
        // Where it waits for a seat.
        line: Option<Line>,
        #[pin]
        answer: Answer<T>,
    }

    impl<T: 'static> PinnedDrop for InThread<T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // In the queue, or not yet.
            if this.job.cancel() {
                this.set.withdraw(this.job);
            }
        }
    }
}

/// Waits for a seat. `false`: there is none any more.
type Line = Pin<Box<dyn Future<Output = bool> + Send>>;

impl<T: Send + 'static> InThread<T> {
    /// Sends a job where there is a seat; where not, it waits for one.
    pub(super) fn new<F>(set: &Arc<Set>, name: Option<&str>, run: F) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let (packet, answer) = Packet::new(name, run);
        let (set, job): (_, Arc<dyn Job>) = (Arc::clone(set), Arc::new(packet));
        let seated = set.seats.try_acquire(1).map(Permit::forget).is_ok();
        let line = match seated {
            true => {
                set.submit(Arc::clone(&job));
                None
            }
            false => Some(line(&set)),
        };
        Self { set, job, line, answer }
    }
}

/// The line for a seat of the set.
fn line(set: &Arc<Set>) -> Line {
    let set = Arc::clone(set);
    Box::pin(async move { set.seats.acquire(1).await.map(Permit::forget).is_ok() })
}

impl<T> Future for InThread<T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(line) = this.line {
            let Poll::Ready(seated) = line.as_mut().poll(cx) else { return Poll::Pending };
            *this.line = None;
            match seated {
                true => this.set.submit(Arc::clone(this.job)),
                false => this.job.refuse(JobError::Closed),
            }
        }
        this.answer.poll(cx).map(|answer| answer.unwrap_or(Err(JobError::Closed)))
    }
}

impl<T> fmt::Debug for InThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InThread")
            .field("job", &self.job.name())
            .field("finished", &self.answer.is_full())
            .finish_non_exhaustive()
    }
}
