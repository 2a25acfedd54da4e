//! The heap, counted: how often it was asked for a block, and how many bytes of it are in use. Only while it is told to count, so that what is measured by
//! the clock pays for a look at a flag, and nothing else.

#![expect(unsafe_code, reason = "a global allocator")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
};

// ordering: Relaxed throughout: they count, and publish nothing.
static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, which counts for all threads. A program of this package makes it its global allocator.
#[derive(Debug)]
pub struct Counting;

/// What was counted so far.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// Blocks that were asked for, and blocks that were made larger.
    pub allocations: u64,
    /// Bytes in use, those in use before the first count left out.
    pub bytes: i64,
}

/// Counts from now on.
pub fn count() {
    COUNTING.store(true, Relaxed);
}

/// What was counted so far.
pub fn counted() -> Count {
    Count { allocations: ALLOCATIONS.load(Relaxed), bytes: BYTES.load(Relaxed) }
}

fn note(allocations: u64, bytes: i64) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Relaxed);
        BYTES.fetch_add(bytes, Relaxed);
    }
}

// SAFETY: all is left to `System`; noting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the contract is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the contract is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: the contract is the same.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as i64 - layout.size() as i64);
        // SAFETY: the contract is the same.
        unsafe { System.realloc(block, layout, size) }
    }
}
