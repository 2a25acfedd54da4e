//! A shard: the Home of the tasks that one worker has made; one more is of those that come from elsewhere.
//!
//! All handles on a shard together hold one `Arc` of what the pool shares, in which it stands.
//!
//! [H1] A shard names what it stands in, which lives while the shard has handles.

#![expect(unsafe_code, reason = "counts an `Arc` of a type that comes later")]

use core::ptr::NonNull;
use std::sync::Arc;

use tidemill_core::{
    context::{Head, HomeRef, HomeVTable},
    task::PoolHead,
};

/// See the [module](self). Two of them share no line of a cache, and no pair of lines.
#[repr(C, align(128))]
pub(super) struct Shard {
    pub(super) head: PoolHead,
    pub(super) shared: *const (),
}

// SAFETY: the head's list has a lock, its count is atomic once it is settled, and nobody uses what else is in it; the pointer is [H1].
unsafe impl Send for Shard {}
// SAFETY: as above.
unsafe impl Sync for Shard {}

impl Shard {
    /// The shard number `number` of `of`, in what comes to stand at the address.
    pub(super) fn new(
        vtable: &'static HomeVTable,
        shared: *const (),
        number: usize,
        of: usize,
    ) -> Self {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { head: PoolHead::new(vtable, small(number), small(of)), shared }
    }

    /// The first handle.
    ///
    /// # Safety
    /// It stands in `shared`, and this is called once for it, before anything else. Its vtable frees one such `Arc`.
    pub(super) unsafe fn open<S>(&self, shared: &Arc<S>) -> HomeRef {
        debug_assert_eq!(self.shared, Arc::as_ptr(shared).cast(), "[H1]");
        // One for all handles together, given back by `free`.
        let _ = Arc::into_raw(shared.clone());
        // SAFETY: a shard begins with its head, which stays where it is; nobody else has it yet.
        let handle = unsafe { Head::handle(NonNull::from(self).cast()) };
        self.head.head().settle();
        handle
    }
}
