//! The owner of a pool waits, on its own thread: for a value, or until nothing goes on.

use core::task::Waker;
use std::{
    sync::Arc,
    task::Wake,
    thread::{self, Thread},
};

use tidemill_core::{
    context::current,
    sync::{AtomicBool, Ordering::SeqCst},
    task::{Done, Undone},
};

use super::{
    rest::{For, Told, Who, forget, is_told},
    shared::Shared,
};

/// Wakes a thread, and notes that it did.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Unpark {
    fn new() -> Self {
        Self { thread: thread::current(), woken: AtomicBool::new(false) }
    }

    /// Nobody has woken it since this.
    fn begin(&self) {
        // ordering: SeqCst, before what is looked at then.
        self.woken.store(false, SeqCst);
    }

    fn is_woken(&self) -> bool {
        // ordering: SeqCst, after the fence of whoever has come to rest, who has woken before.
        self.woken.load(SeqCst)
    }
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ordering: SeqCst, see `is_woken`.
        self.woken.store(true, SeqCst);
        self.thread.unpark();
    }
}

/// The owner waits, until this is dropped.
pub(super) struct Waits<'s> {
    shared: &'s Shared,
    told: Told,
}

impl<'s> Waits<'s> {
    pub(super) fn begin(shared: &'s Shared, what: For) -> Result<Self, Undone> {
        if current().is_some() {
            return Err(Undone::OnWorker);
        }
        Ok(Self { shared, told: shared.enter(what, Who::Owner(thread::current())) })
    }

    /// Until nothing goes on.
    pub(super) fn rest(&self) {
        loop {
            self.shared.look();
            if is_told(&self.told) {
                return;
            }
            thread::park();
        }
    }

    /// Until `done`.
    pub(super) fn until(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        let unpark = Arc::new(Unpark::new());
        let waker = Waker::from(unpark.clone());
        loop {
            unpark.begin();
            if done(&waker) {
                return Ok(());
            }
            if self.shared.is_paused() {
                return Err(Undone::Paused);
            }
            // What was told before is old: the look may have had others go on.
            forget(&self.told);
            self.shared.look();
            if unpark.is_woken() {
                continue;
            }
            if is_told(&self.told) {
                return Err(Undone::Deadlock(self.shared.deadlock()));
            }
            thread::park();
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.shared.leave(&self.told);
    }
}
