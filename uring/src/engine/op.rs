//! An operation is what is asked of a ring, in plain numbers and addresses; a completion is its answer.
//!
//! | operation      | the kernel touches                     | until                        | answers                             |
//! |----------------|----------------------------------------|------------------------------|-------------------------------------|
//! | accept         | nothing                                | -                            | one descriptor each, many times     |
//! | accept once    | nothing                                | -                            | one descriptor                      |
//! | accept direct  | nothing                                | -                            | one entry of the table              |
//! | receive        | buffers of the group that it names     | each answer hands one back   | one filled buffer each, many times  |
//! | send           | the bytes at `addr`                    | its only answer              | bytes sent                          |
//! | send message   | the [`Message`], its vectors, its bytes| its only answer              | bytes sent                          |
//! | read           | the bytes at `addr`                    | its only answer              | bytes read                          |
//! | connect        | nothing after submission               | -                            | zero                                |
//! | shutdown       | nothing                                | -                            | zero                                |
//! | close direct   | nothing                                | -                            | zero                                |
//! | timeout        | nothing after submission               | -                            | `-ETIME`                            |
//! | wait for change| the word, once, when it is submitted   | its only answer              | zero; `-EAGAIN`: it differs already |
//! | message        | nothing                                | -                            | nothing: another ring answers zero  |
//!
//! [I1] A quiet operation (`quiet`) answers only when it did not do all that was asked.
//! [I2] Memory that the table above lists is alive and unmoved, and its bytes are not written by us, until the moment in its third column: what the
//!      `unsafe` constructors ask of their caller.

#![expect(unsafe_code, reason = "constructors promise that memory outlives the operation")]

use std::{os::fd::RawFd, sync::atomic::AtomicU32, time::Duration};

use tidemill_core::clock::Instant;

use super::target::Target;

/// What is asked of a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(super) kind: Kind,
    /// No answer on full success ([I1]).
    pub(super) quiet: bool,
}

/// A futex of four bytes, of this process alone: `FUTEX2_SIZE_U32 | FUTEX2_PRIVATE`.
pub(super) const FUTEX: u32 = 0x02 | 0x80;

/// The kinds of operation, each with its plain numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Accept { fd: Target, into: Into },
    Receive { fd: Target, group: u16 },
    Send { fd: Target, addr: u64, len: u32, now: bool },
    SendMessage { fd: Target, message: u64, now: bool },
    Read { fd: RawFd, addr: u64, len: u32 },
    Connect { fd: Target, addr: u64, len: u32 },
    Shutdown { fd: Target },
    CloseDirect { entry: u32 },
    Timeout { time: [u64; 2] },
    TimeoutUpdate { token: u64, time: [u64; 2] },
    Cancel { token: u64 },
    CancelAll,
    WaitForChange { word: u64, from: u32 },
    Message { ring: RawFd, token: u64 },
}

/// Where accepted connections go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Into {
    /// Descriptors, many of them.
    Many,
    /// One descriptor.
    Once,
    /// One entry of the table.
    Direct,
}

/// A message header with room for the pieces of one send; lives in a side slab, never in a future.
#[repr(C)]
pub(crate) struct Message {
    pub(crate) header: libc::msghdr,
    pub(crate) pieces: [libc::iovec; Message::PIECES],
}

impl Message {
    /// Pieces that one send carries at most.
    pub(crate) const PIECES: usize = 16;
}

impl Op {
    const fn loud(kind: Kind) -> Self {
        Self { kind, quiet: false }
    }

    /// Accepts connections of the listening socket `fd` until it fails or is cancelled; descriptors are close-on-exec.
    pub(crate) const fn accept(fd: Target) -> Self {
        Self::loud(Kind::Accept { fd, into: Into::Many })
    }

    /// Accepts one connection, like [`Op::accept`].
    pub(crate) const fn accept_once(fd: Target) -> Self {
        Self::loud(Kind::Accept { fd, into: Into::Once })
    }

    /// Accepts one connection into a free entry of the ring's table, and answers which. Where all are taken the connection is destroyed, and the answer `-ENFILE`:
    /// the caller counts.
    pub(crate) const fn accept_direct(fd: Target) -> Self {
        Self::loud(Kind::Accept { fd, into: Into::Direct })
    }

