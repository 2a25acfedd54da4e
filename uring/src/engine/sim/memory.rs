//! The memory and the descriptors that operations name: where a simulation reaches what the kernel would.
//!
//! [I1] A [`Span`] is memory that an [`Op`](super::super::Op) named, whose constructor's caller promised that it stays until the operation's last
//!      completion; or a buffer that the ring was lent. The simulation drops a span with the last completion, and when its buffer is filled.
//! [I2] Nobody refers to that memory meanwhile, but to read what a send points at.

#![expect(unsafe_code, reason = "copies from and to the addresses that operations name")]

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::RawFd,
    slice,
};

use crate::engine::op::{Kind, Message};

/// What lent memory is filled with.
const POISON: u8 = 0xa5;

/// Some memory that an operation names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    addr: u64,
    len: usize,
}

impl Span {
    /// A buffer that was lent.
    pub(super) fn lent(addr: *mut u8, len: u32) -> Self {
        Self { addr: addr as u64, len: len as usize }
    }

    /// What the operation sends, or where it reads to, in order.
    pub(super) fn of(kind: &Kind) -> Vec<Self> {
        match *kind {
            Kind::Send { addr, len, .. } | Kind::Read { addr, len, .. } => {
                vec![Self { addr, len: len as usize }]
            }
            Kind::SendMessage { message, .. } => Self::pieces(message),
            _ => Vec::new(),
        }
    }

    fn pieces(message: u64) -> Vec<Self> {
        // SAFETY: [I1], [I2]: a message is one of the things that operations name.
        let message = unsafe { &*(message as *const Message) };
        assert_eq!(message.header.msg_iov.cast_const(), message.pieces.as_ptr(), "its own pieces");
        let pieces = &message.pieces[..message.header.msg_iovlen];
        pieces
            .iter()
            .map(|piece| Self { addr: piece.iov_base as u64, len: piece.iov_len })
            .collect()
    }

    /// Its size.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Its bytes from `from` on, at most `count`, to the end of `into`.
    pub(super) fn read(&self, from: usize, count: usize, into: &mut Vec<u8>) {
        let from = from.min(self.len);
        let count = count.min(self.len - from);
        let at = (self.addr as *const u8).wrapping_add(from);
        // SAFETY: [I1], [I2], and the range is inside the span.
        into.extend_from_slice(unsafe { slice::from_raw_parts(at, count) });
    }

    /// Writes `bytes`, no more than fit, to its beginning.
    pub(super) fn write(&self, bytes: &[u8]) {
        assert!(bytes.len() <= self.len, "no more than fit");
        let at = self.addr as *mut u8;
        // SAFETY: [I1], [I2], and the range is inside the span.
        unsafe { at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// Fills it with what nobody sends by chance.
    pub(super) fn poison(&self) {
        // SAFETY: [I1], [I2]
        unsafe { (self.addr as *mut u8).write_bytes(POISON, self.len) };
    }

    /// Whether nobody wrote to it since it was poisoned.
    pub(super) fn is_poisoned(&self) -> bool {
        // SAFETY: [I1], [I2]
        let bytes = unsafe { slice::from_raw_parts(self.addr as *const u8, self.len) };
        bytes.iter().all(|byte| *byte == POISON)
    }
}

/// The address that a connect names, of the internet's families.
pub(super) fn address(kind: &Kind) -> Option<SocketAddr> {
    let Kind::Connect { addr, len, .. } = *kind else { return None };
    let mut bytes = Vec::new();
    Span { addr, len: len as usize }.read(0, len as usize, &mut bytes);
    let family = i32::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    match family {
        libc::AF_INET => {
            let ip: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some((Ipv4Addr::from(ip), port).into())
        }
        libc::AF_INET6 => {
            let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            Some((Ipv6Addr::from(ip), port).into())
        }
        _ => None,
    }
}

/// Which file the number stands for at this moment, if any.
pub(super) fn identity(fd: RawFd) -> Option<u64> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the call writes to `stat` alone; a number that stands for nothing is an error.
    let told = unsafe { libc::fstat(fd, stat.as_mut_ptr()) };
    // SAFETY: a call that succeeds has written all of it.
    (told == 0).then(|| unsafe { stat.assume_init() }.st_ino)
}

/// Whether the count of an event descriptor is not zero.
pub(super) fn has_event(fd: RawFd) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which outlives the call; a number that stands for nothing is told there.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready == 1 && poll.revents == libc::POLLIN
}

/// The count of an event descriptor, which is zero after it; `None` where it is zero.
pub(super) fn take_event(fd: RawFd) -> Option<[u8; 8]> {
    if !has_event(fd) {
        return None;
    }
    let mut count = [0; 8];
    // SAFETY: the call writes at most the eight bytes of `count`.
    let read = unsafe { libc::read(fd, count.as_mut_ptr().cast(), count.len()) };
    (read == 8).then_some(count)
}
