//! Memory for tasks that belong to no thread: they may be made on one, and end on another.
//!
//! | where                       | it comes from, and goes to         |
//! |-----------------------------|------------------------------------|
//! | within a turn of an executor | the free blocks of that executor   |
//! | elsewhere                   | the allocator                      |

#![expect(unsafe_code, reason = "hands out raw memory")]

use core::ptr::NonNull;

use super::{
    blocks::{Blocks, Size, give_back, lay},
    entered,
    handle::Head,
};

/// The free blocks of the Home that is current.
#[inline]
fn blocks_here<'a>() -> Option<&'a Blocks> {
    // SAFETY: [C2] of `current`: it is alive, in this frame; and this is its thread.
    Some(unsafe { entered::home().cast::<Head>().as_ref() }?.blocks())
}

/// Memory for a task that belongs to no thread: it may end on another.
#[inline]
pub(crate) fn lay_anywhere(size: Size) -> NonNull<u8> {
    blocks_here().map_or_else(|| lay(size), |blocks| blocks.take(size))
}

/// Gives that memory back, wherever this is.
///
/// # Safety
/// `block` comes from [`lay_anywhere`], for this size, and nothing uses it any more.
#[inline]
pub(crate) unsafe fn clear_anywhere(block: NonNull<u8>, size: Size) {
    match blocks_here() {
        // SAFETY: the contract is the same.
        Some(blocks) => unsafe { blocks.put(block, size) },
        // SAFETY: the contract is the same.
        None => unsafe { give_back(block, size) },
    }
}
