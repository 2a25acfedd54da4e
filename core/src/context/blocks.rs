//! Blocks of memory for boxed tasks: a bounded free list of each class of sizes, one set per executor.
//!
//! [B1] A block of class `c` was allocated with `layout(c)`, and is in the list of its class or in a task's hands, not both.
//! [B2] What has no class, being large or strictly aligned, comes from the allocator and goes back there.

#![expect(unsafe_code, reason = "hands out raw memory, and links what came back through itself")]

use core::{
    alloc::Layout,
    ptr::{self, NonNull},
};

use alloc::alloc::{alloc, dealloc, handle_alloc_error};

use super::lock::HomeLock;
use crate::lock::Locked;

/// Sizes of blocks: 120, 184, 248, 376, .. 49144 bytes. With the word that allocators put before a block, those of a class lie at whole cache lines from
/// each other, and none is lost.
const CLASSES: usize = 18;
/// That word.
const WORD: usize = 8;
/// Blocks are aligned as allocators do by themselves: for more they spend a line.
const ALIGN: usize = 16;
/// How many bytes of each class are kept, but four blocks at least.
const KEPT_BYTES: usize = 1 << 20;

/// What a task needs: its layout, and the class of its block, worked out where the task's type is known.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    layout: Layout,
    /// [`CLASSES`] where none fits.
    class: usize,
}

impl Size {
    /// Of this layout.
    pub const fn of(layout: Layout) -> Self {
        let class = match class_of(layout) {
            Some(class) => class,
            None => CLASSES,
        };
        Self { layout, class }
    }

    /// With what layout the block is allocated.
    const fn allocated(self) -> Layout {
        if self.class < CLASSES { layout(self.class) } else { self.layout }
    }
}

/// The smallest class that fits, if there is one.
const fn class_of(wanted: Layout) -> Option<usize> {
    if wanted.align() > ALIGN || wanted.size() > size(CLASSES - 1) {
        return None;
    }
    if wanted.size() <= size(0) {
        return Some(0);
    }
    // More than 2^power, and at most twice that.
    let power = (wanted.size() + WORD - 1).ilog2() as usize;
    let half = 2 * (power - 7) + 1;
    Some(if wanted.size() <= size(half) { half } else { half + 1 })
}

const fn size(class: usize) -> usize {
    ((if class.is_multiple_of(2) { 128 } else { 192 }) << (class / 2)) - WORD
}

const fn layout(class: usize) -> Layout {
    match Layout::from_size_align(size(class), ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("sizes of classes are small"),
    }
}

/// How many blocks of each class are kept.
const MOST: [usize; CLASSES] = {
    let (mut most, mut class) = ([4; CLASSES], 0);
    while class < CLASSES {
        if KEPT_BYTES / size(class) > 4 {
            most[class] = KEPT_BYTES / size(class);
        }
        class += 1;
    }
    most
};

/// A block that is in a list.
struct Free {
    next: *mut Free,
}

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
        let block = self.change(|classes| {
            let class = classes.get_mut(wanted.class)?;
            let block = NonNull::new(class.first)?;
            // SAFETY: [B1], what is in a list is a `Free`, and ours.
            class.first = unsafe { block.as_ref() }.next;
            class.len -= 1;
            Some(block.cast())
        });
        block.unwrap_or_else(|| lay(wanted))
    }

    /// Takes memory back. What is too many goes to the allocator.
    ///
    /// # Safety
    /// It came from `take`, here or at another `Blocks`, with the same size, and nobody uses it any more.
    #[inline]
    pub unsafe fn put(&self, block: NonNull<u8>, wanted: Size) {
        let kept = self.change(|classes| {
            let Some(class) = classes.get_mut(wanted.class) else { return false };
            let fits = class.len < MOST[wanted.class];
            if fits {
                let free = block.cast::<Free>();
                // SAFETY: [B1], the block is ours and larger than a `Free`.
                unsafe { free.write(Free { next: class.first }) };
                class.first = free.as_ptr();
                class.len += 1;
            }
            fits
        });
        if !kept {
            // SAFETY: the contract is the same.
            unsafe { give_back(block, wanted) };
        }
    }

    /// Gives all of them back to the allocator.
    pub fn clear(&self) {
        for class in 0..CLASSES {
            let empty = Class { first: ptr::null_mut(), len: 0 };
            let mut first =
                self.classes.with(|classes| core::mem::replace(&mut classes[class], empty)).first;
            while let Some(block) = NonNull::new(first) {
                // SAFETY: [B1], what was in a list is a `Free`, and ours.
                first = unsafe { block.as_ref() }.next;
                // SAFETY: [B1].
                unsafe { dealloc(block.as_ptr().cast(), layout(class)) };
            }
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

/// Memory for a task of this size, from the allocator.
pub(super) fn lay(wanted: Size) -> NonNull<u8> {
    allocate(wanted.allocated())
}

#[cold]
fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: no task has size zero, its header is part of it.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives the memory of a task to the allocator, from any thread.
///
/// # Safety
/// It came from [`Blocks::take`] with this size, and nobody uses it any more.
#[cold]
pub(super) unsafe fn give_back(block: NonNull<u8>, wanted: Size) {
    // SAFETY: [B1] and [B2] say with which layout it was allocated.
    unsafe { dealloc(block.as_ptr(), wanted.allocated()) };
}
