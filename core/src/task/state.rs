//! The state of a task: one word, on which its executor, its wakers and its handle agree without a lock.
//!
//! | bit        | set by                                          | means                                                           |
//! |------------|-------------------------------------------------|-----------------------------------------------------------------|
//! | SCHEDULED  | birth, `wake`, `cancel`; cleared by `start`     | it is in a queue, or one thread is putting it there             |
//! | COMPLETE   | `complete`                                      | the future is dropped; the output, if JOIN, is the handle's     |
//! | CANCELLED  | `cancel`                                        | the next turn drops the future instead of polling it            |
//! | JOIN       | birth; cleared by `detach`                      | a handle wants the output                                       |
//! | AWAITED    | `await_end`; cleared by `take_back`, `detach`   | the handle has left a waker                                     |
//! | references | the rest of the word                            | the list of all tasks 1, the handle 1, each waker 1             |
//!
//! There is no bit for a turn: an executor of one thread knows which task it is at, and a task that is woken in its turn is queued at
//! once. That spares an atomic change per turn. (An executor of several threads will need the bit.)
//!
//! [S1] Who moves SCHEDULED from clear to set on a task that is not complete puts it into one queue; who took it out of there starts it.
//! [S2] A queue holds no reference. The list of all tasks keeps its own until the task is complete and in no queue (or the queues
//!      themselves are gone), so what is queued is alive.
//! [S3] COMPLETE is final. Future and output are the executor's before it; the output is the handle's after it, if JOIN was set.
//! [S4] The header lives while there are references.
//! [S5] The slot of the handle's waker is the handle's while AWAITED is clear, and for good if it was when COMPLETE came; it is the
//!      executor's for good if AWAITED was set when COMPLETE came; else nobody's.

use crate::{
    const_new,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
};

const SCHEDULED: usize = 1;
const COMPLETE: usize = 1 << 1;
const CANCELLED: usize = 1 << 2;
const JOIN: usize = 1 << 3;
const AWAITED: usize = 1 << 4;
const REFERENCE: usize = 1 << 5;

/// Whether a task that was woken has to be queued.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// Queue it; nobody else will.
    Enqueue,
    /// It is queued, or has ended.
    Nothing,
}

/// What to do with a task that left its queue.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// Poll it.
    Poll,
    /// Drop its future.
    Cancel,
    /// Nothing: it ended while it was queued. The list's reference is still held.
    Bury,
}

/// What to do with a task that has its output.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Complete {
    /// Not complete yet: nobody wants the output. Drop it, then ask again.
    DropOutput,
    /// Tell the handle. The list's reference is still held: to be given up then, unless the task is queued.
    Tell {
        /// Whether it is.
        queued: bool,
    },
    /// Nothing; the list's reference is still held, until the task leaves its queue.
    Queued,
    /// Nothing; the list's reference is given up.
    Nothing,
    /// Free it; that was the last reference.
    Free,
}

/// What a handle that goes has to do.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Detach {
    /// Drop the output, then the reference, which is still held.
    DropOutput,
    /// Nothing; its reference is given up, and was not the last.
    Nothing,
}

/// What to do after a reference went.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// Free it; that was the last one.
    Free,
    /// Others hold it.
    Nothing,
}

/// See the [module](self).
pub(crate) struct State(AtomicUsize);

impl State {
    const_new! {
        /// A new task: to be queued, with a handle.
        pub(crate) fn spawned() -> Self {
            Self(AtomicUsize::new(SCHEDULED | JOIN | (2 * REFERENCE)))
        }
    }

    const_new! {
        /// The root of a Home: idle, without a handle. It never completes while its Local lives.
        pub(crate) fn root() -> Self {
            Self(AtomicUsize::new(REFERENCE))
        }
    }

