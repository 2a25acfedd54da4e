//! Memory for tasks: free blocks of an executor, or the allocator's.
//!
//! | a task of              | takes it from                       | gives it back to                                      |
//! |------------------------|-------------------------------------|-------------------------------------------------------|
//! | a Home                 | the blocks of that                  | those, on its thread; elsewhere to the allocator      |
//! | a pool, so no thread   | the blocks of the Home that is current, or else of the thread | the same, of the thread on which it is freed |
//!
//! Where such blocks run out they come from the [depot](super::depot), and what is too many goes there.

#![expect(unsafe_code, reason = "hands out raw memory")]

use core::{mem, ptr::NonNull};

#[cfg(feature = "std")]
use super::{blocks::lay, entered};
use super::{
    blocks::{Blocks, give_back},
    entered::is_current,
    handle::{HOME_IS_KNOWN, Head, HomeRef},
    size::Size,
};
#[cfg(feature = "std")]
use crate::thread_local_static;

impl HomeRef {
    /// Memory for a task, and the handle for its header. `None`: it takes no tasks.
    ///
    /// # Safety
    /// With `std`: this is the home thread.
    #[inline]
    pub(crate) unsafe fn lay(&self, size: Size) -> Option<(NonNull<u8>, Self)> {
        // SAFETY: the contract is the same.
        self.is_open().then(|| unsafe { self.lay_open(size) })
    }

    /// Memory for a task, and the handle for its header.
    ///
    /// # Safety
    /// With `std`: this is the home thread, and it is known that it takes tasks.
    #[inline(always)]
    pub(crate) unsafe fn lay_open(&self, size: Size) -> (NonNull<u8>, Self) {
        let block = self.head().blocks().take(size);
        // SAFETY: the contract is the same.
        (block, unsafe { self.another() })
    }

    /// A handle more, from one that takes tasks.
    ///
    /// # Safety
    /// As for `lay_open`.
    #[inline(always)]
    unsafe fn another(&self) -> Self {
        if !HOME_IS_KNOWN {
            return self.clone();
        }
        let head = self.as_ptr().cast_mut().cast::<Head>();
        // SAFETY: a handle names a Head.
        let head = unsafe { NonNull::new_unchecked(head) };
        // SAFETY: [C1] and [C2] of `handle`: it is open, so it has a Local, and this is its thread (contract).
        unsafe { Head::handle(head) }
    }

    /// Gives back the memory of a task, and the handle of its header.
    ///
    /// # Safety
    /// `block` comes from the blocks of some Home, for this size, and nothing uses it any more.
    #[inline(always)]
    pub(crate) unsafe fn clear(self, block: NonNull<u8>, size: Size) {
        if is_current(self.as_ptr()) {
            // SAFETY: the contract is the same.
            unsafe { self.head().blocks().put(block, size) };
            // [C2] of `handle`: it is current.
            self.head().recount(-1);
            return mem::forget(self);
        }
        if HOME_IS_KNOWN {
            // SAFETY: the contract is the same.
            return unsafe { give_back(block, size) };
        }
        // SAFETY: the contract is the same.
        unsafe { self.head().blocks().put(block, size) };
    }
}

impl HomeRef {
    /// Memory for what goes with a task of this Home that is not known yet.
    #[inline]
    pub(crate) fn lay_beside(&self, size: Size) -> NonNull<u8> {
        #[cfg(feature = "std")]
        return lay_anywhere(size);
        #[cfg(not(feature = "std"))]
        self.head().blocks().take(size)
    }
}

/// Where that memory goes in a turn of such a task, of this Home: with `std` to the blocks of the Home that is current.
#[inline]
pub(crate) fn blocks_beside<'a>(home: impl FnOnce() -> Option<&'a HomeRef>) -> Option<&'a Blocks> {
    #[cfg(feature = "std")]
    {
        let _ = home;
        of_home()
    }
    #[cfg(not(feature = "std"))]
    Some(home()?.head().blocks())
}

/// Gives that memory back, there or wherever this is.
///
/// # Safety
/// `block` comes from [`lay_beside`](HomeRef::lay_beside), for this size, and nothing uses it any more.
#[inline(always)]
pub(crate) unsafe fn clear_beside(blocks: Option<&Blocks>, block: NonNull<u8>, size: Size) {
    match blocks {
        // SAFETY: the contract is the same.
        Some(blocks) => unsafe { blocks.put(block, size) },
        // SAFETY: the contract is the same.
        #[cfg(feature = "std")]
        None => unsafe { clear_anywhere(block, size) },
        // SAFETY: the contract is the same.
        #[cfg(not(feature = "std"))]
        None => unsafe { give_back(block, size) },
    }
}

#[cfg(feature = "std")]
// The free blocks of a thread without a Home.
thread_local_static!(static OF_THREAD: Blocks = Blocks::new());

/// The free blocks of the Home that is current.
#[cfg(feature = "std")]
#[inline]
fn of_home<'a>() -> Option<&'a Blocks> {
    // SAFETY: [C2] of `current`: it is alive, in this frame; and this is its thread.
    Some(unsafe { entered::home().cast::<Head>().as_ref() }?.blocks())
}

/// Memory for a task that belongs to no thread: it may end on another.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn lay_anywhere(size: Size) -> NonNull<u8> {
    match of_home() {
        Some(blocks) => blocks.take(size),
        // A thread that is about to end has none.
        None => OF_THREAD.try_with(|blocks| blocks.take(size)).unwrap_or_else(|_| lay(size)),
    }
}

/// Gives that memory back, wherever this is.
///
/// # Safety
/// `block` comes from [`lay_anywhere`], for this size, and nothing uses it any more.
#[cfg(feature = "std")]
#[inline]
pub(crate) unsafe fn clear_anywhere(block: NonNull<u8>, size: Size) {
    // SAFETY: the contract is the same.
    let put = |blocks: &Blocks| unsafe { blocks.put(block, size) };
    match of_home() {
        Some(blocks) => put(blocks),
        None if OF_THREAD.try_with(put).is_ok() => {}
        // SAFETY: the contract is the same.
        None => unsafe { give_back(block, size) },
    }
}
