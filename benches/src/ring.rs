//! An io_uring by hand: direct descriptors (or plain ones), multishot operations, a ring of provided buffers, one enter per batch.
//!
//! It is the least that a program can do and still be correct, and has no executor, no futures and no timers. The limit serves with it, and the load
//! generator drives with it.
//!
//! [I1] Memory that the kernel may touch is leaked when it is made: nothing that is dropped can be written to afterwards.
//! [I2] The kernel writes to a buffer between its place in the ring and the completion that names it. [`Held`] stands for a buffer outside of that time:
//!      only a completion makes one, and only [`Hand::recycle`] ends one.
//! [I3] Only the thread that made the ring uses it: the type is `!Send`.

#![expect(unsafe_code, reason = "speaks to the kernel through shared memory")]

use std::{
    io,
    marker::PhantomData,
    os::fd::{AsRawFd, BorrowedFd},
    ptr::NonNull,
    slice,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use io_uring::{
    CompletionQueue, IoUring, SubmissionQueue, Submitter, cqueue, opcode,
    squeue::{Entry, Flags},
    types::{BufRingEntry, Fd, Fixed, SubmitArgs, Timespec},
};

const PAGE: usize = 4096;
/// The one group of provided buffers.
const GROUP: u16 = 0;
const ENTER_GETEVENTS: u32 = 1;
/// `MSG_NOSIGNAL | MSG_WAITALL`.
const SEND_FLAGS: i32 = 0x4000 | 0x100;

/// How large things are.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Entries of the submission queue.
    pub submissions: u32,
    /// Entries of the completion queue.
    pub completions: u32,
    /// What connections are named by.
    pub files: Files,
}

/// What connections are named by, in what is asked of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// Slots of a table of so many direct descriptors.
    Direct(u32),
    /// The process's own descriptors.
    Plain,
}

/// A buffer that the kernel has filled and does not touch.
#[derive(Debug)]
pub struct Held(u16);

impl Held {
    /// Its number, below the count of buffers.
    #[inline]
    pub fn index(&self) -> usize {
        usize::from(self.0)
    }
}

/// What an operation came to.
#[derive(Debug)]
pub struct Done {
    /// As given when the operation was queued.
    pub token: u64,
    /// As the system call would answer, with errors negative.
    pub result: i32,
    /// No further completion of this operation follows.
    pub last: bool,
    /// The buffer that a receive filled.
    pub held: Option<Held>,
}

/// A ring and its buffers.
pub struct Hand {
    submitter: Submitter<'static>,
    queue: SubmissionQueue<'static>,
    completions: CompletionQueue<'static>,
    buffers: Buffers,
    files: Files,
    enters: u64,
    /// [I3]
    thread: PhantomData<*mut ()>,
}

