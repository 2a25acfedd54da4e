//! A desk: what a worker keeps to itself, and what whoever runs on its thread finds there.
//!
//! [D1] The thread local names a desk that its worker has sat down at until it gets up, so it is alive, in its place, and of this thread.

#![expect(unsafe_code, reason = "names a desk in a thread local")]

use core::{cell::Cell, ptr};
use std::sync::Arc;

use tidemill_core::context::HomeRef;

use super::{inject::Task, shared::Shared};

/// See the [module](self).
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) worker: usize,
    pub(super) group: usize,
    /// The Home of tasks that are made here.
    pub(super) home: HomeRef,
    /// Who runs next: the task that was woken last, in the turn that has just been given.
    pub(super) next: Cell<Option<Task>>,
    /// Whose turn it is.
    pub(super) task: Cell<Option<Task>>,
}

thread_local! {
    static DESK: Cell<*const Desk> = const { Cell::new(ptr::null()) };
}

/// Puts back who sat there before.
struct Restore(*const Desk);

impl Drop for Restore {
    fn drop(&mut self) {
        DESK.set(self.0);
    }
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>, worker: usize, group: usize, home: HomeRef) -> Self {
        Self { shared, worker, group, home, next: Cell::new(None), task: Cell::new(None) }
    }

    /// Runs `f` at this desk.
    pub(super) fn sit<R>(&self, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(DESK.replace(self));
        f()
    }

    /// Gives `task` the turn in `f`, and goes on with the one that this interrupts.
    pub(super) fn turn_of<R>(&self, task: Task, f: impl FnOnce() -> R) -> R {
        struct Back<'d>(&'d Desk, Option<Task>);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.task.set(self.1);
            }
        }
        let _back = Back(self, self.task.replace(Some(task)));
        f()
    }
}

/// The desk of this thread's worker.
#[inline]
pub(super) fn with_desk<R>(f: impl FnOnce(Option<&Desk>) -> R) -> R {
    // SAFETY: [D1].
    f(unsafe { DESK.get().as_ref() })
}

/// The desk of this thread's worker, if it is one of `shared`.
#[inline]
pub(super) fn with_desk_of<R>(shared: &Shared, f: impl FnOnce(Option<&Desk>) -> R) -> R {
    with_desk(|desk| f(desk.filter(|desk| ptr::eq(&raw const *desk.shared, shared))))
}
