//! Boxed tasks: their memory comes from a bounded free list of blocks, one per executor.
//!
//! [B1] A block of class `c` was allocated with `layout(c)`, and is in the list of its class or in a task's hands, not both.
//! [B2] What has no class, being large or strictly aligned, comes from the allocator and goes back there.

#![expect(unsafe_code, reason = "hands out raw memory, and links what came back through itself")]

use core::{
    alloc::Layout,
    future::Future,
    marker::PhantomData,
    ptr::{self, NonNull},
};

use alloc::alloc::{alloc, dealloc, handle_alloc_error};

use super::{
    attributes::Name,
    cell::{Storage, TaskCell},
    header::Header,
    join::{JoinHandle, Spawned},
};
use crate::{
    context::{HomeLock, HomeRef},
    lock::Locked,
};

/// Sizes of blocks: 120, 184, 248, 376, .. 49144 bytes. With the word that allocators put before a block, those of a class lie at whole cache lines from
/// each other, and none is lost.
const CLASSES: usize = 18;
/// That word.
const WORD: usize = 8;
/// Blocks are aligned as allocators do by themselves: for more they spend a line.
const ALIGN: usize = 16;
/// How many bytes of each class are kept, but four blocks at least.
const KEPT_BYTES: usize = 1 << 20;

/// The smallest class that fits, if there is one.
#[inline]
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

    /// Memory of at least this layout.
    #[inline]
    pub fn take(&self, wanted: Layout) -> NonNull<u8> {
        let Some(class) = class_of(wanted) else { return allocate(wanted) };
        let block = self.classes.with(|classes| {
            let class = &mut classes[class];
            let block = NonNull::new(class.first)?;
            // SAFETY: [B1], what is in a list is a `Free`, and ours.
            class.first = unsafe { block.as_ref() }.next;
            class.len -= 1;
            Some(block.cast())
        });
        block.unwrap_or_else(|| allocate(layout(class)))
    }

    /// Takes memory back. What is too many goes to the allocator.
    ///
    /// # Safety
    /// It came from `take`, here or at another `Blocks`, with the same layout, and nobody uses it any more.
    #[inline]
    pub unsafe fn put(&self, block: NonNull<u8>, wanted: Layout) {
        let kept = class_of(wanted).is_some_and(|class| {
            let most = (KEPT_BYTES / size(class)).max(4);
            self.classes.with(|classes| {
                let class = &mut classes[class];
                let fits = class.len < most;
                if fits {
                    let free = block.cast::<Free>();
                    // SAFETY: [B1], the block is ours and larger than a `Free`.
                    unsafe { free.write(Free { next: class.first }) };
                    class.first = free.as_ptr();
                    class.len += 1;
                }
                fits
            })
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

#[cold]
fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: no task has size zero, its header is part of it.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives the memory of a task to the allocator, from any thread.
///
/// # Safety
/// It came from [`Blocks::take`] with this layout, and nobody uses it any more.
pub unsafe fn give_back(block: NonNull<u8>, wanted: Layout) {
    let layout = class_of(wanted).map_or(wanted, layout);
    // SAFETY: [B1] and [B2] say with which layout it was allocated.
    unsafe { dealloc(block.as_ptr(), layout) };
}

/// What stands in the block: the task, and behind it its name.
#[repr(C)]
struct Named<F: Future, N> {
    cell: TaskCell<F>,
    name: N,
}

/// In a block of the task's Home, with a name.
struct Boxed<N>(PhantomData<N>);

impl<F: Future, N: Name> Storage<F> for Boxed<N> {
    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: no reference is left (contract).
        let home = unsafe { Header::dissolve(task) };
        // SAFETY: it was laid for this layout, see `spawn_in`; nothing is left in it.
        unsafe { home.clear(task.cast(), layout_of::<F, N>()) };
    }

    unsafe fn name(task: NonNull<Header>) -> Option<&'static str> {
        // SAFETY: the header stands at the beginning of one, see `spawn_in`; it is alive (contract).
        let name = unsafe { &raw const (*task.cast::<Named<F, N>>().as_ptr()).name };
        // SAFETY: it was written before the task was made, and is changed no more.
        unsafe { name.read() }.text()
    }
}

/// The layout of the block that `spawn_in` needs for `F`.
pub const fn layout_of<F: Future, N: Name>() -> Layout {
    Layout::new::<Named<F, N>>()
}

/// Makes a task of `future` in `block`: its header, to be handed to its Home, and its handle.
///
/// # Safety
/// `block` is from the Home's [`Blocks`] for `layout_of::<F, N>()`, and `home` is the handle counted for it. The task is handed to it.
#[inline]
pub unsafe fn spawn_in<F: Future + 'static, N: Name>(
    block: NonNull<u8>,
    home: HomeRef,
    name: N,
    future: F,
) -> Spawned<F::Output> {
    // SAFETY: the block fits.
    let place = unsafe { &raw mut (*block.cast::<Named<F, N>>().as_ptr()).name };
    // SAFETY: as above.
    unsafe { place.write(name) };
    // SAFETY: the block fits, and is the task's until `Boxed::free`; the cell stands first in it.
    let (task, joining) = unsafe { TaskCell::write::<Boxed<N>>(block, home, future) };
    (task, JoinHandle::new(joining))
}
