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

#[cfg(feature = "alloc")]
use crate::{dag::Value, task::Spent};
use crate::{
    dag::Wait,
    epoch::{
        latch::Gathering,
        phase::Key,
        queue::{Inside, Queue},
        seat::Spot,
        slot::Line,
    },
    lock::RawLock,
    wait::Waiter,
};

/// What is enrolled, and can be awaited: a buffer, or a reference to one.
///
/// # Safety
/// The line of each spot is that of a cell which lives, where it is, for as long as this or what it borrows.
pub unsafe trait Enrolled: Sized {
    /// Why a value failed.
    type Error: 'static;
    /// The lock of the value.
    type Lock: RawLock;
    /// What comes of waiting.
    type Output;

    /// Whether it waits at several places, one after the other: then it is no part of a group.
    #[doc(hidden)]
    const SEVERAL: bool = false;

    /// Where it is waited for now.
    #[doc(hidden)]
    fn spot(&self) -> Spot<'_, Self::Error, Self::Lock>;

    /// Goes on to the next place. `false`: there is none.
    ///
    /// # Safety
    /// At the one before the time was found come.
    #[doc(hidden)]
    #[inline]
    unsafe fn next(&mut self) -> bool {
        false
    }

    /// What comes of it, now that the time has come.
    ///
    /// # Safety
    /// It was found come, wherever it waits.
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
        waiter: Waiter<'static, B::Lock, Queue<B::Error>, Key>,
        wait: Wait,
        buffer: Option<B>,
        // Whether a poll has left it in line.
        joined: bool,
    }
}

impl<B: Enrolled> Arrival<B> {
    #[inline]
    pub(crate) fn new(buffer: B) -> Self {
        let Spot { line, key, .. } = buffer.spot();
        // SAFETY: the line is that of `buffer`, beside which the waiter comes to lie.
        let waiter = Waiter::new(unsafe { kept(line) }, key);
        Self { waiter, wait: Wait::new(), buffer: Some(buffer), joined: false }
    }

    /// Goes on to the first place at which the time has not come. Whether nobody was there yet who could bring it: then it may as well
    /// [sleep](Self::sleep) before it is polled. It runs nobody's code.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn may_sleep(buffer: &mut B) -> bool {
        // What is written down is written where it has its turn.
        while !Value::SHOWN {
            let Spot { now, idle, .. } = buffer.spot();
            if !now {
                return idle;
            }
            // SAFETY: it was found come.
            if !unsafe { buffer.next() } {
                break;
            }
        }
        false
    }

    /// Joins the line before it is polled, unless the time has come. Whether it has joined: then `waker` is woken when it comes.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn sleep(self: Pin<&mut Self>, waker: Waker) -> bool {
        let this = self.project();
        let Some(Spot { key, .. }) = this.buffer.as_ref().map(B::spot) else { return false };
        let due = |turn: &mut Inside<'_, B::Error>| turn.state.is_due(key).then_some(());
        *this.joined = this.waiter.join_in_order(waker, due).is_pending();
        *this.joined
    }

    /// Joins the line, unless the time has come: then the latch counts it. Beside one that waits for the same it need not.
    ///
    /// # Safety
    /// This and the latch are in one pinned future, which drops this first; with all that join it.
    #[inline]
    pub(super) unsafe fn join(self: Pin<&mut Self>, gathering: &mut Gathering<'_>) {
        const { assert!(!B::SEVERAL, "who waits at several places is no part of a group") }
        let this = self.project();
        let Some(spot) = this.buffer.as_ref().map(B::spot).filter(|spot| !spot.now) else { return };
        let place = (ptr::from_ref(spot.line).cast::<()>(), spot.key);
        if gathering.last == Some(place) {
            // [J1] of `all`: its time comes with that of the other, which stands in the same future.
            this.wait.begin(spot.seat);
            return;
        }
        let latch = gathering.latch;
        latch.add();
        // SAFETY: by the contract above; it goes into the line of this waiter alone.
        let waker = unsafe { latch.waker() };
        let due = |turn: &mut Inside<'_, B::Error>| turn.state.is_due(spot.key).then_some(());
        if this.waiter.join_in_order(waker, due).is_ready() {
            latch.sub();
        } else {
            this.wait.begin(spot.seat);
            gathering.last = Some(place);
        }
    }

    /// What comes of it, when the latch is open.
    ///
    /// # Panics
    /// The second time.
    ///
    /// # Safety
    /// Its time was found come: by `join`, or by who counted it, or the one beside which it waited, down for the latch.
    pub(super) unsafe fn arrived(self: Pin<&mut Self>) -> B::Output {
        let this = self.project();
        this.wait.end();
        let buffer = this.buffer.take().expect(AGAIN);
        buffer.spot().seat.arrives();
        // SAFETY: the contract is the same.
        unsafe { buffer.arrived() }
    }
}

// Both are functions of their own, lest every poll save registers for them.

/// Whether the time of `key` has come.
#[inline(never)]
fn is_due<E, L: RawLock>(line: &Line<E, L>, key: Key) -> bool {
    line.with(|turn| turn.state.is_due(key))
}

/// Joins the line, unless the time of `key` has come.
#[inline(never)]
fn wait<E, L: RawLock>(
    waiter: Pin<&mut Waiter<'static, L, Queue<E>, Key>>,
    key: Key,
    waker: &Waker,
) -> Poll<()> {
    waiter.poll_in_order(waker, |turn| turn.state.is_due(key).then_some(()))
}

/// The line, for as long as the cell lives.
///
/// # Safety
/// It is that of a buffer which keeps it [A1], and lives for longer than the waiter that gets it [A2].
#[inline]
pub(super) unsafe fn kept<E, L: RawLock>(line: &Line<E, L>) -> &'static Line<E, L> {
    let line = ptr::from_ref(line);
    // SAFETY: the cell lives and stays for as long as it is used, by the contract above.
    unsafe { &*line }
}

const AGAIN: &str = "it is not polled after it was ready";

impl<B: Enrolled> Future for Arrival<B> {
    type Output = B::Output;

    /// # Panics
    /// When polled again after it was ready.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<B::Output> {
        let mut this = self.project();
        loop {
            let buffer = this.buffer.as_mut().expect(AGAIN);
            let spot = buffer.spot();
            // [A3]
            let taken_out = *this.joined && !this.waiter.is_waiting();
            let found = spot.now || taken_out;
            // Who finds it come needs no clone of the waker. Where nobody was there who could bring it, it has hardly come.
            if !found && (*this.joined || spot.idle || !is_due(spot.line, spot.key)) {
                if B::SEVERAL && !*this.joined {
                    // SAFETY: the line is that of `buffer`.
                    this.waiter.as_mut().turn_to(unsafe { kept(spot.line) }, spot.key);
                }
                if wait(this.waiter.as_mut(), spot.key, cx.waker()).is_pending() {
                    this.wait.begin(spot.seat);
                    *this.joined = true;
                    return Poll::Pending;
                }
            }
            this.wait.end();
            spot.seat.arrives();
            // SAFETY: it was found come, now or before.
            if !unsafe { buffer.next() } {
                break;
            }
            *this.joined = false;
        }
        let buffer = this.buffer.take().expect("it was there above");
        // SAFETY: it was found come at each place.
        Poll::Ready(unsafe { buffer.arrived() })
    }
}

// SAFETY: when it was ready its buffer is gone, and its waiter in no line.
#[cfg(feature = "alloc")]
unsafe impl<B: Enrolled> Spent for Arrival<B> {}

impl<B: Enrolled> fmt::Debug for Arrival<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrival")
    }
}
