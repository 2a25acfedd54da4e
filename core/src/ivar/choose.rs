//! Waiting for one of several: of those that are ready, the first in the list wins.
//!
//! | lent how            | the loser is                                                                                       |
//! |---------------------|----------------------------------------------------------------------------------------------------|
//! | a future, by value  | dropped: cancelled, and out of every line                                                          |
//! | `&deferred`, `&ivar` | left as it is; the read that was made for the choice is dropped, and out of line                  |
//! | `&mut future`       | left as it is, and keeps its place in line: it was lent, to be awaited again                       |
//!
//! [I1] Choices are polled in list order at each wake, up to the first that is ready. What is ready without a wake in between is
//!      therefore chosen by its place in the list, not by when it became ready.
//! [I2] All choices are dropped before the value is given: an arm runs when nobody of them is in line any more.

use core::{
    array, fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

#[cfg(feature = "alloc")]
use crate::ivar::each::Boxed;
use crate::{
    ivar::each::{Abreast, Slot, nth, poll_each},
    misuse::stop,
};

/// Waits for the first of several that is ready, in list order, and runs its arm; by then the others are dropped.
///
/// Each arm is `pattern = future => expression`. A future is taken by value; `&deferred` and `&ivar` are read by reference, and go on
/// without this choice; `&mut future` is lent, and can be awaited again.
///
/// ```
/// use core::{future::{Future, pending}, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::{choose, ivar::Ivar};
///
/// let ivar = Ivar::new();
/// let mut task = pin!(async {
///     choose! {
///         _ = pending::<()>() => "never",
///         value = &ivar => value.copied().unwrap_or("abandoned"),
///     }
/// });
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(task.as_mut().poll(&mut cx), Poll::Pending);
/// assert!(ivar.fill("chosen").is_ok());
/// assert_eq!(task.poll(&mut cx), Poll::Ready("chosen"));
/// ```
///
/// Source: Async's `choose`. Deviation: what is taken by value is cancelled when it loses.
#[macro_export]
macro_rules! choose {
    (@or $future:expr) => { ::core::future::IntoFuture::into_future($future) };
    (@or $first:expr, $($rest:expr),+) => {
        $crate::ivar::or($first, $crate::choose!(@or $($rest),+))
    };
    (@arm $chosen:expr; $pattern:pat => $arm:expr) => {{
        let $pattern = $chosen;
        $arm
    }};
    (@arm $chosen:expr; $pattern:pat => $arm:expr, $($rest:tt)+) => {
        match $chosen {
            $crate::ivar::Either::First(first) => { let $pattern = first; $arm }
            $crate::ivar::Either::Second(rest) => $crate::choose!(@arm rest; $($rest)+),
        }
    };
    ($($pattern:pat = $future:expr => $arm:expr),+ $(,)?) => {{
        let chosen = $crate::choose!(@or $($future),+).await;
        $crate::choose!(@arm chosen; $($pattern => $arm),+)
    }};
}

/// Waits for the first of several that is ready, in list order: its place in the list, and its value. The others are dropped before
/// that. Of none it waits for ever.
///
/// # Cancel safety
/// As that of its futures: all are dropped.
///
/// Source: Async's `choose`. Deviation: what is taken by value is cancelled when it loses.
pub fn choose<F: IntoFuture, const N: usize>(futures: [F; N]) -> Choose<[F::IntoFuture; N]> {
    Choose { futures: Some(futures.map(F::into_future)) }
}

/// As [`choose()`], for as many as there are.
#[cfg(feature = "alloc")]
pub fn choose_vec<F: IntoFuture>(futures: Vec<F>) -> Choose<Boxed<F::IntoFuture>> {
    Choose { futures: Some(Box::into_pin(futures.into_iter().map(F::into_future).collect())) }
}

/// As [`choose()`], and gives the value alone.
///
/// Source: Async's `Deferred.any`.
pub fn any<F: IntoFuture, const N: usize>(futures: [F; N]) -> Any<[F::IntoFuture; N]> {
    Any { choose: choose(futures) }
}

/// As [`any`], for as many as there are.
#[cfg(feature = "alloc")]
pub fn any_vec<F: IntoFuture>(futures: Vec<F>) -> Any<Boxed<F::IntoFuture>> {
    Any { choose: choose_vec(futures) }
}

/// Waits until at least one is ready, and gives the values of all that are ready then, each in its place in the list. The others are
/// dropped. Of none it waits for ever.
///
/// # Cancel safety
/// As that of its futures: all are dropped.
///
/// Source: Async's `enabled`. Deviation: it is what was ready then, and not at a later call.
pub fn enabled<F: IntoFuture, const N: usize>(
    futures: [F; N],
) -> Enabled<[Slot<F::IntoFuture>; N]> {
    Enabled { slots: Some(futures.map(Slot::new)) }
}

/// Waits for the first of two that is ready, in this order: what [`choose!`](crate::choose!) is made of. The other is dropped with the
/// future, which an `.await` drops at once.
///
/// # Cancel safety
/// As that of the two: both are dropped.
pub fn or<A: IntoFuture, B: IntoFuture>(a: A, b: B) -> Or<A::IntoFuture, B::IntoFuture> {
    Or { both: Some(Pair { a: a.into_future(), b: b.into_future() }) }
}

pin_project! {
    /// The future of [`choose()`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Choose<S> {
        #[pin]
        futures: Option<S>,
    }
}

