//! A watch: a reader of its own that waits for its time once, as part of a task.
//!
//! | stage  | is                                     | [`comes`](Watch::comes)                        | dropped                    |
//! |--------|----------------------------------------|------------------------------------------------|----------------------------|
//! | New    | not enrolled                           | (never)                                        | nothing                    |
//! | Awake  | enrolled, in no line                   | -> Come where its time has, or else -> Asleep  | leaves the epoch           |
//! | Asleep | in line, or found come and taken out   | -> Come where it was taken out                 | leaves line and epoch      |
//! | Come   | its time was found come                | (never)                                        | leaves the epoch           |
//! | Gone   | it has left                            | panics                                         | nothing                    |
//!
//! \[E1] From New on until Gone the reader keeps the cell whose line the waiter joins; it leaves when the waiter is in no line.

#![expect(
    unsafe_code,
    reason = "a waiter beside what keeps its list, and a reader that leaves by stages"
)]

use core::{mem::ManuallyDrop, pin::Pin, task::Waker};

use pin_project_lite::pin_project;

use crate::{
    dag::Wait,
    epoch::{
        arrival::kept,
        phase::Key,
        queue::Queue,
        seat::{Reader, Spot},
        slot::Content,
        step::Place,
        value::Async,
    },
    lock::RawLock,
    wait::Waiter,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Awake,
    Asleep,
    Come,
    Gone,
}

pin_project! {
    /// See the [module](self).
    pub(super) struct Watch<T, E, L>
    where
        E: 'static,
        L: RawLock,
    {
        #[pin]
        waiter: Waiter<'static, L, Queue<E>, Key>,
        wait: Wait,
        stage: Stage,
        reader: ManuallyDrop<Reader<T, E, L>>,
    }

    impl<T, E, L> PinnedDrop for Watch<T, E, L>
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

impl<T, E: 'static, L: RawLock> Watch<T, E, L> {
    /// One at this value. It is [enrolled](Self::enrol) now where that is `early`; or else next.
    #[inline]
    pub(super) fn new(value: &Async<T, E, L>, early: bool) -> Self {
        let (reader, stage) = if early {
            (value.owner.read(), Stage::Awake)
        } else {
            // SAFETY: New, so it is enrolled before all else.
            (unsafe { value.owner.read_later() }, Stage::New)
        };
        let Spot { line, key, .. } = reader.spot();
        // SAFETY: [E1].
        let waiter = Waiter::new(unsafe { kept(line) }, key);
        Self { waiter, wait: Wait::new(), stage, reader: ManuallyDrop::new(reader) }
    }

    /// Enrols, unless it is enrolled. Where it `lies` down there it joins the line under the same lock; or else the waker is handed back.
    #[inline]
    pub(super) fn enrol(
        self: Pin<&mut Self>,
        waker: Waker,
        lies: impl FnOnce(&Place) -> bool,
    ) -> Option<Waker> {
        let this = self.project();
        if *this.stage != Stage::New {
            return Some(waker);
        }
        // SAFETY: New, so it is not enrolled; the waiter is of its line.
        let waker = unsafe { this.reader.enrol(this.waiter, waker, lies) };
        *this.stage = if waker.is_none() { Stage::Asleep } else { Stage::Awake };
        waker
    }

    /// Whether its time has come; or else it waits, and `waker` is woken when it does.
    ///
    /// # Panics
    /// When it was found come before.
    #[inline(always)]
    pub(super) fn comes(mut self: Pin<&mut Self>, waker: &Waker) -> bool {
        let found = match self.stage {
            Stage::Asleep => !self.waiter.is_waiting(),
            Stage::Awake => self.reader.spot().now,
            Stage::New | Stage::Come | Stage::Gone => {
                panic!("it is not polled after it was ready")
            }
        };
        if !found && !self.as_mut().wait(waker) {
            return false;
        }
        let this = self.project();
        this.wait.end();
        this.reader.spot().seat.arrives();
        *this.stage = Stage::Come;
        true
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

    /// Whether its time was found come, and it has not left.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.stage == Stage::Come
    }

    /// Whether its time was found come.
    #[inline]
    pub(super) fn has_come(&self) -> bool {
        matches!(self.stage, Stage::Come | Stage::Gone)
    }

    /// What there is to read.
    ///
    /// # Safety
    /// It [is there](Self::is_there).
    #[inline]
    pub(super) unsafe fn content(&self) -> &Content<T, E> {
        // SAFETY: its time was found come.
        unsafe { self.reader.content_now() }
    }

    /// Leaves the epoch, in which its time has come.
    #[inline(always)]
    pub(super) fn leave(self: Pin<&mut Self>) {
        let this = self.project();
        debug_assert!(*this.stage == Stage::Come, "it is in no line");
        *this.stage = Stage::Gone;
        // SAFETY: [E1] enrolled; and Gone, so it is not used again.
        unsafe { this.reader.leave() };
    }

    /// Leaves the line, if it is in it, and stays enrolled.
    #[cold]
    pub(super) fn rise(self: Pin<&mut Self>) {
        let mut this = self.project();
        if *this.stage == Stage::Asleep {
            this.waiter.as_mut().leave(|_| ());
            *this.stage = Stage::Awake;
        }
    }

    /// Leaves line and epoch.
    #[cold]
    fn clear(mut self: Pin<&mut Self>) {
        self.as_mut().rise();
        let this = self.project();
        let stage = core::mem::replace(this.stage, Stage::Gone);
        if stage != Stage::New {
            // SAFETY: [E1] enrolled, and it was not Gone.
            drop(unsafe { ManuallyDrop::take(this.reader) });
        }
    }
}
