//! An arrival is waited for by who is enrolled in a queue: the time of a reader, or the turn of a writer.
//!
//! | polled            | the time has come        | it has not                              | dropped                       |
//! |-------------------|--------------------------|-----------------------------------------|-------------------------------|
//! | borrowed buffer   | ready, lends             | in line, at the place of its epoch      | leaves the line               |
//! | owned buffer      | ready, with a guard      | in line, at the place of its epoch      | leaves the line; buffer too   |
//!
//! \[A1] What is waited with, a buffer or a reference to one, keeps the cell, whose line the waiter joins, for as long as it lives itself.
//! \[A2] The waiter is dropped before it. Where both are forgotten, an owned buffer keeps its cell for ever; a borrowed one may let it go, with
//!      the node of the waiter in its line, which is sound by [I3] of the [wait list](crate::wait).
//! \[A3] Who joined and is not in line any more was taken out because its time was found come; that stays so [S3].

#![expect(unsafe_code, reason = "a waiter beside what keeps its list")]

use core::{
    fmt,
    future::Future,
    pin::Pin,
    ptr,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use crate::{
    dag::{Seat, Wait},
    epoch::{
        latch::{Latch, Mark},
        phase::Key,
        queue::{Inside, Queue},
        slot::Line,
    },
    lock::RawLock,
    wait::Waiter,
};

/// What is enrolled, and can be awaited: a buffer, or a reference to one.
///
/// # Safety
/// The line is that of a cell which lives, where it is, for as long as this or what it borrows.
pub unsafe trait Enrolled: Sized {
    /// Why a value failed.
    type Error: 'static;
    /// The lock of the value.
    type Lock: RawLock;
    /// What comes of waiting.
    type Output;

    #[doc(hidden)]
    fn line(&self) -> &Line<Self::Error, Self::Lock>;

    #[doc(hidden)]
    fn key(&self) -> Key;

    /// Whether the time was found come.
    #[doc(hidden)]
    fn is_now(&self) -> bool;

    /// By what its place is written down.
    #[doc(hidden)]
    #[inline]
    fn seat(&self) -> Seat {
        Seat::NONE
    }

    /// What comes of it, now that the time has come.
    ///
    /// # Safety
    /// It was found come.
    #[doc(hidden)]
    unsafe fn arrived(self) -> Self::Output;
}

pin_project! {
    /// Waits until a reader may read, or a writer has its turn. Made by awaiting a buffer, or a reference to one.
    ///
    /// # Cancel safety
    /// Strict, where it was made of a reference. Where it was made of the buffer itself, that is dropped with it.
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Arrival<B>
    where
        B: Enrolled,
    {
        // [A2] Before `buffer`: fields are dropped in this order.
        #[pin]
        waiter: Waiter<'static, B::Lock, Queue<B::Error>, Mark>,
        wait: Wait,
        buffer: Option<B>,
        // Whether a poll has left it in line.
        joined: bool,
    }
}

impl<B: Enrolled> Arrival<B> {
    #[inline]
    pub(super) fn new(buffer: B) -> Self {
        let line: *const Line<B::Error, B::Lock> = ptr::from_ref(buffer.line());
        // SAFETY: the cell lives and stays for as long as `buffer` [A1], which lives for longer than the waiter [A2].
        let line: &'static Line<B::Error, B::Lock> = unsafe { &*line };
        let waiter = Waiter::new(line, Mark::new(buffer.key()));
        Self { waiter, wait: Wait::new(), buffer: Some(buffer), joined: false }
    }
}

impl<B: Enrolled> Arrival<B> {
    /// Joins the line, unless the time has come: then `latch` counts it.
    ///
    /// # Safety
    /// This and `latch` are in one pinned future, which drops this first.
    pub(super) unsafe fn join(self: Pin<&mut Self>, latch: &Latch) {
        let this = self.project();
        let Some(buffer) = this.buffer.as_ref().filter(|buffer| !buffer.is_now()) else { return };
        let key = buffer.key();
        latch.add();
        let asked = this.waiter.poll_in_order(Waker::noop(), |turn| {
            let due = turn.state.is_due(key);
            if let Some(mark) = turn.mark().filter(|_| !due) {
                // SAFETY: by the contract above.
                unsafe { mark.set_latch(latch) };
            }
            due.then_some(())
        });
        if asked.is_ready() {
            latch.sub();
        } else {
            this.wait.begin(buffer.seat());
        }
    }

    /// What comes of it, when the latch is open.
    ///
    /// # Panics
    /// The second time.
    ///
    /// # Safety
    /// Its time was found come: by `join`, or by who counted it down for the latch.
    pub(super) unsafe fn arrived(self: Pin<&mut Self>) -> B::Output {
        let this = self.project();
        this.wait.end();
        // SAFETY: the contract is the same.
        unsafe { arrived(this.buffer.take().expect(AGAIN)) }
    }
}

/// # Safety
/// Its time was found come.
#[inline]
unsafe fn arrived<B: Enrolled>(buffer: B) -> B::Output {
    buffer.seat().arrives();
    // SAFETY: the contract is the same.
    unsafe { buffer.arrived() }
}

const AGAIN: &str = "it is not polled after it was ready";

impl<B: Enrolled> Future for Arrival<B> {
    type Output = B::Output;

    /// # Panics
    /// When polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let this = self.project();
        let buffer = this.buffer.as_ref().expect(AGAIN);
        // [A3]
        let taken_out = *this.joined && !this.waiter.is_waiting();
        if !buffer.is_now() && !taken_out {
            let due = |queue: &Queue<B::Error>| queue.is_due(buffer.key());
            // Who finds it come needs no clone of the waker.
            if *this.joined || !buffer.line().with(|turn| due(turn.state)) {
                let ask = |turn: &mut Inside<'_, B::Error>| due(turn.state).then_some(());
                if this.waiter.poll_in_order(cx.waker(), ask).is_pending() {
                    this.wait.begin(buffer.seat());
                    *this.joined = true;
                    return Poll::Pending;
                }
            }
        }
        this.wait.end();
        let buffer = this.buffer.take().expect("it was there above");
        // SAFETY: it was found come, now or before.
        Poll::Ready(unsafe { arrived(buffer) })
    }
}

impl<B: Enrolled> fmt::Debug for Arrival<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrival")
    }
}
