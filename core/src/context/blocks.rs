//! Blocks of memory for boxed tasks: a bounded free list of each class of sizes, one set per executor.
//!
//! [B1] A block of class `c` comes from a [slab](super::slab) where such a class has a row of them, or else was allocated with `layout(c)`, and is in one list of its class, here or in the [depot], or in a task's hands, not both.
//! [B2] What has no class, being large or strictly aligned, comes from the allocator and goes back there.

#![expect(unsafe_code, reason = "hands out raw memory, and links what came back through itself")]

use core::{
    alloc::Layout,
    mem,
    ptr::{self, NonNull},
};

use alloc::alloc::{alloc, dealloc, handle_alloc_error};

use super::{
    depot::{self, Free},
    lock::HomeLock,
    size::{BATCH, CLASSES, MOST, Size, layout, row},
    slab,
};
use crate::lock::Locked;

#[derive(Clone, Copy)]
struct Class {
    first: *mut Free,
    len: usize,
}

/// The free blocks of an executor.
pub struct Blocks {
    classes: Locked<[Class; CLASSES], HomeLock>,
}

// SAFETY: the lists own their blocks, which are plain memory.
unsafe impl Send for Blocks {}

impl Blocks {
    crate::const_new! {
        /// None.
        pub fn new() -> Self {
            let class = Class { first: ptr::null_mut(), len: 0 };
            Self { classes: Locked::new_in([class; CLASSES]) }
        }
    }

    /// Changes the lists. `f` keeps to \[I2] of `lock`, and comes back nowhere here.
    #[inline(always)]
    fn change<R>(&self, f: impl FnOnce(&mut [Class; CLASSES]) -> R) -> R {
        #[cfg(not(feature = "std"))]
        return self.classes.with(f);
        // SAFETY: what changes a list is in this file, and calls nothing that leads back here.
        #[cfg(feature = "std")]
        unsafe {
            self.classes.with_alone(f)
        }
    }

    /// Memory for a task of this size.
    #[inline]
    pub fn take(&self, wanted: Size) -> NonNull<u8> {
        self.pop(wanted).unwrap_or_else(|| self.refill(wanted))
    }

    #[inline]
    fn pop(&self, wanted: Size) -> Option<NonNull<u8>> {
        self.change(|classes| {
            let class = classes.get_mut(wanted.class)?;
            let block = NonNull::new(class.first)?;
            // SAFETY: [B1], what is in a list is a `Free`, and ours.
            class.first = unsafe { block.as_ref() }.next;
            class.len -= 1;
            Some(block.cast())
        })
    }

    /// Takes a batch from the depot or from slabs, or a block from the allocator.
    #[cold]
    fn refill(&self, wanted: Size) -> NonNull<u8> {
        if wanted.class < CLASSES
            && let Some(first) = depot::take(wanted.class).or_else(|| cut_out(wanted))
        {
            self.classes.with(|classes| {
                classes[wanted.class] = Class { first: first.as_ptr(), len: BATCH[wanted.class] };
            });
        }
        self.pop(wanted).unwrap_or_else(|| allocate(wanted.allocated()))
    }

    /// Takes memory back. What is too many goes to the depot, or else to the allocator.
    ///
    /// # Safety
    /// It came from `take`, here or at another `Blocks`, with the same size, and nobody uses it any more.
    #[inline]
    pub unsafe fn put(&self, block: NonNull<u8>, wanted: Size) {
        // SAFETY: the contract is the same.
        if !unsafe { self.push(block, wanted) } {
            // SAFETY: the contract is the same.
            unsafe { self.spill(block, wanted) };
        }
    }

    /// `false`: there is no room.
    ///
    /// # Safety
    /// As of `put`.
    #[inline]
    unsafe fn push(&self, block: NonNull<u8>, wanted: Size) -> bool {
        self.change(|classes| {
            let Some(class) = classes.get_mut(wanted.class) else { return false };
            let fits = class.len < MOST[wanted.class];
            if fits {
                let free = block.cast::<Free>();
                // SAFETY: [B1], the block is ours and larger than a `Free`.
                unsafe { free.write(Free { next: class.first, below: ptr::null_mut() }) };
                class.first = free.as_ptr();
                class.len += 1;
            }
            fits
        })
    }

