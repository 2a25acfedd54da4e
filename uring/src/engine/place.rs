//! A place is where a ring stays for as long as its queues are borrowed.
//!
//! [I1] Only the queues and the submitter refer to the ring, and whoever has them drops them before the place.

#![expect(unsafe_code, reason = "lends parts of a ring for as long as their owner sees to it")]

use std::ptr::NonNull;

use io_uring::{CompletionQueue, IoUring, SubmissionQueue, Submitter};

/// What a ring is used through.
type Parts = (Submitter<'static>, SubmissionQueue<'static>, CompletionQueue<'static>);

/// See the [module](self). Dropping it closes the ring.
pub(super) struct Place(NonNull<IoUring>);

impl Place {
    /// Puts `ring` in a place, and lends its parts.
    ///
    /// # Safety
    /// [I1]
    pub(super) unsafe fn split(ring: IoUring) -> (Self, Parts) {
        let mut at = NonNull::from(Box::leak(Box::new(ring)));
        // SAFETY: [I1], the place is given up in `drop` alone, and nothing else refers to the ring.
        (Self(at), unsafe { at.as_mut() }.split())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // SAFETY: [I1], it came from a box, and all that borrowed it is gone.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
