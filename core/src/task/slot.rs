//! A slot: where the handle of a task leaves the waker that is to be told of the end.
//!
//! | AWAITED | RETAKEN | COMPLETE | the slot holds                                                       |
//! |---------|---------|----------|----------------------------------------------------------------------|
//! | no      | any     | any      | nothing that anybody has; the handle may write                       |
//! | yes     | any     | no       | a waker, which is nobody's                                           |
//! | yes     | no      | yes      | what is left of a waker, which the executor had copied just before   |
//! | yes     | yes     | yes      | a waker until the executor takes it                                  |
//!
//! The bits are those of the [word](super::state), whose [S5] says who has it. A task that never had a handle may [keep](Slot::keep) an address there.
//!
//! \[V1] Both words are written one after the other, by the handle. So a copy is of one waker if nothing was written meanwhile, and nothing otherwise.

#![expect(
    unsafe_code,
    reason = "keeps a waker as two words, which may be read while they are written"
)]

use core::{
    ptr::{self, NonNull},
    task::{RawWakerVTable, Waker},
};

use crate::{
    const_new,
    sync::{AtomicPtr, Ordering::Relaxed},
};

/// See the [module](self).
pub(super) struct Slot {
    data: AtomicPtr<()>,
    vtable: AtomicPtr<RawWakerVTable>,
}

/// Stands in place of a vtable where something else than a waker is kept: its address is that of no vtable.
static KEPT: u8 = 0;

/// The two words of a slot as somebody has read them: perhaps a waker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Copied {
    data: *const (),
    vtable: *const RawWakerVTable,
}

impl Slot {
    const_new! {
        /// Of a new task.
        pub(super) fn new() -> Self {
            Self { data: AtomicPtr::new(ptr::null_mut()), vtable: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Puts a waker in. What was there is forgotten. The slot is the handle's.
    #[inline]
    pub(super) fn put(&self, waker: Waker) {
        let (data, vtable) = (waker.data(), ptr::from_ref(waker.vtable()));
        core::mem::forget(waker);
        // ordering: Relaxed, AWAITED publishes both.
        self.data.store(data.cast_mut(), Relaxed);
        // ordering: as above.
        self.vtable.store(vtable.cast_mut(), Relaxed);
    }

    /// Keeps an address, for a task that never has a handle. Whoever looks for it comes later, by a lock.
    #[inline]
    pub(super) fn keep(&self, address: NonNull<()>) {
        // ordering: Relaxed, both: a lock publishes them.
        self.data.store(address.as_ptr(), Relaxed);
        self.vtable.store((&raw const KEPT).cast_mut().cast(), Relaxed);
    }

    /// The address that is kept, if one is.
    #[inline]
    pub(super) fn kept(&self) -> Option<NonNull<()>> {
        // ordering: Relaxed, both: as in `keep`. What a handle writes meanwhile is no address that is kept.
        let kept = ptr::addr_eq(self.vtable.load(Relaxed), &raw const KEPT);
        kept.then(|| NonNull::new(self.data.load(Relaxed))).flatten()
    }

    /// What stands there.
    #[inline]
    pub(super) fn copy(&self) -> Copied {
        // ordering: Relaxed, who has found AWAITED has acquired what was written before it; [V1] what comes after is for nobody.
        let data = self.data.load(Relaxed);
        // ordering: as above.
        Copied { data, vtable: self.vtable.load(Relaxed) }
    }

    /// Takes the waker out.
    ///
    /// # Safety
    /// One was put in, the slot is the caller's, and nobody takes that waker again.
    #[inline]
    pub(super) unsafe fn take(&self) -> Waker {
        // SAFETY: the contract is the same.
        unsafe { self.copy().into_waker() }
    }

    /// Whether the waker that was put in last wakes the same as this one. For the handle.
    #[inline]
    pub(super) fn holds(&self, waker: &Waker) -> bool {
        let there = self.copy();
        there.data == waker.data() && ptr::eq(there.vtable, waker.vtable())
    }
}

impl Copied {
    /// That waker.
    ///
    /// # Safety
    /// It was copied from a slot into which a waker was put and nothing after it; nobody else takes that.
    #[inline]
    pub(super) unsafe fn into_waker(self) -> Waker {
        // SAFETY: it is the vtable of the waker that was put in (contract), which is static.
        let vtable: &'static RawWakerVTable = unsafe { &*self.vtable };
        // SAFETY: data and vtable were those of one waker, which was forgotten, and is ours (contract).
        unsafe { Waker::new(self.data, vtable) }
    }
}
