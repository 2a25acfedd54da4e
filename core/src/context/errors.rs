//! The errors of a monitor as a stream: bounded, each reader with its own place in it.
//!
//! A reader that falls behind by more than 64 reports misses the oldest, and can say how many.

use core::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
};

use alloc::collections::VecDeque;

use crate::{
    context::monitor::{KEPT, Monitor, Node, Report},
    error::Fault,
    sync::Arc,
    wait::Waiter,
};

/// The errors that reach a monitor from the moment this was made. It ends when the last handle, child and context of the monitor is gone.
///
/// Where it detaches, dropping it sends on what it has not read: no error is lost on the way.
pub struct Errors {
    node: Arc<Node>,
    next: u64,
    missed: u64,
    detaching: bool,
}

impl Monitor {
    /// The errors that reach this monitor from now on. They go on to its parent all the same.
    #[must_use = "errors are kept only as long as it is alive"]
    pub fn errors(&self) -> Errors {
        self.listen(false)
    }

    /// The errors that reach this monitor from now on. They stop here for as long as this is alive.
    ///
    /// Source: Async's `detach_and_get_error_stream`.
    #[must_use = "the monitor is detached only as long as it is alive"]
    pub fn detach(&self) -> Errors {
        self.listen(true)
    }

    fn listen(&self, detaching: bool) -> Errors {
        let room = VecDeque::with_capacity(KEPT);
        let next = self.node.line.with(|turn| turn.state.join(room, detaching));
        Errors { node: self.node.clone(), next, missed: 0, detaching }
    }

    /// The next error that reaches this monitor, from the call on. It goes on to the parent all the same. `None`: there will be none.
    ///
    /// # Cancel safety
    /// Dropping it, the error goes to nobody here.
    pub fn next_error(&self) -> impl Future<Output = Option<Report>> + use<> {
        let mut errors = self.errors();
        async move { errors.next().await }
    }

    /// Waits until the tree has [`failed`](Self::failed).
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn failing(&self) -> Fault {
        let top = self.node.top();
        let mut waiter = pin!(Waiter::new(&top.falls, ()));
        let fallen = || top.is_fallen().then_some(());
        poll_fn(|cx| waiter.as_mut().poll_with(cx.waker(), |_| fallen())).await;
        self.failed().expect("it has fallen")
    }
}

impl Errors {
    /// Waits for the next one. `None`: there will be none.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn next(&mut self) -> Option<Report> {
        let next = self.next;
        let found = {
            let mut waiter = pin!(Waiter::new(&self.node.line, ()));
            poll_fn(|cx| waiter.as_mut().poll_with(cx.waker(), |turn| turn.state.read(next))).await
        };
        self.advance(found)
    }

    /// The next one, if it is there.
    pub fn try_next(&mut self) -> Option<Report> {
        let next = self.next;
        let found = self.node.line.with(|turn| turn.state.read(next)).flatten();
        self.advance(found)
    }

    fn advance(&mut self, found: Option<(u64, Report)>) -> Option<Report> {
        let (at, report) = found?;
        self.missed += at - self.next;
        self.next = at + 1;
        Some(report)
    }

    /// How many were missed, because this was read too slowly.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        let (next, detaching) = (self.next, self.detaching);
        let (unread, _kept) = self.node.line.with(|turn| turn.state.leave(next, detaching));
        self.node.carry_on(unread);
    }
}

impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errors").field("missed", &self.missed).finish_non_exhaustive()
    }
}
