//! A chunk is a fixed piece of a worker's buffer memory; a chain is a queue of chunks that hold bytes in order.
//!
//! | a chunk is | it is named by                  | its bytes are                                  |
//! |------------|---------------------------------|------------------------------------------------|
//! | free       | the free list of its kind       | nobody's                                       |
//! | provided   | the kernel                      | written by the kernel, at any moment           |
//! | held       | one [`Chunk`], or one [`Chain`] | `start..end` are data, written by the holder   |
//!
//! There are two kinds: the first `providable` chunks may be provided to the kernel, of which the ring takes `ring` at a time; the others, made on
//! demand, carry what users write. What users fail to read costs providable chunks only, so it is bounded by their number.
//!
//! [I1] A chunk is in exactly one state; [`Chunk`] is neither `Clone` nor `Copy`, so whoever has one is its only holder.
//! [I2] The memory of a chunk never moves and is unmapped only with the pool.
//! [I3] A worker drops its pool when no operation is in flight; else it leaks the pool.

#![expect(unsafe_code, reason = "lends pieces of raw memory")]

use std::{ptr::NonNull, slice};

use super::{
    chain::{Chain, NONE},
    slab::Slab,
};

/// Chunks that are made at once, when there is none left to carry what users write.
const SLAB: u32 = 64;

/// A chunk that its holder alone may use.
#[derive(Debug)]
#[must_use = "a chunk that is dropped is lost: give it back to its pool"]
pub(crate) struct Chunk(u32);

#[derive(Clone, Copy)]
struct Meta {
    next: u32,
    start: u32,
    end: u32,
    provided: bool,
}

/// The buffer memory of one worker.
pub(crate) struct Pool {
    meta: Vec<Meta>,
    slabs: Vec<Slab>,
    /// Where the first slab begins, which has all chunks that may be provided.
    base: *mut u8,
    size: u32,
    providable: u32,
    free: [u32; 2],
    /// Chunks that the kernel has.
    provided: u32,
    /// Chunks of each kind that are held.
    held: [u32; 2],
}

impl Pool {
    /// What one holder may always have.
    pub(crate) const LEAST: usize = 2;

    /// A pool whose first `providable` chunks of `size` bytes, a multiple of 64, may be provided.
    pub(crate) fn new(size: u32, providable: u16) -> Self {
        let providable = u32::from(providable);
        let first = Slab::new(size as usize * providable as usize);
        let mut pool = Self {
            meta: Vec::new(),
            base: first.base(),
            slabs: vec![first],
            size,
            providable,
            free: [NONE; 2],
            provided: 0,
            held: [0; 2],
        };
        pool.extend(providable);
        pool
    }

    /// Adds `count` free chunks, whose memory stands.
    fn extend(&mut self, count: u32) {
        let first = self.meta.len() as u32;
        let meta = Meta { next: NONE, start: 0, end: 0, provided: false };
        self.meta.resize((first + count) as usize, meta);
        for id in (first..first + count).rev() {
            self.held[self.kind(id)] += 1;
            self.give(Chunk(id));
        }
    }

    /// 0: may be provided; 1: carries what users write.
    #[inline]
    fn kind(&self, id: u32) -> usize {
        usize::from(id >= self.providable)
    }

    /// Chunks that one holder may have: a share of those that nobody has, so that however many hold theirs for nothing, some are left for
    /// the others (the dynamic threshold of shared-memory switches: Choudhury, Hahne 1998).
    #[inline]
    pub(crate) fn share(&self) -> usize {
        ((self.providable - self.held[0]) as usize / 128).max(Self::LEAST)
    }

    /// Whether less than a quarter of the chunks that may be provided are left.
    #[inline]
    pub(crate) fn is_low(&self) -> bool {
        self.held[0] > self.providable / 4 * 3
    }

    /// Bytes that a chunk holds.
    pub(crate) fn size(&self) -> usize {
        self.size as usize
    }

    /// Chunks that the kernel has.
    #[inline]
    pub(crate) fn provided(&self) -> u32 {
        self.provided
    }

