//! What is due on the wheel of a Home in a static, for who has a mask: he need not take its lock.
//!
//! Without `alloc` alone.

#![expect(unsafe_code, reason = "stands in for the lock of a wheel with a mask")]

use core::task::Waker;

use crate::{
    clock::Instant,
    lock::Lock,
    mask::Mask,
    time::{lists::Lists, status::Status, wheel::Wheel},
};

impl Wheel<Lock> {
    #[inline(always)]
    pub(super) fn at<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut Lists) -> R) -> R {
        // SAFETY: nothing of this lock is called under a mask but this, and this not within that lock.
        unsafe { self.lists.with_masked(mask, f) }
    }

    /// The earliest deadline.
    #[inline(always)]
    pub(crate) fn next_in(&self, mask: Mask<'_>) -> Option<Instant> {
        self.at(mask, |lists| lists.next().map(Instant::from_nanos))
    }

    /// Takes the first out if it is due, as `Fired`: its waker is to be woken.
    #[inline(always)]
    pub(crate) fn pop_due(&self, mask: Mask<'_>, now: Instant) -> Option<Waker> {
        self.at(mask, |lists| lists.fire_first(now.as_nanos()))
    }
}

impl Lists {
    /// Takes the first node out if it is due.
    #[inline(always)]
    fn fire_first(&mut self, now: u64) -> Option<Waker> {
        let first = self.order.pop_first(now)?;
        let waker = self.at(first, |node| {
            node.status = Status::Fired;
            node.waker.take()
        });
        // SAFETY: it was linked, so it had one (table of `node`).
        Some(unsafe { waker.unwrap_unchecked() })
    }
}
