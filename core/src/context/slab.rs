//! A slab: memory for blocks of one class, with a *tag* for each of them. The tags of a slab stand close together, apart from the blocks, and are found from a block's address
//! alone: so whoever wants no more than its tag touches no block.
//!
//! ```text
//!   0        16 KiB          128 KiB + 16                                  1 MiB - 64
//!   | itself |  tags         |  block  |  block  |  ..                       |
//! ```
//! There are 8 bytes for each 64 of blocks, of which the tag of a block has the first 16: a block is longer than two lines, and begins 16 or 48 bytes behind the
//! beginning of one.
//!
//! Slabs are so large that a crowd's tags come in long runs, which caches foresee: with 64 KiB a wake took half as long again. What was never taken of one was never touched, so an
//! operating system has given no memory for it.
//!
//! | a slab               | is in its class's list | a block                                                       |
//! |----------------------|------------------------|---------------------------------------------------------------|
//! | has free blocks      | yes                    | that comes back was the first: likewise                       |
//! | has none             | no                     | that comes back brings it into the list                       |
//! | all are free         | yes, if it is alone    | that comes back last gives the slab to the allocator otherwise |
//!
//! [S1] Slabs lie at multiples of their SIZE, so the address of what is in one says where it begins.
//! [S2] A slab lives while one of its blocks is taken. What belongs to it, and is neither a block's nor a tag's, is changed under the lock.
//! [S3] The tag of a block that is taken is of whoever has the block.

#![expect(unsafe_code, reason = "hands out raw memory, and finds slabs from addresses")]

use core::{
    alloc::Layout,
    ptr::{self, NonNull},
};

use alloc::alloc::{alloc, dealloc, handle_alloc_error};

use super::size::{SLABBED, stride};
use crate::{
    lock::{Lock, Locked},
    shared_static,
};

/// What is between the beginnings of two.
const SIZE: usize = 1 << 20;
/// One ends a bit earlier, so that an allocator's word before the next has room, and slabs lie side by side.
const LAYOUT: Layout = match Layout::from_size_align(SIZE - 64, SIZE) {
    Ok(layout) => layout,
    Err(_) => panic!("a slab is small"),
};
/// Where the first block begins.
const FIRST: usize = SIZE / 8 + 16;

/// A block that is in a list: see `blocks`.
pub(super) use super::depot::Free;

/// What stands at the beginning of a slab.
struct Slab {
    older: *mut Slab,
    newer: *mut Slab,
    /// Those that came back.
    free: *mut Free,
    /// How many are taken.
    taken: usize,
    /// Where those begin that were never taken.
    fresh: usize,
}

const _: () = assert!(size_of::<Slab>() <= (FIRST - 16) / 8, "before the first tag");

/// The slabs of a class that have free blocks: the newest.
#[derive(Clone, Copy)]
struct Row(*mut Slab);

// SAFETY: slabs are plain memory.
unsafe impl Send for Row {}

shared_static!(static ROWS: Locked<[Row; SLABBED], Lock> =
    Locked::new_in([Row(ptr::null_mut()); SLABBED]));

/// The address of the tag of the block at this address: 16 bytes, aligned to 8, whose provenance was exposed. Any address has one; it is of use where a block of a slab begins.
#[inline(always)]
pub(crate) fn tag_of(block: usize) -> usize {
    (block & !(SIZE - 1)) + ((block & (SIZE - 1)) >> 3 & !7)
}

/// So many blocks of the class with this [number](super::size::row), linked in the order of their addresses where they are new.
pub(super) fn take(number: usize, count: usize) -> NonNull<Free> {
    let (mut first, mut last, mut missing) = (ptr::null_mut(), ptr::null_mut(), count);
    let mut fresh = ptr::null_mut();
    loop {
        ROWS.with(|rows| {
            let row = &mut rows[number];
            if let Some(slab) = NonNull::new(fresh) {
                // SAFETY: it is new, and of this class.
                unsafe { row.link(slab) };
            }
            while missing > 0
                && let Some(block) = row.pop(number)
            {
                missing -= 1;
                chain(block, &mut first, &mut last);
            }
        });
        match NonNull::new(first) {
            Some(first) if missing == 0 => return first,
            // Who allocates is somebody else: not under the lock.
            _ => fresh = create().as_ptr(),
        }
    }
}

/// Puts a block behind the last.
fn chain(block: NonNull<Free>, first: &mut *mut Free, last: &mut *mut Free) {
    // SAFETY: it was taken just now, and is larger than a `Free`.
    unsafe { block.write(Free { next: ptr::null_mut(), below: ptr::null_mut() }) };
    match NonNull::new(*last) {
        // SAFETY: likewise.
        Some(mut last) => unsafe { last.as_mut() }.next = block.as_ptr(),
        None => *first = block.as_ptr(),
    }
    *last = block.as_ptr();
}