impl Hand {
    /// A ring with everything on that helps a single thread, its descriptor registered. It has no buffers yet.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn new(geometry: Geometry) -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_no_sqarray()
            .setup_submit_all()
            .setup_clamp()
            .setup_cqsize(geometry.completions)
            .build(geometry.submissions)?;
        let ring = Box::leak(Box::new(ring));
        let (mut submitter, queue, completions) = ring.split();
        submitter.register_ring_fd()?;
        let (buffers, files) = (Buffers::none(), geometry.files);
        if let Files::Direct(places) = files {
            submitter.register_files_sparse(places)?;
        }
        Ok(Self { submitter, queue, completions, buffers, files, enters: 0, thread: PhantomData })
    }

    /// Puts `count` buffers (a power of two) of `bytes` each in the place of those that were there. No receive may be armed.
    ///
    /// # Errors
    /// The system refuses them.
    pub fn set_buffers(&mut self, count: u16, bytes: u32) -> io::Result<()> {
        if self.buffers.count > 0 {
            self.submitter.unregister_buf_ring(GROUP)?;
        }
        self.buffers = Buffers::new(count, bytes);
        let ring = self.buffers.ring.as_ptr() as u64;
        // SAFETY: [I1], the ring of buffers is there for ever.
        unsafe { self.submitter.register_buf_ring_with_flags(ring, count, GROUP, 0) }?;
        self.buffers.publish();
        Ok(())
    }

    /// Puts a socket at `slot` of the direct descriptors.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn put_file(&mut self, slot: u32, file: BorrowedFd<'_>) -> io::Result<()> {
        self.submitter.register_files_update(slot, &[file.as_raw_fd()]).map(drop)
    }

    /// Empties `count` slots of the direct descriptors, from the first on.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn clear_files(&mut self, count: u32) -> io::Result<()> {
        self.submitter.register_files_update(0, &vec![-1; count as usize]).map(drop)
    }

    /// Accepts connections, until told otherwise. `listener` must stay open.
    #[inline]
    pub fn accept(&mut self, listener: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let listener = Fd(listener.as_raw_fd());
        let direct = self.files != Files::Plain;
        self.push(opcode::AcceptMulti::new(listener).allocate_file_index(direct).build(), token)
    }

    /// Receives into provided buffers, until told otherwise.
    #[inline]
    pub fn receive(&mut self, slot: u32, token: u64) -> io::Result<()> {
        let receive = opcode::RecvMulti::new(Fd(slot as i32), GROUP).build();
        self.push(receive.flags(self.naming()), token)
    }

    /// Sends the first `len` bytes of a buffer, which must not be recycled before it is done.
    #[inline]
    pub fn send_held(&mut self, slot: u32, held: &Held, len: u32, token: u64) -> io::Result<()> {
        debug_assert!(len <= self.buffers.bytes, "no buffer is longer");
        let at = self.buffers.at(held.index());
        let send = opcode::Send::new(Fd(slot as i32), at, len).flags(SEND_FLAGS).build();
        self.push(send.flags(self.naming()), token)
    }

    /// Sends bytes that are there for ever. It completes only where it fails.
    #[inline]
    pub fn send_quietly(&mut self, slot: u32, bytes: &'static [u8], token: u64) -> io::Result<()> {
        let send = opcode::Send::new(Fd(slot as i32), bytes.as_ptr(), bytes.len() as u32);
        let send = send.flags(SEND_FLAGS).build();
        self.push(send.flags(Flags::SKIP_SUCCESS | self.naming()), token)
    }

    /// Closes a connection.
    #[inline]
    pub fn close(&mut self, slot: u32, token: u64) -> io::Result<()> {
        match self.files {
            Files::Direct(_) => self.push(opcode::Close::new(Fixed(slot)).build(), token),
            Files::Plain => self.push(opcode::Close::new(Fd(slot as i32)).build(), token),
        }
    }

    /// Whether a number names a slot of the table or a descriptor of the process.
    #[inline]
    fn naming(&self) -> Flags {
        match self.files {
            Files::Direct(_) => Flags::FIXED_FILE,
            Files::Plain => Flags::empty(),
        }
    }

    #[inline]
    fn push(&mut self, entry: Entry, token: u64) -> io::Result<()> {
        let entry = entry.user_data(token);
        loop {
            // SAFETY: [I1] for what entries point at; descriptors are slots of our table, or borrowed from who keeps them open.
            if unsafe { self.queue.push(&entry) }.is_ok() {
                return Ok(());
            }
            self.enter(0)?;
        }
    }

    /// Submits what is queued, gives buffers back, and waits for `want` completions.
    ///
    /// # Errors
    /// The system refuses it.
    #[inline]
    pub fn enter(&mut self, want: u32) -> io::Result<()> {
        self.publish();
        let count = self.queue.len() as u32;
        // SAFETY: no argument is passed; entries are ours.
        let entered = unsafe { self.submitter.enter::<()>(count, want, ENTER_GETEVENTS, None) };
        self.completions.sync();
        match entered {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            entered => entered.map(drop),
        }
    }

    /// Shows the kernel what was queued, what came back, and what was reaped: else it would see a completion already there, and not wait.
    #[inline]
    fn publish(&mut self) {
        self.buffers.publish();
        self.queue.sync();
        self.completions.sync();
        self.enters += 1;
    }

    /// As [`enter`](Self::enter), for one completion and at most `patience`; false where it passed for nothing.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn enter_for(&mut self, patience: Duration) -> io::Result<bool> {
        const ETIME: i32 = 62;
        self.publish();
        let patience = Timespec::from(patience);
        let args = SubmitArgs::new().timespec(&patience);
        let entered = self.submitter.submit_with_args(1, &args);
        self.completions.sync();
        match entered {
            Err(error) if error.raw_os_error() == Some(ETIME) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            entered => entered.map(|_| true),
        }
    }

    /// The next completion of those that the last enter found.
    #[inline]
    pub fn next_done(&mut self) -> Option<Done> {
        let entry = self.completions.next()?;
        let flags = entry.flags();
        Some(Done {
            token: entry.user_data(),
            result: entry.result(),
            last: !cqueue::more(flags),
            held: cqueue::buffer_select(flags).map(Held),
        })
    }

    /// What was received into a buffer.
    #[inline]
    pub fn bytes(&self, held: &Held, len: usize) -> &[u8] {
        assert!(len <= self.buffers.bytes as usize, "no buffer is longer");
        // SAFETY: [I2], the buffer is initialised memory, and the kernel leaves it alone while it is held.
        unsafe { slice::from_raw_parts(self.buffers.at(held.index()), len) }
    }

    /// Gives a buffer back to the kernel, with the next enter.
    #[inline]
    pub fn recycle(&mut self, held: Held) {
        self.buffers.provide(held.0);
    }

    /// How often the kernel was entered.
    pub fn enters(&self) -> u64 {
        self.enters
    }
}