impl<S: Abreast<Item: Future>> Future for Choose<S> {
    type Output = (usize, <S::Item as Future>::Output);

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut futures = this.futures.as_mut().as_pin_mut().unwrap_or_else(|| stop(AGAIN)).slice();
        for at in 0..futures.len() {
            if let Poll::Ready(value) = nth(futures.as_mut(), at).poll(cx) {
                // [I2]
                this.futures.set(None);
                return Poll::Ready((at, value));
            }
        }
        Poll::Pending
    }
}

const AGAIN: &str = "a choice is not polled after it was made";

pin_project! {
    /// The future of [`any`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Any<S> {
        #[pin]
        choose: Choose<S>,
    }
}

impl<S: Abreast<Item: Future>> Future for Any<S> {
    type Output = <S::Item as Future>::Output;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().choose.poll(cx).map(|(_, value)| value)
    }
}

pin_project! {
    /// The future of [`enabled`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Enabled<S> {
        #[pin]
        slots: Option<S>,
    }
}

impl<F: Future, const N: usize> Future for Enabled<[Slot<F>; N]> {
    type Output = [Option<F::Output>; N];

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut slots = this.slots.as_mut().as_pin_mut().unwrap_or_else(|| stop(AGAIN)).slice();
        if poll_each(slots.as_mut(), cx) == 0 {
            return Poll::Pending;
        }
        let values = array::from_fn(|at| nth(slots.as_mut(), at).take());
        // [I2]
        this.slots.set(None);
        Poll::Ready(values)
    }
}

/// What came of [`or`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The first was ready.
    First(A),
    /// The second was ready, and the first was not.
    Second(B),
}

pin_project! {
    /// The future of [`or`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Or<A, B> {
        #[pin]
        both: Option<Pair<A, B>>,
    }
}

pin_project! {
    struct Pair<A, B> {
        #[pin]
        a: A,
        #[pin]
        b: B,
    }
}

impl<A: Future, B: Future> Pair<A, B> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Either<A::Output, B::Output>> {
        let this = self.project();
        match this.a.poll(cx) {
            Poll::Ready(value) => Poll::Ready(Either::First(value)),
            Poll::Pending => this.b.poll(cx).map(Either::Second),
        }
    }
}

impl<A: Future, B: Future> Future for Or<A, B> {
    type Output = Either<A::Output, B::Output>;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let value = ready!(this.both.as_mut().as_pin_mut().unwrap_or_else(|| stop(AGAIN)).poll(cx));
        // [I2]
        this.both.set(None);
        Poll::Ready(value)
    }
}

impl<S> fmt::Debug for Choose<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Choose")
    }
}

impl<S> fmt::Debug for Any<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Any")
    }
}

impl<S> fmt::Debug for Enabled<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Enabled")
    }
}

impl<A, B> fmt::Debug for Or<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Or")
    }
}
