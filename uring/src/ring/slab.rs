//! A slab is memory that never moves, for the kernel to write to.
//!
//! [I1] It is unmapped when its pool is dropped, and then the kernel has no hand on it ([I3] of `buf`).

#![expect(unsafe_code, reason = "maps and unmaps memory")]

use std::{
    alloc::{Layout, handle_alloc_error},
    ptr::{self, NonNull},
};

/// Slabs begin on a page: a copy to just behind a page's start is six times slower on some processors.
const PAGE: usize = 4096;

/// Zeroed memory that never moves: a mapping, since what is never touched of one costs no memory.
pub(super) struct Slab {
    base: NonNull<u8>,
    bytes: usize,
}

impl Slab {
    /// At least `bytes` of them.
    pub(super) fn new(bytes: usize) -> Self {
        let bytes = bytes.max(1).next_multiple_of(PAGE);
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                ptr::null_mut(),
                bytes,
                rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                rustix::mm::MapFlags::PRIVATE,
            )
        };
        match base.map(|base| NonNull::new(base.cast())) {
            Ok(Some(base)) => Self { base, bytes },
            _ => handle_alloc_error(
                Layout::from_size_align(bytes, PAGE).unwrap_or(Layout::new::<u8>()),
            ),
        }
    }

    /// Where they begin: on a page.
    pub(super) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this size; [I1], the kernel has no hand on it.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "a mapping of ours can be unmapped");
    }
}
