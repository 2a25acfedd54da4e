//! The injector of a node: tasks that no worker has made or woken, or that are bound to the node. First in, first out, each kind for itself.
//!
//! | kind   | which                                                | taken by                                  |
//! |--------|------------------------------------------------------|-------------------------------------------|
//! | Bound  | what prefers this node                               | its workers                               |
//! | Normal | what comes from outside                              | its workers, then those of other nodes    |
//! | Low    | what is Low                                          | the same, when there is nothing else      |
//!
//! [J1] What stands in it is alive ([P1] of `pooled`), and in no other queue. Once it is closed nothing is put there, and nobody looks at what was:
//!      its tasks may be gone.

#![expect(unsafe_code, reason = "links tasks of erased type")]

use core::ptr::NonNull;

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

/// Tasks in line, under a lock.
#[repr(align(128))]
pub(super) struct Line {
    chain: Locked<Chained, Lock>,
    /// How many: changed under the lock, so that who finds none need not take it.
    len: AtomicUsize,
}

#[derive(Default)]
struct Chained {
    chain: Chain<Header>,
    closed: bool,
}

// SAFETY: headers are `Send + Sync`, and what links them is under the lock.
unsafe impl Send for Chained {}

/// See the [module](self).
#[derive(Default)]
pub(super) struct Injector {
    lines: [Line; 3],
}

impl Default for Line {
    fn default() -> Self {
        Self { chain: Locked::new_in(Chained::default()), len: AtomicUsize::new(0) }
    }
}

impl Line {
    /// Puts `task` at the end.
    ///
    /// # Safety
    /// It is alive and in no queue, and stays alive until it has left this one, or this is closed.
    pub(super) unsafe fn push(&self, task: Task) {
        self.chain.with(|line| {
            if line.closed {
                return;
            }
            // SAFETY: the contract is the same.
            unsafe { line.chain.push(task.0) };
            // ordering: Relaxed, changed under the lock; who looks without it has a fence ([I1] of `idle`).
            self.len.store(self.len.load(Relaxed) + 1, Relaxed);
        });
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        // ordering: as in `push`.
        self.len.load(Relaxed)
    }

    /// Takes the first; and hands as many more as `more` to `keep`, in their order.
    pub(super) fn take(&self, more: usize, mut keep: impl FnMut(Task)) -> Option<Task> {
        if self.is_empty() {
            return None;
        }
        self.chain.with(|line| {
            let first = line.chain.pop()?;
            let mut left = self.len.load(Relaxed) - 1;
            for _ in 0..more {
                let Some(task) = line.chain.pop() else { break };
                keep(Task(task));
                left -= 1;
            }
            // ordering: as in `push`.
            self.len.store(left, Relaxed);
            Some(Task(first))
        })
    }

    /// Takes no more, and forgets what is there [J1].
    pub(super) fn close(&self) {
        self.chain.with(|line| {
            *line = Chained { chain: Chain::new(), closed: true };
            // ordering: as in `push`.
            self.len.store(0, Relaxed);
        });
    }
}

impl Injector {
    /// The tasks of a kind.
    pub(super) fn line(&self, kind: Kind) -> &Line {
        &self.lines[kind as usize]
    }

    /// Takes no more, and forgets what is there [J1].
    pub(super) fn close(&self) {
        self.lines.iter().for_each(Line::close);
    }
}
