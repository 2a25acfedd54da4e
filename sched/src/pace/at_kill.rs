//! The end of a throttle: what is done with each of its resources once it was killed.
//!
//! | resource       | when the throttle dies   | is given to a cleaner                    |
//! |----------------|--------------------------|------------------------------------------|
//! | of a free slot | stays                    | at once                                  |
//! | of a job       | the job runs on          | when the job has ended                   |
//!
//! \[K1] A resource leaves the slots of a dead throttle for one cleaner, by value, once. Nobody else takes it: a dead throttle grants nothing.
//! \[K2] `cleaners` counts those that were asked to clean and are not through, polled or not.

use core::future::Future;

use tidemill_core::lock::RawLock;

use crate::pace::{slots::Slots, throttle::Throttle};

impl<S: Slots, L: RawLock> Throttle<S, L> {
    /// Once the throttle was killed, has `clean` do away with each resource that no job has any more, one after the other, and ends when none is
    /// left. Of several such futures, each resource comes to one. A throttle without resources has a unit for each slot.
    ///
    /// Source: Async's `Throttle.at_kill`. There it is a handler that is kept; here a future that is run.
    ///
    /// # Cancel safety
    /// The resource in `clean` is dropped. The rest stays in the throttle, for another call.
    ///
    /// ```
    /// # use std::{pin::pin, task::{Context, Waker, Poll}};
    /// use tidemill_sched::pace::Throttle;
    ///
    /// let connections = Throttle::of(["one", "two"]);
    /// let mut closed = Vec::new();
    /// let ends = connections.at_kill(async |connection| closed.push(connection));
    /// connections.kill();
    /// # assert_eq!(pin!(ends).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
    /// # assert_eq!(closed, ["one", "two"]);
    /// ```
    pub fn at_kill<'a, F: AsyncFnMut(S::Resource)>(
        &'a self,
        mut clean: F,
    ) -> impl Future<Output = ()> + use<'a, F, S, L> {
        let cleaner = Cleaner::new(self);
        async move {
            while let Some(resource) = cleaner.next().await {
                clean(resource).await;
            }
        }
    }

    /// Waits until the throttle was killed, its jobs have ended, and all of [`at_kill`](Self::at_kill) is done, or dropped. (What is forgotten never
    /// is.)
    ///
    /// Source: Async's `Throttle.cleaned`.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn cleaned(&self) {
        self.until(|turn| {
            let state = &*turn.state;
            state.dead && state.taken == 0 && state.cleaners == 0
        })
        .await;
    }
}

/// Counts as one [K2] until it is dropped.
struct Cleaner<'a, S: Slots, L: RawLock>(&'a Throttle<S, L>);

impl<'a, S: Slots, L: RawLock> Cleaner<'a, S, L> {
    fn new(throttle: &'a Throttle<S, L>) -> Self {
        throttle.line.with(|turn| turn.state.cleaners += 1);
        Self(throttle)
    }

    /// The next resource [K1], or `None` when there will be none.
    async fn next(&self) -> Option<S::Resource> {
        let next = self.0.watch(|turn| {
            let state = &mut *turn.state;
            if !state.dead {
                return None;
            }
            match state.slots.take() {
                None if state.taken > 0 => None,
                next => Some(next),
            }
        });
        next.await
    }
}

impl<S: Slots, L: RawLock> Drop for Cleaner<'_, S, L> {
    fn drop(&mut self) {
        self.0.change(|state| state.cleaners -= 1);
    }
}
