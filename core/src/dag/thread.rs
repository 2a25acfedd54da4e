//! The task in whose turn this code runs: one for each thread.

use core::cell::Cell;

use crate::thread_local_static;

thread_local_static!(static CURRENT: Cell<Option<u64>> = Cell::new(None));

/// The task whose turn this is.
pub(super) fn current() -> Option<u64> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// Makes another the task whose turn this is, and says which it was.
pub(super) fn replace(task: Option<u64>) -> Option<u64> {
    CURRENT.try_with(|current| current.replace(task)).ok().flatten()
}
