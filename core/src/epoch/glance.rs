//! A glance: one who reads an epoch once, by a function, and leaves it.
//!
//! | stage  | is                                     | polled                                          | dropped                            |
//! |--------|----------------------------------------|-------------------------------------------------|------------------------------------|
//! | New    | not enrolled                           | (never)                                         | drops the function                 |
//! | Awake  | enrolled, in no line                   | looks where its time has come, or else -> Asleep | leaves the epoch, drops the function |
//! | Asleep | in line, or found come and taken out   | looks where it was taken out                    | leaves line and epoch, likewise    |
//! | Looks  | the function runs, or has panicked     | (never)                                         | leaves the epoch                   |
//! | Gone   | it has looked, and has left the epoch  | panics                                          | nothing                            |
//!
//! \[E1] From New on until Gone the reader is enrolled, and keeps the cell whose line the waiter joins; it leaves when the waiter is in no line.
//! \[E2] The function is there until Looks.

#![expect(
    unsafe_code,
    reason = "a waiter beside what keeps its list, and what is dropped by stages"
)]

use core::{
    future::Future,
    mem::ManuallyDrop,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use crate::{
    dag::Wait,
    epoch::{
        arrival::kept,
        phase::Key,
        queue::Queue,
        read::seen,
        seat::{Reader, Spot},
        value::Async,
    },
    error::Missing,
    lock::RawLock,
    task::{Enrol, Spent},
    wait::Waiter,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Awake,
    Asleep,
    Looks,
    Gone,
}

pin_project! {
    /// See the [module](self).
    #[must_use = "a future does nothing unless it is polled"]
    pub(crate) struct Glance<T, E, L, F>
    where
        E: 'static,
        L: RawLock,
    {
        #[pin]
        waiter: Waiter<'static, L, Queue<E>, Key>,
        wait: Wait,
        stage: Stage,
        reader: ManuallyDrop<Reader<T, E, L>>,
        f: ManuallyDrop<F>,
    }

    impl<T, E, L, F> PinnedDrop for Glance<T, E, L, F>
    where
        E: 'static,
        L: RawLock,
    {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            if this.stage != Stage::Gone {
                this.clear();
            }
        }
    }
}

impl<T, E: 'static, L: RawLock, F> Glance<T, E, L, F> {
    /// One at this value. It is [enrolled](Enrol::enrol) now where that is `early`; or else next.
    #[inline]
    pub(crate) fn new(value: &Async<T, E, L>, f: F, early: bool) -> Self {
        let (reader, stage) = if early {
            (value.owner.read(), Stage::Awake)
        } else {
            // SAFETY: New, so it is enrolled before all else.
            (unsafe { value.owner.read_later() }, Stage::New)
        };
        let Spot { line, key, .. } = reader.spot();
        // SAFETY: [E1].
        let waiter = Waiter::new(unsafe { kept(line) }, key);
        let (reader, f) = (ManuallyDrop::new(reader), ManuallyDrop::new(f));
        Self { waiter, wait: Wait::new(), stage, reader, f }
    }

    /// Waits, unless its time has come: then `true`.
    #[inline(never)]
    fn wait(self: Pin<&mut Self>, waker: &Waker) -> bool {
        let this = self.project();
        let Spot { line, key, seat, .. } = this.reader.spot();
        // Who finds it come needs no clone of the waker.
        if *this.stage == Stage::Awake && line.with(|turn| turn.state.is_due(key)) {
            return true;
        }
        let mut waiter = this.waiter;
        // What is enrolled late has found out late for what it waits.
        if !waiter.is_waiting() {
            // SAFETY: [E1].
            waiter.as_mut().turn_to(unsafe { kept(line) }, key);
        }
        let due = waiter.poll_in_order(waker, |turn| turn.state.is_due(key).then_some(()));
        if due.is_pending() {
            this.wait.begin(seat);
            *this.stage = Stage::Asleep;
        }
        due.is_ready()
    }

    /// Leaves line and epoch, and drops the function.
    #[cold]
    fn clear(self: Pin<&mut Self>) {
        let mut this = self.project();
        let stage = core::mem::replace(this.stage, Stage::Gone);
        if stage == Stage::Asleep {
            this.waiter.as_mut().leave(|_| ());
        }
        // Fields of a tuple are dropped in this order, whatever panics.
        let _parts = (
            // SAFETY: [E1] enrolled, and it was not Gone.
            (stage != Stage::New).then(|| unsafe { ManuallyDrop::take(this.reader) }),
            // SAFETY: [E2].
            (stage != Stage::Looks).then(|| unsafe { ManuallyDrop::take(this.f) }),
        );
    }
}

// SAFETY: when it was ready it is Gone.
unsafe impl<T, R, E: Clone + 'static, L: RawLock, F: FnOnce(&T) -> R> Spent for Glance<T, E, L, F> {}

impl<T, R, E: Clone + 'static, L: RawLock, F: FnOnce(&T) -> R> Enrol for Glance<T, E, L, F> {
    /// Unless it is enrolled. Where nobody is there yet who could bring its time it joins the line under the same lock.
    #[inline]
    fn enrol(self: Pin<&mut Self>, waker: Waker) -> Option<Waker> {
        let this = self.project();
        if *this.stage != Stage::New {
            return Some(waker);
        }
        // SAFETY: New, so it is not enrolled; the waiter is of its line.
        let waker = unsafe { this.reader.enrol(this.waiter, waker) };
        *this.stage = if waker.is_none() { Stage::Asleep } else { Stage::Awake };
        waker
    }
}

impl<T, R, E: Clone + 'static, L: RawLock, F: FnOnce(&T) -> R> Future for Glance<T, E, L, F> {
    type Output = Result<R, Missing<E>>;

    /// # Panics
    /// When polled again after it was ready.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let found = match self.stage {
            Stage::Asleep => !self.waiter.is_waiting(),
            Stage::Awake => self.reader.spot().now,
            Stage::New | Stage::Looks | Stage::Gone => {
                panic!("it is not polled after it was ready")
            }
        };
        if !found && !self.as_mut().wait(cx.waker()) {
            return Poll::Pending;
        }
        let this = self.project();
        this.wait.end();
        this.reader.spot().seat.arrives();
        *this.stage = Stage::Looks;
        // SAFETY: [E2] it was not Looks before.
        let f = unsafe { ManuallyDrop::take(this.f) };
        // SAFETY: its time was found come, now or before.
        let seen = seen(unsafe { this.reader.content_now() }).map(f);
        *this.stage = Stage::Gone;
        // SAFETY: [E1] enrolled; and Gone, so it is not used again.
        unsafe { this.reader.leave() };
        Poll::Ready(seen)
    }
}
