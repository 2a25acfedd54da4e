//! Waiting for a condition of a pipe, without taking a value.

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    error::ReaderClosed,
    lock::RawLock,
    share::pipe::{
        buffer::Buffer,
        pipe::Pipe,
        state::{Event, State},
    },
    wait::Waiter,
};

pin_project! {
    /// Waits for an event; `target` counts for `Flushed` alone. The answer: there is a value; there is room; all were taken.
    #[must_use = "a future does nothing unless it is polled"]
    pub(super) struct Watch<'a, B: Buffer, L: RawLock> {
        pipe: &'a Pipe<B, L>,
        event: Event,
        target: u64,
        #[pin]
        waiter: Waiter<'a, L>,
    }
}

impl<'a, B: Buffer, L: RawLock> Watch<'a, B, L> {
    pub(super) fn new(pipe: &'a Pipe<B, L>, event: Event) -> Self {
        Self { pipe, event, target: 0, waiter: Waiter::new(&pipe.watchers, ()) }
    }

    /// Waits until all that was written up to now is done.
    pub(super) fn flushed(pipe: &'a Pipe<B, L>) -> Self {
        let target = pipe.inside.with(|turn| turn.state.written);
        Self { target, ..Self::new(pipe, Event::Flushed) }
    }
}

/// The answer, if there is one.
fn answer<B: Buffer>(state: &State<B>, event: Event, target: u64) -> Option<bool> {
    let (so, end) = match event {
        Event::Values => (!state.buffer.is_empty(), state.is_over()),
        Event::Room => (!state.closed && state.has_room(state.budget), state.closed),
        Event::Closed => (state.closed, false),
        Event::Flushed => (state.done >= target, state.read_closed),
        Event::Wanted => (state.is_wanted(), false),
    };
    (so || end).then_some(so)
}

impl<B: Buffer, L: RawLock> Future for Watch<'_, B, L> {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = self.project();
        let (pipe, event, target) = (*this.pipe, *this.event, *this.target);
        if let Some(answer) = pipe.inside.with(|turn| answer(turn.state, event, target)) {
            return Poll::Ready(answer);
        }
        let mut tell = false;
        let polled = this.waiter.poll_with(cx.waker(), |_| {
            pipe.inside.with(|turn| {
                let found = answer(turn.state, event, target);
                match (found, event) {
                    (None, Event::Flushed) => tell |= turn.state.want(target),
                    (None, event) => turn.state.watch(event),
                    (Some(_), _) => {}
                }
                found
            })
        });
        if tell {
            // Those who hold values are in the same line; so are we, and look once more.
            pipe.watchers.wake_all();
        }
        polled
    }
}

/// The answer of a watch for `Flushed`.
pub(super) fn flush_result(all: bool) -> Result<(), ReaderClosed> {
    if all { Ok(()) } else { Err(ReaderClosed) }
}