/// A page, so that buffers begin where the processor copies fast.
#[derive(Clone, Copy)]
#[repr(C, align(4096))]
struct Page([u8; PAGE]);

/// Zeroed pages for ever.
fn pages(bytes: usize) -> NonNull<u8> {
    let pages = Box::leak(vec![Page([0; PAGE]); bytes.div_ceil(PAGE).max(1)].into_boxed_slice());
    NonNull::from(pages).cast()
}

/// Buffers, and the ring that provides them to the kernel.
struct Buffers {
    memory: NonNull<u8>,
    ring: NonNull<BufRingEntry>,
    count: u16,
    bytes: u32,
    /// Written by us alone; the kernel knows of entries up to the published one.
    tail: u16,
}

impl Buffers {
    fn none() -> Self {
        let [memory, ring] = [NonNull::dangling(), NonNull::dangling()];
        Self { memory, ring: ring.cast::<BufRingEntry>(), count: 0, bytes: 0, tail: 0 }
    }

    fn new(count: u16, bytes: u32) -> Self {
        assert!(count.is_power_of_two(), "a ring of buffers has a power of two of places");
        let memory = pages(usize::from(count) * bytes as usize);
        let ring = pages(usize::from(count) * size_of::<BufRingEntry>()).cast();
        let mut buffers = Self { memory, ring, count, bytes, tail: 0 };
        (0..count).for_each(|id| buffers.provide(id));
        buffers
    }

    #[inline]
    fn at(&self, index: usize) -> *mut u8 {
        debug_assert!(index < usize::from(self.count), "one of these buffers");
        // SAFETY: [I2], the kernel names only buffers that it was given, which are inside of `memory`.
        unsafe { self.memory.as_ptr().add(index * self.bytes as usize) }
    }

    #[inline]
    fn provide(&mut self, id: u16) {
        let addr = self.at(usize::from(id)) as u64;
        let place = usize::from(self.tail & (self.count - 1));
        // SAFETY: the place is masked to the ring.
        let mut entry = unsafe { self.ring.add(place) };
        // SAFETY: [I1], and the kernel does not look at an entry beyond the published tail.
        let entry = unsafe { entry.as_mut() };
        entry.set_addr(addr);
        entry.set_len(self.bytes);
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    #[inline]
    fn publish(&self) {
        if self.count == 0 {
            return;
        }
        // SAFETY: [I1], zeroed memory is a valid entry.
        let tail = unsafe { BufRingEntry::tail(self.ring.as_ptr()) };
        // SAFETY: aligned to two bytes, written by us alone, atomically.
        let tail = unsafe { AtomicU16::from_ptr(tail.cast_mut()) };
        // ordering: Release pairs with the kernel's load of the tail: it sees the entries written above.
        tail.store(self.tail, Ordering::Release);
    }
}
