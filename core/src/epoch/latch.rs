//! A latch counts who is still waited for, and wakes when nobody is: so several buffers are awaited with one wake.
//!
//! | step    | by whom                                       | count | where it is 0 then            |
//! |---------|-----------------------------------------------|-------|-------------------------------|
//! | `begin` | who waits, before it joins any line           | 1     |                               |
//! | `add`   | who waits, before it joins a line             | + 1   |                               |
//! | `sub`   | who waits, for a line that it need not join, and for `begin` | - 1 | ready       |
//! | `serve` | who finds a waiter due, under its lock        | - 1   | takes the waker, to wake it   |
//!
//! \[L1] A mark with a latch stands in a line only while the latch is alive and in its place: who waits is pinned, with the latch in it, and
//!      its waiters are dropped before the latch; if it is forgotten, it stays for ever. So under the lock of its line the latch is alive.
//! \[L2] Who waits registers its waker before it looks at the count, and who counts to 0 takes the waker after it: so the last one is seen,
//!      or wakes.

#![expect(unsafe_code, reason = "a waiter in a line points at the latch that it belongs to")]

use core::{cmp, fmt, marker::PhantomPinned, ptr::NonNull, task::Waker};

use crate::{
    epoch::phase::Key,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
    wait::WakeCell,
};

/// Counts who is still waited for.
pub struct Latch {
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

/// What a waiter waits for, and the latch that it belongs to.
#[derive(Clone, Copy)]
pub struct Mark {
    pub(super) key: Key,
    latch: Option<NonNull<Latch>>,
}

// SAFETY: a latch is shared between threads: it is `Sync`. [L1] says when it may be looked at.
unsafe impl Send for Mark {}

impl Mark {
    pub(super) const fn new(key: Key) -> Self {
        Self { key, latch: None }
    }

    /// Has `latch` count this mark down in place of a wake.
    ///
    /// # Safety
    /// The latch is where [L1] says.
    pub(super) unsafe fn set_latch(&mut self, latch: &Latch) {
        self.latch = Some(NonNull::from(latch));
    }

    /// Counts the latch down, if there is one: then here is the waker to wake, if nobody is waited for any more.
    ///
    /// # Safety
    /// This mark is in a line, whose lock is held.
    #[inline]
    pub(super) unsafe fn count(&self) -> Option<Option<Waker>> {
        // SAFETY: [L1] its mark is in a line, whose lock is held.
        let latch = unsafe { self.latch?.as_ref() };
        Some(if latch.sub() { latch.waker.take() } else { None })
    }
}

impl PartialEq for Mark {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Mark {}

impl PartialOrd for Mark {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Mark {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
