//! The injector of a node: tasks that no worker has in its own queue. First in, first out, each kind for itself.
//!
//! | kind   | which                                                | taken by                                  |
//! |--------|------------------------------------------------------|-------------------------------------------|
//! | Bound  | what prefers this node                               | its workers                               |
//! | Normal | what comes from outside, or finds a full queue       | its workers, then those of other nodes    |
//! | Low    | what is Low                                          | the same, when there is nothing else      |
//!
//! [J1] What stands in it is alive ([P1] of `pooled`), and in no other queue. Once it is closed nothing is put there, and nobody looks at what was:
//!      its tasks may be gone.

#![expect(unsafe_code, reason = "links tasks of erased type")]

use core::{array, ptr::NonNull};

use tidemill_core::{
    lock::{Lock, Locked},
    sync::{AtomicUsize, Ordering::Relaxed},
    task::Header,
    wait::Chain,
};

/// A task in a queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Task(pub(super) NonNull<Header>);

// SAFETY: headers are `Send + Sync`, and futures of pooled tasks are `Send` ([P2] of `pooled`).
unsafe impl Send for Task {}

/// Which tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Bound,
    Normal,
    Low,
}

/// See the [module](self).
pub(super) struct Injector {
    queues: Locked<Queues, Lock>,
    /// How many of each kind: changed under the lock, so that who finds none need not take it.
    lens: [AtomicUsize; 3],
}

struct Queues {
    chains: [Chain<Header>; 3],
    closed: bool,
}

// SAFETY: headers are `Send + Sync`, and what links them is under the lock.
unsafe impl Send for Queues {}

impl Injector {
    pub(super) fn new() -> Self {
        let queues = Queues { chains: [const { Chain::new() }; 3], closed: false };
        Self { queues: Locked::new_in(queues), lens: array::from_fn(|_| AtomicUsize::new(0)) }
    }

    /// Puts `task` at the end.
    ///
    /// # Safety
    /// It is alive and in no queue, and stays alive until it has left this one, or this is closed.
    pub(super) unsafe fn push(&self, kind: Kind, task: Task) {
        let len = &self.lens[kind as usize];
        self.queues.with(|queues| {
            if queues.closed {
                return;
            }
            // SAFETY: the contract is the same.
            unsafe { queues.chains[kind as usize].push(task.0) };
            // ordering: Relaxed, changed under the lock; who looks without it has a fence ([I1] of `idle`).
            len.store(len.load(Relaxed) + 1, Relaxed);
        });
    }

    /// Whether there is none of a kind.
    #[inline]
    pub(super) fn is_empty(&self, kind: Kind) -> bool {
        self.len(kind) == 0
    }

    /// How many there are of a kind.
    #[inline]
    pub(super) fn len(&self, kind: Kind) -> usize {
        // ordering: as in `push`.
        self.lens[kind as usize].load(Relaxed)
    }

    /// Takes the first of a kind; and hands as many more as `more` to `keep`, in their order.
    pub(super) fn take(&self, kind: Kind, more: usize, mut keep: impl FnMut(Task)) -> Option<Task> {
        if self.is_empty(kind) {
            return None;
        }
        let len = &self.lens[kind as usize];
        self.queues.with(|queues| {
            let chain = &mut queues.chains[kind as usize];
            let first = chain.pop()?;
            let mut left = len.load(Relaxed) - 1;
            for _ in 0..more {
                let Some(task) = chain.pop() else { break };
                keep(Task(task));
                left -= 1;
            }
            // ordering: as in `push`.
            len.store(left, Relaxed);
            Some(Task(first))
        })
    }

    /// Takes no more, and forgets what is there [J1].
    pub(super) fn close(&self) {
        self.queues.with(|queues| {
            queues.closed = true;
            queues.chains = [const { Chain::new() }; 3];
            for len in &self.lens {
                // ordering: as in `push`.
                len.store(0, Relaxed);
            }
        });
    }
}
