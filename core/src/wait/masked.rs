//! A wake cell without `std`: it holds the waker of one waiter, and is touched with interrupts masked.
//!
//! | cell   | `register`                                    | `take`, `wake`        |
//! |--------|-----------------------------------------------|-----------------------|
//! | empty  | -> held                                       | nothing               |
//! | held   | replaced, unless what is held wakes the same  | -> empty              |
//!
//! [I2] Under the mask wakers move and are compared, and no code of theirs runs: clones are made before, wakes and drops follow after. A waker may therefore
//!      call the same cell from its clone, wake and drop.

use core::{fmt, task::Waker};

use crate::{
    const_new,
    mask::{Masked, masked},
    sync::{AtomicBool, Ordering::Relaxed},
};

/// The waker of one waiter, set by that waiter and woken from anywhere.
///
/// Register first, then look whether what you wait for is there: a wake that follows a change which the look did not see finds the
/// waker.
pub struct WakeCell {
    held: Masked<Option<Waker>>,
    /// Whether there is one: a hint, which tells whether comparing before cloning can pay. Either way is right.
    hint: AtomicBool,
}

impl WakeCell {
    const_new! {
        /// A cell without a waker.
        pub fn new() -> Self {
            Self { held: Masked::new(None), hint: AtomicBool::new(false) }
        }
    }

    /// Has `waker` woken by the next [`wake`](Self::wake), in place of the one before.
    pub fn register(&self, waker: &Waker) {
        // ordering: Relaxed, here and below: it is a hint.
        if self.hint.load(Relaxed) && masked(|mask| self.held.wakes_as(mask, waker)) {
            return;
        }
        let fresh = Some(waker.clone());
        let _before = masked(|mask| {
            self.hint.store(true, Relaxed);
            self.held.replace(mask, fresh)
        });
    }

    /// Wakes the registered waker, if there is one, and forgets it.
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    /// Takes the registered waker out.
    #[must_use = "a waker that was taken out is woken by nobody else"]
    pub fn take(&self) -> Option<Waker> {
        masked(|mask| {
            self.hint.store(false, Relaxed);
            self.held.take(mask)
        })
    }
}

impl Default for WakeCell {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakeCell")
    }
}
