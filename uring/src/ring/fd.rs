//! A descriptor that operations work on.
//!
//! | a descriptor is | named by            | closed                                                   |
//! |-----------------|---------------------|----------------------------------------------------------|
//! | plain           | its number          | when it is dropped                                       |
//! | direct          | its place in a table| by an operation of a later turn, and by the ring's end   |
//!
//! [I1] It is dropped with the socket, or the entry, that has it, when nothing of that is in flight: the number is not reused under the kernel's hands.
//! [I2] The result of a plain accept's completion is a descriptor that the kernel made for us, and nobody else knows of.
//! [I3] A plain one is owned, as by an `OwnedFd`.

#![expect(unsafe_code, reason = "adopts descriptors that the kernel made for us")]

use std::{
    io,
    os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd},
};

use super::slots::Place;
use crate::engine::{Completion, Target};

/// A descriptor of one worker.
#[derive(Debug)]
pub(crate) struct Fd(Target);

impl Fd {
    /// Takes `fd` over.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(fd.into_raw_fd().into())
    }

    /// An entry of the ring's table.
    pub(super) fn direct(entry: u32) -> Self {
        Self(Target::direct(entry))
    }

    /// What operations name.
    #[inline]
    pub(crate) fn target(&self) -> Target {
        self.0
    }

    /// For system calls.
    ///
    /// # Errors
    /// `Unsupported`: it is direct, and known to its ring alone.
    pub(crate) fn plain(&self) -> io::Result<BorrowedFd<'_>> {
        let Some(raw) = self.0.plain() else {
            let text = "no system call reaches a direct descriptor: use plain descriptors";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        };
        // SAFETY: [I3], and it is borrowed.
        Ok(unsafe { BorrowedFd::borrow_raw(raw) })
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        if let Some(raw) = self.0.plain() {
            // SAFETY: [I3], and it is not used again.
            drop(unsafe { OwnedFd::from_raw_fd(raw) });
        }
    }
}

/// A connection that nobody works on yet. Dropped, it is closed, and the slot that it takes is free.
#[derive(Debug)]
pub(crate) struct File {
    pub(super) fd: Fd,
    /// Where it takes one.
    pub(super) place: Option<Place>,
}

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> Self {
        Self::from(Fd::new(fd))
    }
}

impl From<Fd> for File {
    fn from(fd: Fd) -> Self {
        Self { fd, place: None }
    }
}

/// The descriptor that the completion of a plain accept delivered; called once for each such completion.
pub(super) fn accepted(completion: &Completion) -> Fd {
    debug_assert!(completion.result >= 0, "a descriptor is not negative");
    // SAFETY: [I2]
    Fd::new(unsafe { OwnedFd::from_raw_fd(completion.result) })
}
