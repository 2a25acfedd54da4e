//! Doing it again: a step makes a future of the state, and the future says whether and with which state to go on.
//!
//! | state   | polled                                                                                      |
//! |---------|---------------------------------------------------------------------------------------------|
//! | Between | -> Running, and polls the step at once                                                      |
//! | Running | the step says go on: -> Between, woken again; says end: -> Ended, ready; else pending       |
//! | Ended   | panics                                                                                      |
//!
//! [I1] After a step that goes on it is pending, and has woken itself: others have their turn before the next.

use core::{
    fmt,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

/// Steps from state to state until one ends it. The first step begins at the first poll; before each later one other tasks have their
/// turn. It needs the memory of one step, however many there are.
///
/// ```
/// # use core::{future::Future, ops::ControlFlow::{Break, Continue}, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::ivar::repeat;
///
/// let mut count = pin!(repeat(1, |n| async move { if n < 3 { Continue(n + 1) } else { Break(n) } }));
/// # let mut cx = Context::from_waker(Waker::noop());
/// # while count.as_mut().poll(&mut cx).is_pending() {}
/// ```
///
/// # Cancel safety
/// As that of its steps: the one under way is dropped, and the state with it.
///
/// Source: Async's `Deferred.repeat_until_finished`.
pub fn repeat<S, R, F, Fut>(state: S, step: F) -> Repeat<F, Fut>
where
    F: FnMut(S) -> Fut,
    Fut: Future<Output = ControlFlow<R, S>>,
{
    Repeat { step, turn: Turn::Between { state: Some(state) } }
}

/// Steps from state to state until one fails, and gives its error.
///
/// # Cancel safety
/// As that of its steps: the one under way is dropped, and the state with it.
///
/// Source: Async's `Deferred.forever`, whose errors are exceptions.
pub fn forever<S, E, F, Fut>(state: S, step: F) -> Repeat<F, Fut>
where
    F: FnMut(S) -> Fut,
    Fut: Future<Output = Result<S, E>>,
{
    Repeat { step, turn: Turn::Between { state: Some(state) } }
}

/// What a step says: go on, or end.
pub trait Step {
    /// With what to go on.
    type State;
    /// With what to end.
    type End;

    /// Which of the two.
    fn step(self) -> ControlFlow<Self::End, Self::State>;
}

impl<R, S> Step for ControlFlow<R, S> {
    type State = S;
    type End = R;

    fn step(self) -> Self {
        self
    }
}

impl<S, E> Step for Result<S, E> {
    type State = S;
    type End = E;

    fn step(self) -> ControlFlow<E, S> {
        match self {
            Ok(state) => ControlFlow::Continue(state),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

pin_project! {
    /// The future of [`repeat`] and [`forever`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Repeat<F, Fut>
    where
        Fut: Future,
        Fut::Output: Step,
    {
        step: F,
        #[pin]
        turn: Turn<Fut, <Fut::Output as Step>::State>,
    }
}

pin_project! {
    #[project = TurnPinned]
    enum Turn<Fut, S> {
        Between { state: Option<S> },
        Running {
            #[pin]
            future: Fut,
        },
        Ended,
    }
}

impl<F, Fut> Future for Repeat<F, Fut>
where
    F: FnMut(<Fut::Output as Step>::State) -> Fut,
    Fut: Future,
    Fut::Output: Step,
{
    type Output = <Fut::Output as Step>::End;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let TurnPinned::Between { state } = this.turn.as_mut().project() {
            let state = state.take().expect("a step that panicked is not begun again");
            let future = (this.step)(state);
            this.turn.set(Turn::Running { future });
        }
        let TurnPinned::Running { future } = this.turn.as_mut().project() else {
            panic!("it is not polled after it has ended")
        };
        match ready!(future.poll(cx)).step() {
            ControlFlow::Continue(state) => {
                this.turn.set(Turn::Between { state: Some(state) });
                // [I1]
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            ControlFlow::Break(end) => {
                this.turn.set(Turn::Ended);
                Poll::Ready(end)
            }
        }
    }
}

impl<F, Fut> fmt::Debug for Repeat<F, Fut>
where
    Fut: Future,
    Fut::Output: Step,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Repeat")
    }
}
