//! An entry of the submission queue, made from an operation.

use io_uring::{
    opcode,
    squeue::{Entry, Flags},
    types::{CancelBuilder, DestinationSlot, Fd, Fixed, TimeoutFlags, Timespec},
};

use super::{
    op::{FUTEX, Into, Kind, Op},
    target::Target,
};

/// The entry of any operation. `stay` keeps a moment in place until the kernel took the entry.
///
/// Inlined, as all here, so that it is made where it lies.
#[inline(always)]
pub(super) fn of(op: Op, stay: impl FnOnce([u64; 2]) -> *const Timespec) -> Entry {
    let entry = match op.kind {
        Kind::Accept { fd, into } => accept(fd, into),
        Kind::Receive { fd, group } => {
            opcode::RecvMulti::new(number(fd), group).build().flags(naming(fd))
        }
        Kind::Send { fd, addr, len, now } => send(fd, addr, len, now),
        Kind::SendMessage { fd, message, now } => {
            let send = opcode::SendMsg::new(number(fd), message as *const libc::msghdr);
            send.flags(sending(now) as u32).build().flags(naming(fd))
        }
        Kind::Read { fd, addr, len } => {
            opcode::Read::new(Fd(fd), addr as *mut u8, len).offset(u64::MAX).build()
        }
        Kind::Connect { fd, addr, len } => {
            let connect = opcode::Connect::new(number(fd), addr as *const libc::sockaddr, len);
            connect.build().flags(naming(fd))
        }
        Kind::Shutdown { fd } => {
            opcode::Shutdown::new(number(fd), libc::SHUT_WR).build().flags(naming(fd))
        }
        Kind::CloseDirect { entry } => opcode::Close::new(Fixed(entry)).build(),
        Kind::Timeout { time } => opcode::Timeout::new(stay(time)).flags(TimeoutFlags::ABS).build(),
        Kind::TimeoutUpdate { token, time } => {
            opcode::TimeoutUpdate::new(token, stay(time)).flags(TimeoutFlags::ABS).build()
        }
        Kind::Cancel { token } => opcode::AsyncCancel::new(token).build(),
        Kind::CancelAll => opcode::AsyncCancel2::new(CancelBuilder::any().all()).build(),
        Kind::WaitForChange { word, from } => {
            let (word, any) = (word as *const u32, u64::from(u32::MAX));
            opcode::FutexWait::new(word, from.into(), any, FUTEX).build()
        }
        Kind::Message { ring, token } => opcode::MsgRingData::new(Fd(ring), 0, token, None).build(),
    };
    entry.flags(quiet(op))
}

#[inline(always)]
fn accept(fd: Target, into: Into) -> Entry {
    let none = std::ptr::null_mut();
    let once = opcode::Accept::new(number(fd), none, none.cast());
    match into {
        Into::Many => opcode::AcceptMulti::new(number(fd)).flags(libc::SOCK_CLOEXEC).build(),
        Into::Once => once.flags(libc::SOCK_CLOEXEC).build(),
        // An entry of the table is of this ring alone: there is nothing to close on exec, and the kernel refuses the flag.
        Into::Direct => once.file_index(Some(DestinationSlot::auto_target())).build(),
    }
    .flags(naming(fd))
}

/// The entry of a send.
#[inline(always)]
pub(super) fn send(fd: Target, addr: u64, len: u32, now: bool) -> Entry {
    let send = opcode::Send::new(number(fd), addr as *const u8, len);
    send.flags(sending(now)).build().flags(naming(fd))
}

/// Whether only a failure is told.
#[inline(always)]
pub(super) fn quiet(op: Op) -> Flags {
    if op.quiet { Flags::SKIP_SUCCESS } else { Flags::empty() }
}

/// The number of a target; [`naming`] says what it names.
#[inline(always)]
fn number(fd: Target) -> Fd {
    Fd(fd.number())
}

#[inline(always)]
fn naming(fd: Target) -> Flags {
    if fd.is_direct() { Flags::FIXED_FILE } else { Flags::empty() }
}

/// How bytes are sent: all of them; `now`, without a wait for room.
#[inline(always)]
fn sending(now: bool) -> i32 {
    let when = if now { libc::MSG_DONTWAIT } else { 0 };
    libc::MSG_NOSIGNAL | libc::MSG_WAITALL | when
}
