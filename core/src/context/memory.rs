//! Memory for tasks: free blocks of an executor, or the allocator's.
//!
//! | a task of              | takes it from                       | gives it back to                                      |
//! |------------------------|-------------------------------------|-------------------------------------------------------|
//! | a Home                 | the blocks of that                  | those, on its thread; elsewhere to the allocator      |
//! | a pool, so no thread   | the blocks of the Home that is current, or else the allocator | likewise, where it ends     |

#![expect(unsafe_code, reason = "hands out raw memory")]

use core::ptr::NonNull;

#[cfg(feature = "std")]
use super::{
    blocks::{Blocks, lay},
    entered,
    handle::Head,
};
use super::{
    blocks::{Size, give_back},
    entered::is_current,
    handle::{HOME_IS_KNOWN, HomeRef},
};

impl HomeRef {
    /// Memory for a task, and the handle for its header.
    ///
    /// # Safety
    /// With `std`: this is the home thread, and it is known that it takes tasks.
    #[inline(always)]
    pub(crate) unsafe fn lay_open(&self, size: Size) -> (NonNull<u8>, Self) {
        (self.head().blocks().take(size), self.another())
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
            return self.let_go_here();
        }
        if HOME_IS_KNOWN {
            // SAFETY: the contract is the same.
            return unsafe { give_back(block, size) };
        }
        // SAFETY: the contract is the same.
        unsafe { self.head().blocks().put(block, size) };
    }
}

/// The free blocks of the Home that is current.
#[cfg(feature = "std")]
#[inline]
fn blocks_here<'a>() -> Option<&'a Blocks> {
    // SAFETY: [C2] of `current`: it is alive, in this frame; and this is its thread.
    Some(unsafe { entered::home().cast::<Head>().as_ref() }?.blocks())
}

/// Memory for a task that belongs to no thread: it may end on another.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn lay_anywhere(size: Size) -> NonNull<u8> {
    blocks_here().map_or_else(|| lay(size), |blocks| blocks.take(size))
}

/// Gives that memory back, wherever this is.
///
/// # Safety
/// `block` comes from [`lay_anywhere`], for this size, and nothing uses it any more.
#[cfg(feature = "std")]
#[inline]
pub(crate) unsafe fn clear_anywhere(block: NonNull<u8>, size: Size) {
    match blocks_here() {
        // SAFETY: the contract is the same.
        Some(blocks) => unsafe { blocks.put(block, size) },
        // SAFETY: the contract is the same.
        None => unsafe { give_back(block, size) },
    }
}
