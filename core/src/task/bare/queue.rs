//! A queue: tasks of one Home and priority that are ready, first in first out; and what is done for the first that comes while nobody looks.
//!
//! | `first` | `last`              | means             | `push`                 | `pop`                        |
//! |---------|---------------------|-------------------|------------------------|------------------------------|
//! | null    | the address of `first` | none is ready  | writes to where it names, and then names the task's link | nothing |
//! | a task  | that of a link      | that is the last's | likewise              | -> the next; if there is none, `last` is as above |
//!
//! | `asks`  | means                                | `push`    |
//! |---------|--------------------------------------|-----------|
//! | false   | nobody is to be rung                 |           |
//! | true    | whoever pushes is to [ring](super::base::ring) after the mask | says so |
//!
//! [Q1] What is queued is a header in a static, and is in no other queue: its link is this queue's. All is touched under a mask.
//! [Q2] Before the first push it is settled, where it stays.
//! [Q3] ASKED is set before any queue asks. In firmware that sleeps within the mask none does, and to ring is not linked.

#![expect(unsafe_code, reason = "links headers")]

use core::ptr::{self, NonNull};

use crate::{
    const_new,
    context::HomeRef,
    mark::Mark,
    mask::{Mask, Masked},
    shared_static,
    wait::{Link, Linked},
};

shared_static!(static ASKED: Mark = Mark::new());

/// See the [module](self).
#[repr(C)]
pub(super) struct Queue<T> {
    first: Link<T>,
    last: Masked<Last<T>>,
    asks: Masked<bool>,
    /// Whose it is: since it is settled.
    home: Masked<Option<HomeRef>>,
}

/// The link behind which the next comes.
struct Last<T>(*const Link<T>);

// SAFETY: what is queued may go anywhere.
unsafe impl<T: Send> Send for Last<T> {}

// SAFETY: [Q1] the link is touched under a mask.
unsafe impl<T: Send> Sync for Queue<T> {}
// SAFETY: as above; [Q2] it has not been settled.
unsafe impl<T: Send> Send for Queue<T> {}

impl<T: Linked> Queue<T> {
    const_new! {
        /// In which no task is, and which is nobody's.
        pub(super) fn new() -> Self {
            Self {
                first: Link::new(),
                last: Masked::new(Last(ptr::null())),
                asks: Masked::new(false),
                home: Masked::new(None),
            }
        }
    }

    /// It is one of `home` from now on.
    ///
    /// # Safety
    /// Nobody else knows of it yet; it stays where it is.
    #[inline(always)]
    pub(super) unsafe fn settle(&'static self, home: HomeRef) {
        // SAFETY: the contract.
        unsafe { self.home.begin(Some(home)) };
        // SAFETY: the contract.
        unsafe { self.last.begin(Last(&raw const self.first)) };
    }

    /// Whose it is.
    #[inline(always)]
    pub(super) fn home(&self, mask: Mask<'_>) -> Option<HomeRef> {
        self.home.get(mask)
    }

    /// Puts `task` behind the others.
    ///
    /// # Safety
    /// [Q1], [Q2], and it is in no queue.
    #[inline(always)]
    pub(super) unsafe fn push(&self, mask: Mask<'_>, task: NonNull<T>) {
        // SAFETY: [Q1] it is in a static.
        let link = unsafe { T::link(task).as_ref() };
        // SAFETY: [Q1], and we are putting it here.
        unsafe { link.set(None) };
        let Last(last) = self.last.replace(mask, Last(link));
        // SAFETY: [Q2], [Q1]: it is that of this queue, or of a header in it.
        let last = unsafe { &*last };
        // SAFETY: as above.
        unsafe { last.set(Some(task)) };
    }

    /// Whether who has pushed is to ring.
    #[inline(always)]
    pub(super) fn asks(&self, mask: Mask<'_>) -> bool {
        self.asks.get(mask) && ASKED.is_set()
    }

    /// Takes the first task, if there is one and `may` then says so.
    #[inline(always)]
    pub(super) fn pop_if(&self, mask: Mask<'_>, may: impl FnOnce() -> bool) -> Option<NonNull<T>> {
        // SAFETY: [Q1].
        let first = unsafe { self.first.get() }?;
        if !may() {
            return None;
        }
        // SAFETY: [Q1] it is in a static.
        let link = unsafe { T::link(first).as_ref() };
        // SAFETY: [Q1].
        let second = unsafe { link.get() };
        // SAFETY: [Q1].
        unsafe { self.first.set(second) };
        if second.is_none() {
            let _ = self.last.replace(mask, Last(&raw const self.first));
        }
        Some(first)
    }

    /// Whether no task is in it.
    #[inline(always)]
    pub(super) fn is_idle(&self, _: Mask<'_>) -> bool {
        // SAFETY: [Q1].
        unsafe { self.first.get() }.is_none()
    }

    /// Whoever pushes is to ring.
    #[inline(always)]
    pub(super) fn ask(&self, mask: Mask<'_>) {
        ASKED.set();
        self.asks.set(mask, true);
    }

    /// Nobody is to ring. Whether somebody was.
    #[inline(always)]
    pub(super) fn ask_not(&self, mask: Mask<'_>) -> bool {
        self.asks.replace(mask, false)
    }
}
