//! The ring of provided buffers: through it the kernel is given the memory that receives fill.
//!
//! [I1] The ring is mapped before it is registered and unmapped after the ring of operations is closed: whoever has it sees to that. Its tail is
//!      written by us alone; the kernel reads it with Acquire.

#![expect(unsafe_code, reason = "speaks to the kernel through shared memory")]

use std::{
    io,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU16, Ordering},
};

use io_uring::types::BufRingEntry;

/// The ring of provided buffers, shared with the kernel.
pub(super) struct BufferRing {
    base: NonNull<BufRingEntry>,
    bytes: usize,
    mask: u16,
    /// Entries written; the kernel knows of those up to the published tail.
    tail: u16,
    published: u16,
}

impl BufferRing {
    /// Maps room for `entries`, a power of two.
    pub(super) fn map(entries: u16) -> io::Result<Self> {
        assert!(entries.is_power_of_two(), "a buffer ring has a power of two of entries");
        let bytes = usize::from(entries) * size_of::<BufRingEntry>();
        // SAFETY: a fresh anonymous mapping at an address of the kernel's choice.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                ptr::null_mut(),
                bytes,
                rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                rustix::mm::MapFlags::PRIVATE,
            )
        }?;
        // A mapping is never at address zero.
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, bytes, mask: entries - 1, tail: 0, published: 0 })
    }

    /// Where it is.
    pub(super) fn address(&self) -> u64 {
        self.base.as_ptr() as u64
    }

    /// Gives a buffer, from [`BufferRing::publish`] on.
    #[inline]
    pub(super) fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        // SAFETY: [I1], the index is masked to the mapping.
        let mut entry = unsafe { self.base.add(usize::from(self.tail & self.mask)) };
        // SAFETY: [I1], and the kernel does not look at an entry beyond the published tail.
        let entry = unsafe { entry.as_mut() };
        entry.set_addr(addr as u64);
        entry.set_len(len);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Lets the kernel see what was given.
    #[inline]
    pub(super) fn publish(&mut self) {
        if self.published == self.tail {
            return;
        }
        // SAFETY: [I1], the mapping is zeroed memory, which is a valid entry.
        let tail = unsafe { BufRingEntry::tail(self.base.as_ptr()) };
        // SAFETY: [I1], the tail is a field of the first entry, aligned to two bytes and written by us alone.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // ordering: Release pairs with the kernel's load of the tail: it sees the entries written above.
        tail.store(self.tail, Ordering::Release);
        self.published = self.tail;
    }
}

impl Drop for BufferRing {
    fn drop(&mut self) {
        // SAFETY: [I1], mapped by `map`, and the ring that it was registered with is closed.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "a mapping of ours can be unmapped");
    }
}
