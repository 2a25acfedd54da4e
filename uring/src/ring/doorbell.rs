//! The doorbell wakes a worker that sleeps in its ring: an eventfd that anyone may write, and that the ring reads.

#![expect(unsafe_code, reason = "the ring reads into memory of the doorbell's")]

use std::{
    cell::UnsafeCell,
    io,
    os::fd::{AsRawFd, OwnedFd},
    sync::Arc,
};

use rustix::event::EventfdFlags;
use tidemill_core::wait::Doorbell;

use crate::engine::Op;

/// The side that others ring.
#[derive(Clone, Debug)]
pub(crate) struct Bell(Arc<OwnedFd>);

impl Doorbell for Bell {
    fn ring(&self) {
        // The count can only fail to grow where it is at its end, and then the worker is about to be woken anyway.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

/// The side that the worker's ring listens on.
///
/// [I1] The ring has at most one read on it in flight, into `count`, which nobody else touches; a worker drops the ear once that read is over, else leaks it.
pub(crate) struct Ear {
    bell: Bell,
    count: Box<UnsafeCell<u64>>,
    listening: bool,
}

impl Ear {
    /// A doorbell.
    pub(crate) fn new() -> io::Result<Self> {
        let fd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?;
        Ok(Self { bell: Bell(Arc::new(fd)), count: Box::new(UnsafeCell::new(0)), listening: false })
    }

    /// The side for others.
    pub(crate) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// The read to ask of the ring, unless it is in flight.
    #[inline]
    pub(crate) fn listen(&mut self) -> Option<Op> {
        if self.listening {
            return None;
        }
        self.listening = true;
        // SAFETY: [I1]
        Some(unsafe { Op::read(self.bell.0.as_raw_fd(), self.count.get().cast(), 8) })
    }

    /// The read is over: it rang, or was cancelled.
    pub(crate) fn heard(&mut self) {
        self.listening = false;
    }

    /// Whether a read is in flight.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening
    }
}
