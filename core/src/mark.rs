//! A mark: whether this program ever does something rare. Who does it sets the mark; who is to heed it asks.
//!
//! A static that is never written is a constant to whoever optimizes the whole program: where nobody does the rare thing, what heeds it is not linked. It is to be
//! asked last, when all else says that the thing was done: so it costs who does it a load, and nobody else anything.
//!
//! [M1] It is set before the thing is done, and whoever asks has seen that it was done, under a mask or a lock: so he sees the mark.

use crate::{
    const_new,
    sync::{AtomicBool, Ordering::Relaxed},
};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Mark(AtomicBool);

impl Mark {
    const_new! {
        /// Nobody has done it.
        pub(crate) fn new() -> Self {
            Self(AtomicBool::new(false))
        }
    }

    /// It is about to be done.
    #[inline(always)]
    pub(crate) fn set(&self) {
        // ordering: Relaxed, [M1].
        self.0.store(true, Relaxed);
    }

    /// Whether it may have been done.
    #[inline(always)]
    pub(crate) fn is_set(&self) -> bool {
        // ordering: Relaxed, [M1].
        self.0.load(Relaxed)
    }
}
