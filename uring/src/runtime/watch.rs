//! A watch is kept over the root monitor while a worker runs: where that has failed, nothing goes on.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use tidemill_core::context::Monitor;

/// Runs `future` until it is ready, or `root` has failed: then `None`. Where both are, its output.
///
/// It is for a future that is polled with wakers of one task: they wake it as long as it runs.
pub(super) async fn watched<F: Future>(root: &Monitor, future: F) -> Option<F::Output> {
    let (mut future, mut failing) = (pin!(future), pin!(root.failing()));
    let mut begun = false;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // The first poll leaves the waker, which is woken when it has failed and not before; until then one load says so.
        if (!begun || root.has_failed()) && failing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        begun = true;
        Poll::Pending
    })
    .await
}
