//! A shelf: what a task without a handle shows to whoever meets its waker in a line. It is the [slot](super::slot) in which a handle would leave
//! its own.
//!
//! | the waker is of               | found                                                                     |
//! |-------------------------------|---------------------------------------------------------------------------|
//! | no task                       | nothing                                                                   |
//! | a task that has put nothing   | nothing                                                                   |
//! | one that has                  | that, where it is of the executor, and as urgent, as is asked for         |
//!
//! What it is and how long it is there is between who puts it there and who finds it: they know by the line in which the waker stands.

#![expect(unsafe_code, reason = "looks at the header behind a waker")]

use core::{ptr::NonNull, task::Waker};

use super::{header::Header, reference, waker::task};
use crate::context::{HomeRef, Priority, TaskInfo};

/// The header of the task behind `waker`.
#[inline]
fn header(waker: &Waker) -> Option<&Header> {
    // SAFETY: [K1] of `waker`, whose reference outlasts what borrows it.
    task(waker).map(|task| unsafe { task.as_ref() })
}

/// Has the task behind `waker`, which never had a handle, show `what` from now on.
#[inline]
pub(crate) fn put(waker: &Waker, what: NonNull<()>) {
    if let Some(header) = header(waker) {
        debug_assert!(!header.is_joined(), "the slot is the handle's");
        header.slot.keep(what);
    }
}

/// What the task behind `waker` shows, if it is one of `home`, and as urgent.
#[inline]
pub(crate) fn find(waker: &Waker, home: &HomeRef, priority: Priority) -> Option<NonNull<()>> {
    let header = header(waker)?;
    let fits = header.home().as_ptr() == home.as_ptr() && header.priority() == priority;
    fits.then(|| header.slot.kept()).flatten()
}

/// The Home of the task behind `waker`.
#[inline]
pub(crate) fn home(waker: &Waker) -> Option<&HomeRef> {
    Some(header(waker)?.home())
}

/// What the task behind `waker` is called.
pub(crate) fn name(waker: &Waker) -> Option<TaskInfo> {
    // SAFETY: the reference of the waker.
    task(waker).map(|task| unsafe { reference::info(task) })
}
