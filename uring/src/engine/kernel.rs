//! The kernel's ring: submissions and completions in memory shared with Linux, one `io_uring_enter` per cycle.
//!
//! | a ring is | how                                                                               |
//! |-----------|-----------------------------------------------------------------------------------|
//! | disabled  | set up on the first rung of the ladder that the kernel takes, its features noted  |
//! | dressed   | buffers, a table of descriptors, its own descriptor registered; restricted if asked|
//! | enabled   | from now on it is this thread's alone, and is entered                             |
//!
//! [I1] Only the thread that made the ring uses it (`SINGLE_ISSUER`, `DEFER_TASKRUN`): the type is `!Send`. So the kernel takes entries and
//!      posts completions inside our enters only, and what was read of the queues' ends stays true between them.
//! [I2] What a submission points at is kept alive by whoever built the [`Op`]. What this file adds are the timeouts' moments: one slot for each
//!      place in the submission queue, rewritten only when that place is, which is after the kernel took the entry.
//! [I3] The ring of provided buffers is mapped before it is registered and unmapped after the ring is closed.
//! [I4] The queues and the submitter borrow the ring, which stays in its place until they are gone.

#![expect(unsafe_code, reason = "speaks to the kernel through shared memory")]

use std::{
    io,
    marker::PhantomData,
    os::fd::{AsRawFd, RawFd},
    ptr,
    time::Duration,
};

use io_uring::{
    CompletionQueue, EnterFlags, SubmissionQueue, Submitter, squeue,
    types::{SubmitArgs, Timespec},
};
use tidemill_core::clock::Instant;

use super::{
    buffers::BufferRing,
    config::{Config, Until},
    entry,
    op::{Completion, Kind, Op},
    place::Place,
    probe::{Feature, Setup, climb, look, probe, restrict, set_up},
    refusal::{explain, lacks},
};

/// The one group of provided buffers.
pub(crate) const GROUP: u16 = 0;

/// How long a wait for expected completions lets a single one lie, in microseconds.
const LIE_US: u32 = 50;

/// The kernel's ring of one thread.
pub(crate) struct Kernel {
    // The order matters: the queues go before the ring that they borrow ([I4]), and the ring before the memory registered with it ([I3]).
    submission: SubmissionQueue<'static>,
    completion: CompletionQueue<'static>,
    submitter: Submitter<'static>,
    _ring: Place,
    fd: RawFd,
    buffers: BufferRing,
    times: Box<[Timespec]>,
    /// Entries ever pushed: the next one's place, by the mask of the queue.
    pushed: usize,
    enters: u64,
    /// Set with every enter.
    flags: EnterFlags,
    setup: Setup,
    deadlines: bool,
    /// [I1]
    thread: PhantomData<*mut ()>,
}

impl Kernel {
    /// Sets up a ring, down to what Linux 6.1 has.
    ///
    /// # Errors
    /// A [`RingError`](crate::error::RingError).
    pub(super) fn new(config: Config) -> io::Result<Self> {
        let (ring, rung) = climb(|rung| set_up(rung, config)).map_err(|error| {
            explain("io_uring_setup", "flags of io_uring_setup that Linux 6.1 has", &error)
        })?;
        let (mut setup, fd) = (look(ring.params(), rung), ring.as_raw_fd());
        // SAFETY: [I4], by field order.
        let (place, (submitter, submission, completion)) = unsafe { Place::split(ring) };
        let refused = |what| move |error| explain("io_uring_register", what, &error);
        let (known, unknown) = probe(&submitter).map_err(refused("IORING_REGISTER_PROBE"))?;
        setup.opcodes = known;
        if let Some(what) = unknown.or(setup.lacks()) {
            return Err(lacks(what));
        }
        let buffers =
            BufferRing::map(config.buffers).map_err(|error| explain("mmap", "", &error))?;
        let (at, entries) = (buffers.address(), config.buffers);
        // SAFETY: [I3], the mapping outlives the ring by field order.
        unsafe { submitter.register_buf_ring_with_flags(at, entries, GROUP, 0) }
            .map_err(refused("IORING_REGISTER_PBUF_RING"))?;
        setup.buffers = config.buffers;
        if config.direct > 0 {
            submitter
                .register_files_sparse(config.direct)
                .map_err(refused("IORING_REGISTER_FILES2"))?;
        }
        let times = vec![Timespec::new(); setup.submissions as usize].into();
        let mut ring = Self {
            submission,
            completion,
            submitter,
            _ring: place,
            fd,
            buffers,
            times,
            pushed: 0,
            enters: 0,
            flags: EnterFlags::GETEVENTS,
            setup,
            deadlines: config.enter_deadline && setup.has(Feature::MinTimeout),
            thread: PhantomData,
        };
        ring.dress();
        if config.restrict {
            restrict(&ring.submitter).map_err(refused("IORING_REGISTER_RESTRICTIONS"))?;
            ring.setup.note(Feature::Restricted, true);
        }
        ring.submitter.register_enable_rings().map_err(refused("IORING_REGISTER_ENABLE_RINGS"))?;
        // Where setting up is allowed and entering is not, it shows here.
        ring.call::<()>(0, None).map_err(|error| explain("io_uring_enter", "", &error))?;
        Ok(ring)
    }