    /// Chunks that are neither free nor the kernel's.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn held(&self) -> usize {
        let mut held = self.meta.len() - self.provided as usize;
        for mut at in self.free {
            while at != NONE {
                held -= 1;
                at = self.meta[at as usize].next;
            }
        }
        held
    }

    /// A free chunk for what users write; makes more when there is none.
    pub(crate) fn take(&mut self) -> Chunk {
        if self.free[1] == NONE {
            self.slabs.push(Slab::new(self.size as usize * SLAB as usize));
            self.extend(SLAB);
        }
        let id = self.free[1];
        self.free[1] = self.meta[id as usize].next;
        self.reset(id);
        self.held[1] += 1;
        Chunk(id)
    }

    fn reset(&mut self, id: u32) {
        self.meta[id as usize] = Meta { next: NONE, start: 0, end: 0, provided: false };
    }

    /// A chunk comes back.
    #[inline]
    pub(crate) fn give(&mut self, chunk: Chunk) {
        let kind = self.kind(chunk.0);
        self.held[kind] -= 1;
        self.meta[chunk.0 as usize].next = self.free[kind];
        self.free[kind] = chunk.0;
    }

    /// All chunks of `chain` come back.
    #[inline]
    pub(crate) fn give_all(&mut self, chain: &mut Chain) {
        while let Some(chunk) = self.pop(chain) {
            self.give(chunk);
        }
    }

    /// Marks a free chunk as the kernel's: its number, address and size.
    #[inline]
    pub(crate) fn lend(&mut self) -> Option<(u16, *mut u8, u32)> {
        let id = self.free[0];
        if id == NONE {
            return None;
        }
        let meta = &mut self.meta[id as usize];
        meta.provided = true;
        self.free[0] = meta.next;
        self.provided += 1;
        Some((id as u16, self.at(id), self.size))
    }

    /// A chunk comes back. Where it can go to the kernel at once, as the kernel has fewer than `ring`: its number, address and size.
    #[inline]
    pub(crate) fn hand_on(&mut self, chunk: Chunk, ring: u32) -> Option<(u16, *mut u8, u32)> {
        if chunk.0 >= self.providable || self.provided >= ring {
            self.give(chunk);
            return None;
        }
        self.meta[chunk.0 as usize].provided = true;
        self.held[0] -= 1;
        self.provided += 1;
        Some((chunk.0 as u16, self.at(chunk.0), self.size))
    }

    /// Takes the only chunk of `chain`.
    #[inline]
    pub(crate) fn pop_only(&self, chain: &mut Chain) -> Option<Chunk> {
        let id = chain.head;
        (chain.count == 1).then(|| {
            *chain = Chain::EMPTY;
            Chunk(id)
        })
    }

    /// The kernel hands back the chunk `id` with `len` bytes in it; `None` where it never had it.
    #[inline]
    pub(crate) fn claim(&mut self, id: u16, len: u32) -> Option<Chunk> {
        let size = self.size;
        let meta = self.meta.get_mut(usize::from(id)).filter(|meta| meta.provided)?;
        *meta = Meta { next: NONE, start: 0, end: len.min(size), provided: false };
        self.provided -= 1;
        self.held[0] += 1;
        Some(Chunk(u32::from(id)))
    }

    /// Puts `chunk` at the end of `chain`.
    #[inline(always)]
    pub(crate) fn push(&mut self, chain: &mut Chain, chunk: Chunk) {
        let meta = &mut self.meta[chunk.0 as usize];
        meta.next = NONE;
        chain.bytes += meta.end - meta.start;
        chain.count += 1;
        match chain.tail {
            NONE => chain.head = chunk.0,
            tail => self.meta[tail as usize].next = chunk.0,
        }
        chain.tail = chunk.0;
    }

    /// Takes the first chunk of `chain`.
    #[inline]
    pub(crate) fn pop(&mut self, chain: &mut Chain) -> Option<Chunk> {
        if chain.head == NONE {
            return None;
        }
        let id = chain.head;
        let meta = self.meta[id as usize];
        chain.head = meta.next;
        if chain.head == NONE {
            chain.tail = NONE;
        }
        chain.count -= 1;
        chain.bytes -= meta.end - meta.start;
        Some(Chunk(id))
    }

    /// Keeps the first `count` bytes of `chain`, and gives back the chunks that hold none of them.
    pub(crate) fn truncate(&mut self, chain: &mut Chain, count: usize) {
        let mut rest = chain.take();
        while let Some(chunk) = self.pop(&mut rest) {
            let left = (count - chain.bytes()) as u32;
            if left == 0 {
                self.give(chunk);
                continue;
            }
            let meta = &mut self.meta[chunk.0 as usize];
            meta.end = meta.end.min(meta.start + left);
            self.push(chain, chunk);
        }
    }

    /// Drops the first `count` bytes of `chain`, which are there, giving back the chunks that become empty.
    #[inline]
    pub(crate) fn consume(&mut self, chain: &mut Chain, count: usize) {
        let mut left = count as u32;
        while left > 0 && chain.head != NONE {
            let meta = &mut self.meta[chain.head as usize];
            let here = meta.end - meta.start;
            if left < here {
                meta.start += left;
                chain.bytes -= left;
                return;
            }
            left -= here;
            if let Some(chunk) = self.pop(chain) {
                self.give(chunk);
            }
        }
    }

    /// Copies as much of `bytes` as fits behind the last chunk of `chain`, which must be one that users write to; how much that was.
    fn top_up(&mut self, chain: &mut Chain, bytes: &[u8]) -> usize {
        if chain.tail == NONE || chain.tail < self.providable {
            return 0;
        }
        let at = self.at(chain.tail);
        let size = self.size;
        let meta = &mut self.meta[chain.tail as usize];
        let count = bytes.len().min((size - meta.end) as usize);
        let at = at.wrapping_add(meta.end as usize);
        // SAFETY: [I1], [I2]: the chain holds the chunk, `end + count` is at most its size, and `bytes`, being borrowed,
        // is none of the bytes behind `end`, which nobody lends.
        unsafe { at.copy_from_nonoverlapping(bytes.as_ptr(), count) };
        meta.end += count as u32;
        chain.bytes += count as u32;
        count
    }

    /// Copies all of `bytes` to the end of `chain`.
    pub(crate) fn append(&mut self, chain: &mut Chain, mut bytes: &[u8]) {
        bytes = &bytes[self.top_up(chain, bytes)..];
        while !bytes.is_empty() {
            let chunk = self.take();
            self.push(chain, chunk);
            bytes = &bytes[self.top_up(chain, bytes)..];
        }
    }

    /// Copies what is in `chain`, but for the chunks that hold its first `keep` bytes, out of chunks that may be provided, and gives those back: as long
    /// as less is held by users and such copies than half of what may be provided.
    pub(crate) fn spill(&mut self, chain: &mut Chain, keep: usize) {
        let mut rest = chain.take();
        while chain.bytes() < keep
            && let Some(chunk) = self.pop(&mut rest)
        {
            self.push(chain, chunk);
        }
        while let Some(chunk) = self.pop(&mut rest) {
            let may = self.kind(chunk.0) == 0 && self.held[1] < self.providable / 2;
            let Some((at, len)) = self.piece(chunk.0).filter(|_| may) else {
                self.push(chain, chunk);
                continue;
            };
            // SAFETY: [I1] and [I2]: we hold the chunk, and `append` writes to chunks of the other kind.
            let bytes = unsafe { slice::from_raw_parts(at.as_ptr(), len as usize) };
            self.append(chain, bytes);
            self.give(chunk);
        }
    }

    /// Where the data of the first chunk of `chain` is, and how much.
    #[inline]
    pub(crate) fn front(&self, chain: &Chain) -> Option<(NonNull<u8>, u32)> {
        self.piece(chain.head)
    }

    /// The pieces of `chain`, in order.
    pub(crate) fn pieces<'a>(
        &'a self,
        chain: &Chain,
    ) -> impl Iterator<Item = (NonNull<u8>, u32)> + 'a {
        let mut at = chain.head;
        std::iter::from_fn(move || {
            let piece = self.piece(at)?;
            at = self.meta[at as usize].next;
            Some(piece)
        })
    }

    #[inline]
    fn piece(&self, id: u32) -> Option<(NonNull<u8>, u32)> {
        if id == NONE {
            return None;
        }
        let meta = self.meta[id as usize];
        let at = NonNull::new(self.at(id).wrapping_add(meta.start as usize))?;
        Some((at, meta.end - meta.start))
    }

    #[inline]
    fn at(&self, id: u32) -> *mut u8 {
        let size = self.size as usize;
        if id < self.providable {
            return self.base.wrapping_add(id as usize * size);
        }
        let id = id - self.providable;
        let slab = &self.slabs[1 + (id / SLAB) as usize];
        slab.base().wrapping_add((id % SLAB) as usize * size)
    }
}

/// The bytes at `at`, as long as `owner` is borrowed.
///
/// # Safety
/// `(at, len)` is a piece of a chain or a chunk that `owner` holds, and which nobody changes while `owner` is borrowed.
#[inline]
pub(crate) unsafe fn lend<T: ?Sized>((at, len): (NonNull<u8>, u32), _owner: &T) -> &[u8] {
    // SAFETY: [I1] and [I2] with the contract; all memory of the pool was zeroed when it was made, so it is initialised.
    unsafe { slice::from_raw_parts(at.as_ptr(), len as usize) }
}
