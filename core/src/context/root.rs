//! Monitors that are always there: the root, that of the root context; and the log.

#[cfg(feature = "std")]
use crate::context::rooted::rooted;
use crate::{
    context::monitor::Monitor,
    lock::{Lock, Locked},
    shared_static,
};

shared_static!(static ROOT: Locked<Option<Monitor>, Lock> = Locked::new_in(None));
shared_static!(static LOG: Locked<Option<Monitor>, Lock> = Locked::new_in(None));

impl Monitor {
    /// The root of all monitors that have no other: that of the root context. On the threads of a runtime that has one of its own it is that
    /// (with `std`: `as_root`), elsewhere the process's.
    pub fn root() -> Self {
        #[cfg(feature = "std")]
        if let Some(root) = rooted() {
            return root;
        }
        fixed(&ROOT)
    }

    /// Where errors go that are to be written down and no more: who logs reads its [`errors`](Self::errors).
    pub fn log() -> Self {
        fixed(&LOG)
    }
}

fn fixed(place: &Locked<Option<Monitor>, Lock>) -> Monitor {
    if let Some(there) = place.with(|place| place.clone()) {
        return there;
    }
    let fresh = Monitor::top();
    place.with(|place| place.get_or_insert_with(|| fresh.clone()).clone())
}