/// Takes blocks back, linked, from any thread.
///
/// # Safety
/// They come from `take`, of this class, and are the caller's.
pub(super) unsafe fn give(number: usize, mut first: *mut Free) {
    let mut empty: *mut Slab = ptr::null_mut();
    ROWS.with(|rows| {
        while let Some(block) = NonNull::new(first) {
            // SAFETY: it is ours (contract).
            first = unsafe { block.as_ref() }.next;
            // SAFETY: the contract is the same.
            if let Some(mut slab) = unsafe { rows[number].put(block, number) } {
                // SAFETY: it is in no list, and all its blocks are free.
                unsafe { slab.as_mut() }.older = empty;
                empty = slab.as_ptr();
            }
        }
    });
    while let Some(slab) = NonNull::new(empty) {
        // SAFETY: as above.
        empty = unsafe { slab.as_ref() }.older;
        // SAFETY: [S2] none of its blocks is taken, and nobody finds it any more.
        unsafe { dealloc(slab.as_ptr().cast(), LAYOUT) };
    }
}

/// A slab of which no block was taken.
#[cold]
fn create() -> NonNull<Slab> {
    // SAFETY: its size is not zero.
    let memory = unsafe { alloc(LAYOUT) };
    let Some(slab) = NonNull::new(memory.cast::<Slab>()) else { handle_alloc_error(LAYOUT) };
    let (older, newer, free) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: it is ours, and large enough.
    unsafe { slab.write(Slab { older, newer, free, taken: 0, fresh: FIRST }) };
    // Tags, and the slab itself, are found from addresses.
    let _ = slab.as_ptr().expose_provenance();
    slab
}

/// The slab in which the block lies.
fn slab_of(block: NonNull<Free>) -> NonNull<Slab> {
    let slab = ptr::with_exposed_provenance_mut(block.as_ptr().addr() & !(SIZE - 1));
    // SAFETY: [S1], and nothing lies at zero.
    unsafe { NonNull::new_unchecked(slab) }
}

impl Slab {
    /// Whether it has none that is free.
    fn is_full(&self, number: usize) -> bool {
        self.free.is_null() && self.fresh + stride(number) > LAYOUT.size()
    }
}

impl Row {
    /// # Safety
    /// The slab is of this class, and in no list.
    unsafe fn link(&mut self, mut slab: NonNull<Slab>) {
        // SAFETY: it lives, and [S2].
        let parts = unsafe { slab.as_mut() };
        (parts.older, parts.newer) = (self.0, ptr::null_mut());
        if let Some(mut older) = NonNull::new(self.0) {
            // SAFETY: likewise.
            unsafe { older.as_mut() }.newer = slab.as_ptr();
        }
        self.0 = slab.as_ptr();
    }

    /// # Safety
    /// It is in this list.
    unsafe fn unlink(&mut self, slab: NonNull<Slab>) {
        // SAFETY: it lives, and [S2].
        let Slab { older, newer, .. } = *unsafe { slab.as_ref() };
        if let Some(mut older) = NonNull::new(older) {
            // SAFETY: likewise.
            unsafe { older.as_mut() }.newer = newer;
        }
        match NonNull::new(newer) {
            // SAFETY: likewise.
            Some(mut newer) => unsafe { newer.as_mut() }.older = older,
            None => self.0 = older,
        }
    }

    /// Takes a block, if there is a slab.
    fn pop(&mut self, number: usize) -> Option<NonNull<Free>> {
        let mut slab = NonNull::new(self.0)?;
        // SAFETY: what is in the list lives, and [S2].
        let parts = unsafe { slab.as_mut() };
        let block = match NonNull::new(parts.free) {
            Some(block) => {
                // SAFETY: what came back is a `Free`, and the slab's.
                parts.free = unsafe { block.as_ref() }.next;
                block
            }
            None => {
                // SAFETY: what is in the list is not full, so this lies within it.
                let block = unsafe { slab.cast::<u8>().add(parts.fresh) };
                parts.fresh += stride(number);
                block.cast()
            }
        };
        parts.taken += 1;
        if parts.is_full(number) {
            // SAFETY: it is in this list.
            unsafe { self.unlink(slab) };
        }
        Some(block)
    }

    /// Takes a block back. A slab of which none is taken then, and which is in no list any more.
    ///
    /// # Safety
    /// It was taken, of this class, and is the caller's.
    unsafe fn put(&mut self, mut block: NonNull<Free>, number: usize) -> Option<NonNull<Slab>> {
        let mut slab = slab_of(block);
        // SAFETY: [S2] a block of it is taken, this one.
        let parts = unsafe { slab.as_mut() };
        if parts.is_full(number) {
            // SAFETY: what is full is in no list.
            unsafe { self.link(slab) };
        }
        // SAFETY: as above.
        let parts = unsafe { slab.as_mut() };
        // SAFETY: it is ours (contract).
        unsafe { block.as_mut() }.next = parts.free;
        parts.free = block.as_ptr();
        parts.taken -= 1;
        let alone = parts.older.is_null() && parts.newer.is_null();
        if parts.taken > 0 || alone {
            return None;
        }
        // SAFETY: it is in this list.
        unsafe { self.unlink(slab) };
        Some(slab)
    }
}
