//! The kernel's ring: submissions and completions in memory shared with Linux, one `io_uring_enter` per cycle.
//!
//! [I1] Only the thread that made the ring uses it (`SINGLE_ISSUER`, `DEFER_TASKRUN`): the type is `!Send`.
//! [I2] What a submission points at is kept alive by whoever built the [`Op`]. What this file adds are the timeouts' moments: one slot for each
//!      place in the submission queue, rewritten only when that place is, which is after the kernel took the entry.
//! [I3] The ring of provided buffers is mapped before it is registered and unmapped after the ring is closed. Its tail
//!      is written by us alone; the kernel reads it with Acquire.

#![expect(unsafe_code, reason = "speaks to the kernel through shared memory")]

use std::{
    io,
    marker::PhantomData,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use io_uring::{
    IoUring, opcode, squeue,
    types::{BufRingEntry, CancelBuilder, Fd, SubmitArgs, TimeoutFlags, Timespec},
};

use super::{
    config::{Config, Until},
    op::{Completion, Kind, Op},
};

/// The one group of provided buffers.
pub(crate) const GROUP: u16 = 0;

/// `io_uring_enter`: run what is due, and wait for as many completions as asked.
const ENTER_GETEVENTS: u32 = 1;

/// The argument says for how long to wait.
const ENTER_EXT_ARG: u32 = 8;

/// The kernel's ring of one thread.
pub(crate) struct Kernel {
    // The order matters: the ring closes before the memory that was registered with it goes ([I3]).
    ring: IoUring,
    buffers: BufferRing,
    times: Box<[Timespec]>,
    /// Entries ever pushed: the next one's place, by the mask of the queue.
    pushed: usize,
    enters: u64,
    /// [I1]
    thread: PhantomData<*mut ()>,
}

impl Kernel {
    /// Sets up a ring with what Linux 6.1 has.
    pub(super) fn new(config: Config) -> io::Result<Self> {
        let ring = IoUring::builder()
            .dontfork()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_clamp()
            .setup_cqsize(config.completions)
            .build(config.submissions)?;
        let buffers = BufferRing::map(config.buffers)?;
        // SAFETY: [I3], the mapping outlives the ring by field order.
        unsafe {
            ring.submitter().register_buf_ring_with_flags(
                buffers.base.as_ptr() as u64,
                config.buffers,
                GROUP,
                0,
            )
        }?;
        let times = vec![Timespec::new(); ring.params().sq_entries() as usize].into();
        Ok(Self { ring, buffers, times, pushed: 0, enters: 0, thread: PhantomData })
    }

    #[inline]
    pub(super) fn push(&mut self, op: Op, token: u64) -> bool {
        let mut queue = self.ring.submission();
        if queue.is_full() {
            return false;
        }
        let mut entry = encode(op.kind, || {
            // The queue holds a power of two of entries, and as many moments.
            let place = self.pushed & (self.times.len() - 1);
            &raw mut self.times[place]
        })
        .user_data(token);
        if op.quiet {
            entry = entry.flags(squeue::Flags::SKIP_SUCCESS);
        }
        self.pushed = self.pushed.wrapping_add(1);
        // SAFETY: [I2], and the contract of the constructors of `Op`.
        unsafe { queue.push(&entry) }.is_ok()
    }

    #[inline]
    pub(super) fn enter(&mut self, until: Until) -> io::Result<()> {
        self.buffers.publish();
        self.enters += 1;
        let submit = self.ring.submission().len() as u32;
        let wait = u32::from(until == Until::Completion);
        // SAFETY: no argument is passed, and all entries of the queue are ours ([I2]).
        unsafe { self.ring.submitter().enter::<()>(submit, wait, ENTER_GETEVENTS, None) }?;
        Ok(())
    }

    /// Waits for a completion, for at most `span`, submitting nothing.
    #[cold]
    pub(super) fn rest(&mut self, span: Duration) {
        let time = Timespec::from(span);
        let argument = SubmitArgs::new().timespec(&time);
        self.enters += 1;
        let flags = ENTER_GETEVENTS | ENTER_EXT_ARG;
        // SAFETY: the argument is what this flag announces, the kernel's own form, and its moment outlives the call.
        let _ = unsafe { self.ring.submitter().enter(0, 1, flags, Some(&argument)) };
    }

    #[inline]
    pub(super) fn reap(&mut self, into: &mut Vec<Completion>) {
        into.extend(self.ring.completion().map(|entry| Completion {
            token: entry.user_data(),
            result: entry.result(),
            flags: entry.flags(),
        }));
    }

    #[inline]
    pub(super) fn is_idle(&mut self) -> bool {
        let queue = self.ring.submission();
        let quiet = queue.is_empty() && !queue.taskrun() && !queue.cq_overflow();
        drop(queue);
        quiet && self.ring.completion().is_empty()
    }

    #[inline]
    pub(super) fn is_submitted(&mut self) -> bool {
        self.ring.submission().is_empty()
    }

    #[inline]
    pub(super) fn is_overflowing(&mut self) -> bool {
        self.ring.submission().cq_overflow()
    }

    #[inline]
    pub(super) fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        self.buffers.provide(id, addr, len);
    }

    pub(super) fn enters(&self) -> u64 {
        self.enters
    }
}