    /// Wakes the task.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        self.schedule(SCHEDULED)
    }

    /// Asks for its end.
    pub(crate) fn cancel(&self) -> Wake {
        self.schedule(SCHEDULED | CANCELLED)
    }

    #[inline]
    fn schedule(&self, bits: usize) -> Wake {
        // ordering: Release pairs with Acquire in `start`: the poll sees what its waker did before. Also when the bit was set
        // already, hence no look before this. Acquire pairs with Release in `start`: the queue is done with the link.
        let before = self.0.fetch_or(bits, AcqRel);
        if before & (SCHEDULED | COMPLETE) == 0 { Wake::Enqueue } else { Wake::Nothing }
    }

    /// Wakes the task and gives up a reference, in one step.
    ///
    /// `None`: it has ended, and the reference is still held. Only for the home thread, where nothing can complete the task between
    /// this and the queue; elsewhere the reference must outlast the push.
    #[inline]
    pub(crate) fn wake_and_release(&self) -> Option<Wake> {
        let mut word = self.0.load(Relaxed);
        loop {
            if word & COMPLETE != 0 {
                return None;
            }
            // [S2] Not complete: the list holds a reference, so ours is not the last.
            let next = (word | SCHEDULED) - REFERENCE;
            // ordering: Relaxed: `start` is this same thread, and an exchange carries on the Release of wakes from elsewhere. Whoever
            // frees comes after the list's reference, which this thread gives up later, with Release.
            match self.0.compare_exchange_weak(word, next, Relaxed, Relaxed) {
                Ok(_) if word & SCHEDULED == 0 => return Some(Wake::Enqueue),
                Ok(_) => return Some(Wake::Nothing),
                Err(now) => word = now,
            }
        }
    }

    /// Begins a turn. The task has just left its queue.
    #[inline]
    pub(crate) fn start(&self) -> Start {
        // ordering: Acquire pairs with Release in `schedule`, Release with Acquire there: whoever queues it next owns the link.
        let before = self.0.fetch_and(!SCHEDULED, AcqRel);
        debug_assert_ne!(before & SCHEDULED, 0, "[S1]");
        match before & (COMPLETE | CANCELLED) {
            0 => Start::Poll,
            CANCELLED => Start::Cancel,
            _ => Start::Bury,
        }
    }

    /// Ends the task. The future is dropped, its output stands in the cell unless `output_dropped`.
    #[inline]
    pub(crate) fn complete(&self, output_dropped: bool) -> Complete {
        let mut word = self.0.load(Relaxed);
        loop {
            if word & JOIN == 0 && !output_dropped {
                return Complete::DropOutput;
            }
            let queued = word & SCHEDULED != 0;
            let told = word & AWAITED != 0;
            let next = (word | COMPLETE) - if told || queued { 0 } else { REFERENCE };
            // ordering: Release pairs with Acquire in `is_complete`, publishing the output.
            // Acquire pairs with Release in `await_end` (its waker) and in `release` (whatever other references did).
            match self.0.compare_exchange_weak(word, next, AcqRel, Relaxed) {
                Ok(_) if told => return Complete::Tell { queued },
                Ok(_) if queued => return Complete::Queued,
                Ok(_) if next < REFERENCE => return Complete::Free,
                Ok(_) => return Complete::Nothing,
                Err(now) => word = now,
            }
        }
    }

    /// Whether it has ended: then the output is the handle's, if it is there.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        // ordering: Acquire pairs with Release in `complete`.
        self.0.load(Acquire) & COMPLETE != 0
    }

    /// The handle has left a waker. Whether the task ended meanwhile.
    #[inline]
    pub(crate) fn await_end(&self) -> bool {
        // ordering: Release publishes the waker to `complete`. Who then takes the output looks again, with Acquire.
        self.0.fetch_or(AWAITED, Release) & COMPLETE != 0
    }

    /// The handle wants its slot back, in which it has left a waker. Whether it gets it: not if the task ended meanwhile [S5].
    pub(crate) fn take_back(&self) -> bool {
        // ordering: Relaxed, who then takes the output looks again, with Acquire.
        let mut word = self.0.load(Relaxed);
        while word & COMPLETE == 0 {
            // ordering: Relaxed, the slot was touched by the handle alone, and is from now on.
            match self.0.compare_exchange_weak(word, word & !AWAITED, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Whether the handle has left a waker. Only the handle asks.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        // ordering: Relaxed, the handle reads what it wrote.
        self.0.load(Relaxed) & AWAITED != 0
    }

    /// The handle goes.
    #[inline]
    pub(crate) fn detach(&self) -> Detach {
        // ordering: Relaxed, who then takes the output looks again, with Acquire.
        let mut word = self.0.load(Relaxed);
        loop {
            if word & COMPLETE != 0 {
                return Detach::DropOutput;
            }
            // [S2] Not complete: the list holds a reference, so ours is not the last.
            let next = (word & !(JOIN | AWAITED)) - REFERENCE;
            // ordering: Release as in `release`.
            match self.0.compare_exchange_weak(word, next, Release, Relaxed) {
                Ok(_) => return Detach::Nothing,
                Err(now) => word = now,
            }
        }
    }

    /// One more reference.
    #[inline]
    pub(crate) fn retain(&self) {
        // ordering: Relaxed, who has a reference makes another.
        let before = self.0.fetch_add(REFERENCE, Relaxed);
        if before > usize::MAX / 2 {
            self.overflow();
        }
    }

    #[cold]
    fn overflow(&self) -> ! {
        // ordering: Relaxed, takes back what `retain` did; wakers by the million million must have been forgotten.
        self.0.fetch_sub(REFERENCE, Relaxed);
        panic!("too many wakers of one task");
    }

    /// One reference less.
    #[inline]
    pub(crate) fn release(&self) -> Rest {
        // ordering: Acquire as below. Where only our own reference is left nobody can make another, and no change is needed.
        if self.0.load(Acquire) < 2 * REFERENCE {
            return Rest::Free;
        }
        // ordering: Release makes what this reference did visible to who frees; Acquire pairs with it in the last one.
        let before = self.0.fetch_sub(REFERENCE, AcqRel);
        if before < 2 * REFERENCE { Rest::Free } else { Rest::Nothing }
    }
}
