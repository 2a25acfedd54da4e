//! Coming into a throttle: a place in line, and what is granted there in the end.
//!
//! | [`Enter`] is | poll                                       | drop                                 |
//! |--------------|--------------------------------------------|--------------------------------------|
//! | out          | aborted, or granted, or -> in line         | nothing                              |
//! | in line      | keeps its place                            | leaves; who is first then may have room |
//! | granted      | -> out, with the grant                     | what was granted is given back       |
//!
//! \[E1] A grant gives back what it holds, once, however it goes. One that is forgotten keeps it for ever.

use core::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tidemill_core::{lock::RawLock, wait::Waiter};

use crate::pace::{
    error::Aborted,
    slots::Slots,
    throttle::{Place, Standing, State, Throttle, Want},
};

impl<S: Slots, L: RawLock> Throttle<S, L> {
    /// Comes in line when it is first polled.
    pub(super) fn enter(&self, want: Want) -> Enter<'_, S, L> {
        let place = Place { want, standing: Standing::Out };
        Enter { throttle: self, want, pending: false, waiter: Waiter::new(&self.line, place) }
    }

    /// Waits until all jobs have ended, or gone, that came before this is first polled. Jobs that come after it start after it, as long as it
    /// waits; so a job that waits for it inside the same throttle waits for itself.
    ///
    /// Source: Async's `Throttle.prior_jobs_done`.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn prior_jobs_done(&self) {
        if self.enter(Want::Idle).await.is_err() {
            // It is dead: who was in line has gone, and nobody comes.
            self.until(|turn| turn.state.taken == 0).await;
        }
    }
}

/// What was granted. Dropping it gives it back.
pub(super) struct Grant<'a, S: Slots, L: RawLock> {
    throttle: &'a Throttle<S, L>,
    want: Want,
    resource: Option<S::Resource>,
}

impl<S: Slots, L: RawLock> Grant<'_, S, L> {
    /// The resource, of a grant of one slot.
    pub(super) fn resource(&mut self) -> &mut S::Resource {
        // A slot in `slots` holds one, and a grant keeps it until it goes.
        self.resource.as_mut().expect("a slot holds a resource")
    }
}

impl<S: Slots, L: RawLock> Drop for Grant<'_, S, L> {
    fn drop(&mut self) {
        if self.want != Want::Idle {
            self.throttle.give_back(self.want, self.resource.take());
        }
    }
}

pin_project! {
    /// Waits for its turn in a throttle.
    pub(super) struct Enter<'a, S: Slots, L: RawLock> {
        throttle: &'a Throttle<S, L>,
        want: Want,
        // In line, or granted.
        pending: bool,
        #[pin]
        waiter: Waiter<'a, L, State<S>, Place<S::Resource>>,
    }

    impl<S: Slots, L: RawLock> PinnedDrop for Enter<'_, S, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !*this.pending {
                return;
            }
            let (throttle, want) = (*this.throttle, *this.want);
            let left = this.waiter.leave(|turn| {
                let place = turn.mark()?;
                let standing = mem::replace(&mut place.standing, Standing::Out);
                if let Standing::InLine = standing {
                    turn.state.leave(want);
                }
                Some(standing)
            });
            match left {
                Some(Standing::Granted(resource)) => drop(Grant { throttle, want, resource }),
                Some(Standing::InLine) => throttle.change(|_| ()),
                Some(Standing::Out) | None => {}
            }
        }
    }
}

impl<'a, S: Slots, L: RawLock> Future for Enter<'a, S, L> {
    type Output = Result<Grant<'a, S, L>, Aborted>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (throttle, want) = (*this.throttle, *this.want);
        let polled = this.waiter.poll_with(cx.waker(), |turn| {
            let alone = turn.is_empty();
            let place = turn.mark()?;
            match mem::replace(&mut place.standing, Standing::Out) {
                Standing::Granted(resource) => return Some(Ok(resource)),
                Standing::InLine => {
                    place.standing = Standing::InLine;
                    return None;
                }
                Standing::Out => {}
            }
            if turn.state.dead {
                return Some(Err(Aborted));
            }
            if alone && turn.state.has_room(want) {
                return Some(Ok(turn.state.give(want)));
            }
            turn.state.join(want);
            turn.mark()?.standing = Standing::InLine;
            None
        });
        *this.pending = polled.is_pending();
        polled.map_ok(|resource| Grant { throttle, want, resource })
    }
}
