//! An attempt runs a future under a monitor of its own: the first error of all that it starts is its answer.
//!
//! | error                                     | goes to                                           |
//! |-------------------------------------------|---------------------------------------------------|
//! | the first, before there is a result       | the caller, who drops the future                  |
//! | one after the first, or after the result  | the rest: the caller's monitor, the log, another  |

use core::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context as Cx, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    context::{Context, Monitor, Report, send_error},
    error::{Fault, Panic},
    task::catch,
};

/// Where errors go that come after the answer of [`try_with`].
#[derive(Debug)]
pub enum Rest {
    /// To the caller's monitor.
    Raise,
    /// To [`Monitor::log`]: whoever logs.
    Log,
    /// To this monitor: with `std`, `Rest::call` makes one from a function.
    To(Monitor),
}

/// Runs `future` under a monitor of its own. The answer is its output, or the first error of all that it started: its own panic, that of
/// a task of which nobody waits, what was sent to its monitor. Where both come at once, the output. On an error it is dropped.
///
/// # Errors
/// The first error.
///
/// # Cancel safety
/// As that of `future`; errors of what it started go to `rest`.
///
/// Source: Async's `Monitor.try_with`.
pub fn try_with<F: Future>(
    future: F,
    rest: Rest,
) -> impl Future<Output = Result<F::Output, Report>> {
    let caller = Context::current();
    let above = match rest {
        Rest::Raise => caller.monitor(),
        Rest::Log => Monitor::log(),
        Rest::To(monitor) => monitor,
    };
    let monitor = above.child();
    // It is dropped last, when no error can come out of the future any more, and sends on what is left.
    let mut errors = monitor.detach();
    let future = caller.with_monitor(monitor.clone()).within(Caught { future });
    async move {
        let mut future = pin!(future);
        let mut error = pin!(errors.next());
        poll_fn(|cx| {
            match future.as_mut().poll(cx) {
                Poll::Ready(Ok(value)) => return Poll::Ready(Ok(value)),
                Poll::Ready(Err(panic)) => monitor.send_error(panic),
                Poll::Pending => {}
            }
            // It does not end as long as `monitor` is here.
            match error.as_mut().poll(cx) {
                Poll::Ready(Some(report)) => Poll::Ready(Err(report)),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// Runs `future` under `monitor`, which is told if it panics: then there is `None`.
///
/// # Cancel safety
/// As that of `future`.
///
/// Source: Async's `within'`. Changed: there the result of what panicked never comes.
pub async fn within<F: Future>(monitor: Monitor, future: F) -> Option<F::Output> {
    let context = Context::current().with_monitor(monitor.clone());
    match context.within(Caught { future }).await {
        Ok(value) => Some(value),
        Err(panic) => {
            monitor.send_error(panic);
            None
        }
    }
}

/// Sends the error of `future` to the current context's monitor: then there is `None`.
///
/// # Cancel safety
/// As that of `future`.
pub async fn or_send<T, E: Into<Fault>>(future: impl Future<Output = Result<T, E>>) -> Option<T> {
    future.await.map_err(send_error).ok()
}

pin_project! {
    /// A future whose panic is a value. Without `std` nothing is caught. It is not polled again after a panic.
    pub(super) struct Caught<F> {
        #[pin]
        pub(super) future: F,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<Self::Output> {
        match catch(|| self.project().future.poll(cx)) {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl<F> fmt::Debug for Caught<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caught")
    }
}
