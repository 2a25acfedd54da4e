//! The task in whose turn this code runs, where nobody knows his thread: one for all, so an interrupt is taken for the task that it
//! interrupts.

use core::cell::Cell;

use crate::{
    lock::{Lock, Locked},
    shared_static,
};

shared_static!(static CURRENT: Locked<Cell<Option<u64>>, Lock> = Locked::new_in(Cell::new(None)));

/// The task whose turn this is.
pub(super) fn current() -> Option<u64> {
    CURRENT.with(|current| current.get())
}

/// Makes another the task whose turn this is, and says which it was.
pub(super) fn replace(task: Option<u64>) -> Option<u64> {
    CURRENT.with(|current| current.replace(task))
}
