//! The ambient context: the one in which this code runs.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context as Cx, Poll},
};

use pin_project_lite::pin_project;

use crate::context::{Context, ambient, within};

#[cfg_attr(not(feature = "alloc"), allow(unreachable_pub, reason = "there is the root alone"))]
impl Context {
    /// The context in which this code runs: the root context outside of tasks that carry another.
    pub fn current() -> Self {
        ambient()
    }

    /// Runs `f` in this context.
    #[cfg(feature = "alloc")]
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        within(self, f)
    }

    /// The same future, polled and dropped in this context.
    pub fn within<F: Future>(self, future: F) -> Within<F> {
        Within { context: self, future: Some(future) }
    }
}

/// Tells the current context's monitor. It returns before anybody has handled anything.
#[cfg(feature = "alloc")]
pub fn send_error(fault: impl Into<crate::error::Fault>) {
    ambient().monitor().send_error(fault);
}

pin_project! {
    /// A future in a context: with `alloc` made by `Context::within`, without it the root's.
    #[must_use = "futures do nothing unless polled"]
    pub struct Within<F> {
        context: Context,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Within<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            within(this.context, || this.future.set(None));
        }
    }
}

impl<F> Within<F> {
    /// The context.
    #[cfg(feature = "alloc")]
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("it is emptied by its drop alone");
        within(this.context, || future.poll(cx))
    }
}

impl<F> fmt::Debug for Within<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("context", &self.context).finish_non_exhaustive()
    }
}