    /// Registers what makes entering cheaper, where it can be had.
    fn dress(&mut self) {
        // Without: the thread has as many rings registered as it may, and this one's descriptor is looked up with each enter.
        let registered = self.submitter.register_ring_fd().is_ok();
        self.setup.note(Feature::RegisteredRing, registered);
        if self.setup.has(Feature::NoIowait) {
            self.flags |= EnterFlags::NO_IOWAIT;
        }
    }

    #[inline]
    pub(super) fn push(&mut self, op: Op, token: u64) -> bool {
        if self.submission.is_full() {
            return false;
        }
        match op.kind {
            Kind::Send { fd, addr, len, now } => {
                let send = entry::send(fd, addr, len, now);
                self.put(send.flags(entry::quiet(op)).user_data(token));
            }
            _ => self.push_rarer(op, token),
        }
        true
    }

    /// Pushes what is not asked for with every request. There is room.
    #[inline(never)]
    fn push_rarer(&mut self, op: Op, token: u64) {
        let entry = entry::of(op, |time| self.stay(time));
        self.put(entry.user_data(token));
    }

    /// Puts `entry` in the next place of the queue, which is free. Inlined, so that it is made where it lies.
    #[inline(always)]
    fn put(&mut self, entry: squeue::Entry) {
        self.pushed = self.pushed.wrapping_add(1);
        // SAFETY: [I2], and the contract of the constructors of `Op`.
        let pushed = unsafe { self.submission.push(&entry) };
        debug_assert!(pushed.is_ok(), "there is a free place");
    }

    /// Keeps a moment where the next entry's place is.
    fn stay(&mut self, [secs, nanos]: [u64; 2]) -> *const Timespec {
        // The queue holds a power of two of entries, and as many moments.
        let place = self.pushed & (self.times.len() - 1);
        let at = &mut self.times[place];
        *at = Timespec::new().sec(secs).nsec(nanos as u32);
        ptr::from_ref(at)
    }

    #[inline]
    pub(super) fn enter(&mut self, until: Until) -> io::Result<()> {
        self.buffers.publish();
        self.enters += 1;
        // Publishes what was pushed.
        self.submission.sync();
        let entered = match until {
            Until::Now => self.call::<()>(0, None),
            Until::Completion => self.call::<()>(1, None),
            Until::Deadline(at) => self.call_until(1, at),
            Until::Expected(count, at) => self.call_until(1 + count, at),
        };
        // Learns what the kernel took.
        self.submission.sync();
        entered
    }

    /// Waits for `count` completions; for one, once it lay for a while; or for the moment.
    #[inline(never)]
    fn call_until(&mut self, count: u32, at: Instant) -> io::Result<()> {
        if !self.setup.has(Feature::MinTimeout) {
            return self.call::<()>(1, None);
        }
        let mut args = SubmitArgs::new();
        if count > 1 {
            args = args.min_wait_usec(LIE_US);
        }
        let time = Timespec::new()
            .sec(at.as_nanos() / 1_000_000_000)
            .nsec((at.as_nanos() % 1_000_000_000) as u32);
        if self.deadlines && at != Instant::FAR {
            args = args.timespec(&time);
        }
        self.flags |= EnterFlags::EXT_ARG | EnterFlags::ABS_TIMER;
        let entered = self.call(count, Some(&args));
        self.flags -= EnterFlags::EXT_ARG | EnterFlags::ABS_TIMER;
        match entered {
            Err(error) if error.raw_os_error() == Some(libc::ETIME) => Ok(()),
            entered => entered,
        }
    }

    #[inline]
    fn call<T>(&self, wait: u32, args: Option<&T>) -> io::Result<()> {
        let submit = self.submission.len() as u32;
        // SAFETY: all entries of the queue are ours ([I2]); where there is an argument, it is the one that `EXT_ARG` asks for.
        unsafe { self.submitter.enter(submit, wait, self.flags.bits(), args) }?;
        Ok(())
    }

