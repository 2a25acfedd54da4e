//! The state of a task: one word, on which its executor, its wakers and its handle agree without a lock.
//!
//! | bit        | set by                                             | means                                                        |
//! |------------|----------------------------------------------------|--------------------------------------------------------------|
//! | SCHEDULED  | `wake`, `cancel`; cleared by `start`               | it is in a queue, or will be, or is to be queued after its turn |
//! | RUNNING    | `start`; cleared by `pause` and `complete`         | its executor is inside its future                            |
//! | COMPLETE   | `complete`                                         | the future is dropped; the output, if JOIN, is the handle's  |
//! | CANCELLED  | `cancel`                                           | the next turn drops the future instead of polling it         |
//! | JOIN       | at birth; cleared by `detach`                      | a handle wants the output                                    |
//! | AWAITED    | `await_end`; cleared by `detach`                   | the handle has left a waker                                  |
//! | references | the rest of the word                               | the list of all tasks 1, the handle 1, each waker 1          |
//!
//! [S1] A queue holds no reference: SCHEDULED without RUNNING means that the task is in one queue (or that one thread is putting it
//!      there), and only who took it out of there starts it. What is queued is not complete, so the list's reference keeps it alive.
//! [S2] Between `start` and `pause` or `complete` the future is its executor's alone; outside, no one's.
//! [S3] COMPLETE is final. The output is the executor's before it, the handle's after it: if JOIN was set when COMPLETE came.
//! [S4] The header lives while there are references.

use crate::{
    const_new,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
};

const SCHEDULED: usize = 1;
const RUNNING: usize = 1 << 1;
const COMPLETE: usize = 1 << 2;
const CANCELLED: usize = 1 << 3;
const JOIN: usize = 1 << 4;
const AWAITED: usize = 1 << 5;
const REFERENCE: usize = 1 << 6;

/// Whether a task that was woken has to be queued.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// Queue it; nobody else will.
    Enqueue,
    /// It is queued, or will be after its turn, or has ended.
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
}

/// What to do with a task whose turn is over.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pause {
    /// Nothing, it waits.
    Idle,
    /// Queue it: it was woken during its turn.
    Enqueue,
}

/// What to do with a task that has its output.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Complete {
    /// Not complete yet: nobody wants the output. Drop it, then ask again.
    DropOutput,
    /// Tell the handle; the list's reference is still held.
    Tell,
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
        // already, hence no look before this. Acquire pairs with Release in `pause`.
        let before = self.0.fetch_or(bits, AcqRel);
        if before & (SCHEDULED | RUNNING | COMPLETE) == 0 { Wake::Enqueue } else { Wake::Nothing }
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
            // [S1] Not complete: the list holds a reference, so ours is not the last.
            let next = (word | SCHEDULED) - REFERENCE;
            // ordering: as in `schedule`, and as in `release`.
            match self.0.compare_exchange_weak(word, next, AcqRel, Relaxed) {
                Ok(_) if word & (SCHEDULED | RUNNING) == 0 => return Some(Wake::Enqueue),
                Ok(_) => return Some(Wake::Nothing),
                Err(now) => word = now,
            }
        }
    }

    /// Begins a turn. The task has just left its queue.
    #[inline]
    pub(crate) fn start(&self) -> Start {
        // ordering: Acquire pairs with Release in `schedule`.
        let before = self.0.fetch_xor(SCHEDULED | RUNNING, AcqRel);
        debug_assert_eq!(before & (SCHEDULED | RUNNING | COMPLETE), SCHEDULED, "[S1]");
        if before & CANCELLED == 0 { Start::Poll } else { Start::Cancel }
    }

    /// Ends a turn after which the task waits.
    #[inline]
    pub(crate) fn pause(&self) -> Pause {
        // ordering: Release pairs with Acquire in `schedule`, then in the next `start`, for an executor of many threads.
        let before = self.0.fetch_and(!RUNNING, AcqRel);
        if before & SCHEDULED == 0 { Pause::Idle } else { Pause::Enqueue }
    }

    /// Ends a turn out of which a panic went: nothing is queued, and wakes during that turn count for nothing.
    pub(crate) fn give_up_turn(&self) {
        // ordering: Relaxed, the caller keeps the task to itself.
        if self.0.load(Relaxed) & RUNNING != 0 {
            self.0.fetch_and(!(RUNNING | SCHEDULED), Relaxed);
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
            let mut next = (word | COMPLETE) & !RUNNING;
            if word & AWAITED == 0 {
                next -= REFERENCE;
            }
            // ordering: Release pairs with Acquire in `await_end`, `is_complete` and `detach`, publishing the output. Acquire pairs
            // with Release in `await_end` (its waker) and in `release` (whatever other references did).
            match self.0.compare_exchange_weak(word, next, AcqRel, Relaxed) {
                Ok(_) if word & AWAITED != 0 => return Complete::Tell,
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
        // ordering: Release publishes the waker to `complete`; Acquire pairs with Release there.
        self.0.fetch_or(AWAITED, AcqRel) & COMPLETE != 0
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
        // ordering: Acquire pairs with Release in `complete`, for the output that is to be dropped.
        let mut word = self.0.load(Acquire);
        loop {
            if word & COMPLETE != 0 {
                return Detach::DropOutput;
            }
            // [S1] Not complete: the list holds a reference, so ours is not the last.
            let next = (word & !(JOIN | AWAITED)) - REFERENCE;
            // ordering: Release as in `release`; Acquire on failure as above.
            match self.0.compare_exchange_weak(word, next, Release, Acquire) {
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
        // ordering: Release makes what this reference did visible to who frees; Acquire pairs with it in the last one.
        let before = self.0.fetch_sub(REFERENCE, AcqRel);
        if before < 2 * REFERENCE { Rest::Free } else { Rest::Nothing }
    }
}