    /// Tells the peer of the socket `fd` that no more will come.
    pub(crate) const fn shutdown(fd: Target) -> Self {
        Self::loud(Kind::Shutdown { fd })
    }

    /// Frees an entry of the ring's table, which closes what is there.
    pub(crate) const fn close_direct(entry: u32) -> Self {
        Self::loud(Kind::CloseDirect { entry })
    }

    /// Receives from the socket `fd` into buffers of `group` until it fails, the peer is done, or it is cancelled.
    pub(crate) const fn receive(fd: Target, group: u16) -> Self {
        Self::loud(Kind::Receive { fd, group })
    }

    /// Sends `len` bytes at `addr`, all of them unless it fails. `now`: never wait for room, and answer only when something was left.
    ///
    /// # Safety
    /// [I2]
    pub(crate) unsafe fn send(fd: Target, addr: *const u8, len: u32, now: bool) -> Self {
        Self { kind: Kind::Send { fd, addr: addr as u64, len, now }, quiet: now }
    }

    /// Sends the pieces of `message`, like [`Op::send`].
    ///
    /// # Safety
    /// [I2]
    pub(crate) unsafe fn send_message(fd: Target, message: *const Message, now: bool) -> Self {
        Self { kind: Kind::SendMessage { fd, message: message as u64, now }, quiet: now }
    }

    /// Reads up to `len` bytes to `addr`.
    ///
    /// # Safety
    /// [I2], and the bytes are not read by us either.
    pub(crate) unsafe fn read(fd: RawFd, addr: *mut u8, len: u32) -> Self {
        Self::loud(Kind::Read { fd, addr: addr as u64, len })
    }

    /// Connects the socket `fd` to the `len` bytes of address at `addr`.
    ///
    /// # Safety
    /// [I2]
    pub(crate) unsafe fn connect(fd: Target, addr: *const u8, len: u32) -> Self {
        Self::loud(Kind::Connect { fd, addr: addr as u64, len })
    }

    /// Answers once `deadline` (of the monotonic clock) has come.
    pub(crate) const fn timeout(deadline: Instant) -> Self {
        Self::loud(Kind::Timeout { time: split(deadline) })
    }

    /// Moves the timeout that bears `token` to `deadline`; answers only if there was none.
    pub(crate) const fn timeout_update(token: u64, deadline: Instant) -> Self {
        Self { kind: Kind::TimeoutUpdate { token, time: split(deadline) }, quiet: true }
    }

    /// Cancels the operation that bears `token`; answers only if there was none to cancel.
    pub(crate) const fn cancel(token: u64) -> Self {
        Self { kind: Kind::Cancel { token }, quiet: true }
    }

    /// Answers once `word`, if it is still `from` when the operation is submitted, has changed and its waiter was woken by a `FUTEX_WAKE` of this process.
    ///
    /// # Safety
    /// [I2]
    pub(crate) unsafe fn wait_for_change(word: *const AtomicU32, from: u32) -> Self {
        Self::loud(Kind::WaitForChange { word: word as u64, from })
    }

    /// Posts an answer with `token` into another ring; answers only if it cannot.
    pub(crate) const fn message(ring: RawFd, token: u64) -> Self {
        Self { kind: Kind::Message { ring, token }, quiet: true }
    }

    /// Cancels every operation of the ring.
    pub(crate) const fn cancel_all() -> Self {
        Self::loud(Kind::CancelAll)
    }
}

/// Seconds and nanoseconds.
const fn split(at: Instant) -> [u64; 2] {
    let at = Duration::from_nanos(at.as_nanos());
    [at.as_secs(), at.subsec_nanos() as u64]
}

/// A ring's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    /// The token that the operation bore.
    pub(crate) token: u64,
    /// What it returned, negative for an errno.
    pub(crate) result: i32,
    pub(super) flags: u32,
}

impl Completion {
    pub(super) const MORE: u32 = 1 << 1;
    pub(super) const BUFFER: u32 = 1;

    /// Whether the same operation will answer again.
    pub(crate) const fn more(&self) -> bool {
        self.flags & Self::MORE != 0
    }

    /// The buffer that it filled.
    pub(crate) const fn buffer(&self) -> Option<u16> {
        if self.flags & Self::BUFFER != 0 { Some((self.flags >> 16) as u16) } else { None }
    }
}