/// The kernel's own form of an operation. `time` is where the moment of a timeout may stay until the next enter.
#[inline]
fn encode(kind: Kind, time: impl FnOnce() -> *mut Timespec) -> squeue::Entry {
    let stay = |[secs, nanos]: [u64; 2]| {
        let at = time();
        // SAFETY: [I2], a slot of `times`, which nobody else refers to.
        unsafe { at.write(Timespec::new().sec(secs).nsec(nanos as u32)) };
        at.cast_const()
    };
    let flags = |now: bool| {
        let when = if now { libc::MSG_DONTWAIT } else { 0 };
        libc::MSG_NOSIGNAL | libc::MSG_WAITALL | when
    };
    match kind {
        Kind::Accept { fd } => opcode::AcceptMulti::new(Fd(fd)).flags(libc::SOCK_CLOEXEC).build(),
        Kind::Receive { fd, group } => opcode::RecvMulti::new(Fd(fd), group).build(),
        Kind::Send { fd, addr, len, now } => {
            opcode::Send::new(Fd(fd), addr as *const u8, len).flags(flags(now)).build()
        }
        Kind::SendMessage { fd, message, now } => {
            let header = message as *const libc::msghdr;
            opcode::SendMsg::new(Fd(fd), header).flags(flags(now) as u32).build()
        }
        Kind::Read { fd, addr, len } => {
            opcode::Read::new(Fd(fd), addr as *mut u8, len).offset(u64::MAX).build()
        }
        Kind::Connect { fd, addr, len } => {
            opcode::Connect::new(Fd(fd), addr as *const libc::sockaddr, len).build()
        }
        Kind::Timeout { time } => opcode::Timeout::new(stay(time)).flags(TimeoutFlags::ABS).build(),
        Kind::TimeoutUpdate { token, time } => {
            opcode::TimeoutUpdate::new(token, stay(time)).flags(TimeoutFlags::ABS).build()
        }
        Kind::Cancel { token } => opcode::AsyncCancel::new(token).build(),
        Kind::CancelAll => opcode::AsyncCancel2::new(CancelBuilder::any().all()).build(),
    }
}

/// The ring of provided buffers, shared with the kernel.
struct BufferRing {
    base: NonNull<BufRingEntry>,
    bytes: usize,
    mask: u16,
    /// Entries written; the kernel knows of those up to the published tail.
    tail: u16,
    published: u16,
}

impl BufferRing {
    /// Maps room for `entries`, a power of two.
    fn map(entries: u16) -> io::Result<Self> {
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

    #[inline]
    fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        // SAFETY: [I3], the index is masked to the mapping.
        let mut entry = unsafe { self.base.add(usize::from(self.tail & self.mask)) };
        // SAFETY: [I3], and the kernel does not look at an entry beyond the published tail.
        let entry = unsafe { entry.as_mut() };
        entry.set_addr(addr as u64);
        entry.set_len(len);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    #[inline]
    fn publish(&mut self) {
        if self.published == self.tail {
            return;
        }
        // SAFETY: [I3], the mapping is zeroed memory, which is a valid entry.
        let tail = unsafe { BufRingEntry::tail(self.base.as_ptr()) };
        // SAFETY: [I3], the tail is a field of the first entry, aligned to two bytes and written by us alone.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // ordering: Release pairs with the kernel's load of the tail: it sees the entries written above.
        tail.store(self.tail, Ordering::Release);
        self.published = self.tail;
    }
}

impl Drop for BufferRing {
    fn drop(&mut self) {
        // SAFETY: [I3], mapped by `map`, and the ring that it was registered with is closed.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "a mapping of ours can be unmapped");
    }
}