    /// Waits for a completion, for at most `span`, submitting nothing.
    #[cold]
    pub(super) fn rest(&mut self, span: Duration) {
        self.enters += 1;
        let time = Timespec::from(span);
        let args = SubmitArgs::new().timespec(&time);
        let flags = self.flags | EnterFlags::EXT_ARG;
        // SAFETY: nothing is submitted, and the argument is the one that `EXT_ARG` asks for.
        let _ = unsafe { self.submitter.enter(0, 1, flags.bits(), Some(&args)) };
    }

    /// Learns which completions there are, and gives back the places of those that were taken.
    #[inline]
    pub(super) fn look(&mut self) {
        self.completion.sync();
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Completion> {
        let entry = self.completion.next()?;
        let (token, result, flags) = (entry.user_data(), entry.result(), entry.flags());
        Some(Completion { token, result, flags })
    }

    #[inline]
    pub(super) fn is_idle(&mut self) -> bool {
        let queue = &self.submission;
        let quiet = queue.is_empty() && !queue.taskrun() && !queue.cq_overflow();
        self.completion.sync();
        quiet && self.completion.is_empty()
    }

    #[inline]
    pub(super) fn is_submitted(&self) -> bool {
        self.submission.is_empty()
    }

    #[inline]
    pub(super) fn is_overflowing(&self) -> bool {
        self.submission.cq_overflow()
    }

    #[inline]
    pub(super) fn dropped(&self) -> u32 {
        self.completion.overflow()
    }

    #[inline]
    pub(super) fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        self.buffers.provide(id, addr, len);
    }

    pub(super) fn enters(&self) -> u64 {
        self.enters
    }

    pub(super) fn raw(&self) -> RawFd {
        self.fd
    }

    pub(super) fn setup(&self) -> Setup {
        self.setup
    }

    /// Whether an enter can wait until a moment.
    #[inline]
    pub(super) fn keeps_deadlines(&self) -> bool {
        self.deadlines
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        if self.setup.has(Feature::RegisteredRing) {
            // Registered, the ring would live as long as this thread.
            let gone = self.submitter.unregister_ring_fd();
            debug_assert!(gone.is_ok(), "what was registered can be unregistered: {gone:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use io_uring::opcode;
    use tidemill_core::clock::Instant;

    use super::{Config, Kernel, Op, Until};

    /// What a ring says to an operation that is none of ours, then to one of ours.
    fn answers(restrict: bool) -> (i32, i32) {
        let config = Config { buffers: 16, restrict, ..Config::default() };
        let mut ring = Kernel::new(config).expect("a ring");
        assert_eq!(ring.setup().features().any(|name| name == "restricted"), restrict);
        let mut all = Vec::new();
        ring.put(opcode::Nop::new().build().user_data(7));
        assert!(ring.push(Op::timeout(Instant::ORIGIN), 8));
        while all.len() < 2 {
            ring.enter(Until::Completion).expect("entered");
            ring.look();
            all.extend(std::iter::from_fn(|| ring.next()));
        }
        all.sort_unstable_by_key(|completion| completion.token);
        assert_eq!((all[0].token, all[1].token), (7, 8));
        (all[0].result, all[1].result)
    }

    #[test]
    fn a_restricted_ring_refuses_what_is_none_of_ours() {
        assert_eq!(answers(false), (0, -libc::ETIME));
        assert_eq!(answers(true), (-libc::EACCES, -libc::ETIME));
    }

    #[test]
    fn an_enter_waits_until_a_moment_where_the_kernel_can() {
        let config = Config { buffers: 16, enter_deadline: true, ..Config::default() };
        let mut ring = Kernel::new(config).expect("a ring");
        let newer = ring.setup().features().any(|name| name == "MIN_TIMEOUT");
        assert_eq!(ring.keeps_deadlines(), newer);
        if newer {
            // Passed long ago: neither hangs, neither is an error.
            let passed = Instant::from_nanos(1);
            ring.enter(Until::Deadline(passed)).expect("entered");
            ring.enter(Until::Expected(3, passed)).expect("entered");
            ring.look();
            assert!(ring.next().is_none());
            // Four were to come, one does: a while later it is given all the same.
            assert!(ring.push(Op::timeout(passed), 1));
            ring.enter(Until::Expected(3, Instant::FAR)).expect("entered");
            ring.look();
            assert!(ring.next().is_some() && ring.next().is_none());
        }
    }
}
