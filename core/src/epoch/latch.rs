//! A latch counts who is still waited for, and wakes when nobody is: so several buffers are awaited with one wake.
//!
//! | step    | by whom                                       | count | where it is 0 then            |
//! |---------|-----------------------------------------------|-------|-------------------------------|
//! | `begin` | who waits, before it joins any line           | 1     |                               |
//! | `add`   | who waits, before it joins a line             | + 1   |                               |
//! | `sub`   | who waits, for a line that it need not join, and for `begin` | - 1 | ready       |
//! | `count` | who finds a waiter due, under its lock        | - 1   | takes the waker, to wake it   |
//!
//! \[L1] The waker of a latch stands in a line only while the latch is alive and in its place: who waits is pinned, with the latch in it, and
//!      its waiters are dropped before the latch; if it is forgotten, it stays for ever. So under the lock of its line the latch is alive.
//! \[L2] Who waits registers its waker before it looks at the count, and who counts to 0 takes the waker after it: so the last one is seen,
//!      or wakes.

#![expect(unsafe_code, reason = "a waiter in a line points at the latch that it belongs to")]

use core::{
    marker::PhantomPinned,
    ptr,
    task::{RawWaker, RawWakerVTable, Waker},
};

use crate::{
    epoch::phase::Key,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    wait::WakeCell,
};

/// Counts who is still waited for.
pub(super) struct Latch {
    count: AtomicUsize,
    waker: WakeCell,
    /// Others look at it while who waits holds it mutably.
    _pinned: PhantomPinned,
}

impl Latch {
    pub(super) fn new() -> Self {
        Self { count: AtomicUsize::new(0), waker: WakeCell::new(), _pinned: PhantomPinned }
    }

    /// Has `waker` woken when nobody is waited for.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Counts one more.
    pub(super) fn add(&self) {
        // ordering: Relaxed, what is counted joins a line after that, under its lock.
        self.count.fetch_add(1, Relaxed);
    }

    /// Counts one less, and says whether nobody is left.
    pub(super) fn sub(&self) -> bool {
        // ordering: AcqRel pairs with itself: who counts to 0 sees all that was done before the others counted.
        self.count.fetch_sub(1, AcqRel) == 1
    }

    /// Whether nobody is left.
    pub(super) fn is_open(&self) -> bool {
        // ordering: Acquire pairs with AcqRel in `sub`.
        self.count.load(Acquire) == 0
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(copy, nothing, nothing, nothing);

fn copy(latch: *const ()) -> RawWaker {
    RawWaker::new(latch, &VTABLE)
}

fn nothing(_: *const ()) {}

impl Latch {
    /// What stands in a line for this latch: it does nothing when it is woken. [`count`] finds the latch by it.
    ///
    /// # Safety
    /// It goes nowhere but in a line, where [L1] says.
    pub(super) unsafe fn waker(&self) -> Waker {
        // SAFETY: what the functions of the vtable are given they do not look at.
        unsafe { Waker::new(ptr::from_ref(self).cast(), &VTABLE) }
    }
}

/// A latch whose waiters join their lines, one after the other. Several that wait for the same in the same line need one waiter.
pub struct Gathering<'a> {
    pub(super) latch: &'a Latch,
    /// The line that was joined last, and for what.
    pub(super) last: Option<(*const (), Key)>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(latch: &'a Latch) -> Self {
        Self { latch, last: None }
    }
}

/// Counts the latch of `waker` down, if that is one: then here is the waker to wake, if nobody is waited for any more.
///
/// # Safety
/// The waker is in a line, whose lock is held.
#[inline]
pub(super) unsafe fn count(waker: &Waker) -> Option<Option<Waker>> {
    if !ptr::eq(waker.vtable(), &VTABLE) {
        return None;
    }
    // SAFETY: [L1] it is in a line, whose lock is held.
    let latch = unsafe { &*waker.data().cast::<Latch>() };
    Some(if latch.sub() { latch.waker.take() } else { None })
}
