//! Room is waited for by who wants to enrol a writer and found the window full.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    epoch::{phase::Key, queue::Queue, slot::Line},
    lock::RawLock,
    wait::Waiter,
};

pin_project! {
    /// Waits until a writer can be enrolled. Made by [`Placed::room`](crate::epoch::Placed::room).
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Room<'a, E, L>
    where
        E: 'static,
        L: RawLock,
    {
        #[pin]
        waiter: Waiter<'a, L, Queue<E>, Key>,
    }
}

impl<'a, E, L: RawLock> Room<'a, E, L> {
    pub(super) fn new(line: &'a Line<E, L>) -> Self {
        Self { waiter: Waiter::new(line, Key::writer(0)) }
    }
}

impl<E, L: RawLock> Future for Room<'_, E, L> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiter = self.project().waiter;
        // The mark of who is in line does not change: so it leaves first.
        if waiter.is_waiting() {
            waiter.as_mut().leave(|_| ());
        }
        waiter.poll_in_order(cx.waker(), |turn| {
            let Err(until) = turn.state.room() else { return Some(()) };
            if let Some(mark) = turn.mark() {
                *mark = until;
            }
            None
        })
    }
}

impl<E, L: RawLock> fmt::Debug for Room<'_, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Room")
    }
}