    /// Makes room: a batch of its class goes to the depot, or to the allocator. What has no class goes there alone.
    ///
    /// # Safety
    /// As of `put`; there is no room.
    #[cold]
    unsafe fn spill(&self, block: NonNull<u8>, wanted: Size) {
        if wanted.class < CLASSES {
            let batch = self.cut(wanted.class);
            // SAFETY: [D1] of `depot`, it is ours.
            if !unsafe { depot::put(wanted.class, batch) } {
                // SAFETY: [B1], it is ours.
                unsafe { free_all(wanted.class, batch.as_ptr()) };
            }
        }
        // SAFETY: the contract is the same.
        if !unsafe { self.push(block, wanted) } {
            // SAFETY: the contract is the same.
            unsafe { give_back(block, wanted) };
        }
    }

    /// Takes a batch out of a list that is full.
    fn cut(&self, class: usize) -> NonNull<Free> {
        self.classes.with(|classes| {
            let Class { first, len } = &mut classes[class];
            // SAFETY: a list that is full is longer than a batch, so none of these is missing [B1].
            let batch = unsafe { NonNull::new_unchecked(*first) };
            let mut last = batch;
            for _ in 1..BATCH[class] {
                // SAFETY: as above.
                let next = unsafe { last.as_ref() }.next;
                // SAFETY: as above.
                last = unsafe { NonNull::new_unchecked(next) };
            }
            // SAFETY: [B1], they are ours.
            *first = mem::replace(unsafe { &mut last.as_mut().next }, ptr::null_mut());
            *len -= BATCH[class];
            batch
        })
    }

    /// Gives all of them back to the allocator.
    pub fn clear(&self) {
        for class in 0..CLASSES {
            let empty = Class { first: ptr::null_mut(), len: 0 };
            let first = self.classes.with(|classes| mem::replace(&mut classes[class], empty)).first;
            // SAFETY: [B1].
            unsafe { free_all(class, first) };
        }
    }
}

impl Default for Blocks {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A batch of new blocks, where they come from slabs.
fn cut_out(wanted: Size) -> Option<NonNull<Free>> {
    row(wanted.class).map(|row| slab::take(row, BATCH[wanted.class]))
}

/// Gives these blocks to their slabs, or to the allocator.
///
/// # Safety
/// [B1], they are the caller's.
pub(super) unsafe fn free_all(class: usize, mut first: *mut Free) {
    if let Some(row) = row(class) {
        // SAFETY: [B1], and they are ours.
        return unsafe { slab::give(row, first) };
    }
    while let Some(block) = NonNull::new(first) {
        // SAFETY: [B1], what was in a list is a `Free`, and ours.
        first = unsafe { block.as_ref() }.next;
        // SAFETY: [B1].
        unsafe { dealloc(block.as_ptr().cast(), layout(class)) };
    }
}

/// Memory for a task of this size, from the allocator.
#[cfg(feature = "std")]
pub(super) fn lay(wanted: Size) -> NonNull<u8> {
    match row(wanted.class) {
        Some(row) => slab::take(row, 1).cast(),
        None => allocate(wanted.allocated()),
    }
}

#[cold]
fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: no task has size zero, its header is part of it.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives the memory of a task to its slab or the allocator, from any thread.
///
/// # Safety
/// It came from [`Blocks::take`] with this size, and nobody uses it any more.
#[cold]
pub(super) unsafe fn give_back(block: NonNull<u8>, wanted: Size) {
    if let Some(row) = row(wanted.class) {
        let free = block.cast::<Free>();
        // SAFETY: [B1], the block is ours and larger than a `Free`.
        unsafe { free.write(Free { next: ptr::null_mut(), below: ptr::null_mut() }) };
        // SAFETY: likewise.
        return unsafe { slab::give(row, free.as_ptr()) };
    }
    // SAFETY: [B1] and [B2] say with which layout it was allocated.
    unsafe { dealloc(block.as_ptr(), wanted.allocated()) };
}
