//! How many tasks an executor has had: the next one's number.

#[cfg(feature = "std")]
use core::cell::Cell;

#[cfg(not(feature = "std"))]
use crate::{
    const_new,
    sync::{AtomicUsize, Ordering::Relaxed},
};

/// Counts births, on one thread: with `std` tasks are made on the home thread alone.
#[cfg(feature = "std")]
pub(super) struct Births(Cell<u32>);

#[cfg(feature = "std")]
impl Births {
    pub(super) const fn new() -> Self {
        Self(Cell::new(0))
    }

    #[inline]
    pub(super) fn count(&self) -> u32 {
        self.0.set(self.0.get().wrapping_add(1));
        self.0.get()
    }
}

/// Counts births, wherever tasks are sent from.
#[cfg(not(feature = "std"))]
pub(super) struct Births(AtomicUsize);

#[cfg(not(feature = "std"))]
impl Births {
    const_new! {
        pub(super) fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    pub(super) fn count(&self) -> u32 {
        // ordering: Relaxed, it is a number and no more.
        (self.0.fetch_add(1, Relaxed) as u32).wrapping_add(1)
    }
}
