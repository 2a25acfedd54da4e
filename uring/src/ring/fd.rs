//! A descriptor that operations share: closed when the last operation and the last owner have let go of it.
//!
//! | a descriptor is | named by            | closed                                                   |
//! |-----------------|---------------------|----------------------------------------------------------|
//! | plain           | its number          | at once                                                  |
//! | direct          | its place in a table| by an operation of the next turn, and by the ring's end  |
//!
//! [I1] While an operation on it is in flight, its table entry holds a clone: the number is not reused under the kernel's hands.
//! [I2] The result of a plain accept's completion is a descriptor that the kernel made for us, and nobody else knows of.

#![expect(unsafe_code, reason = "adopts descriptors that the kernel made for us")]

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    rc::Rc,
};

use super::slots::{Entry, Place};
use crate::engine::{Completion, Target};

/// A descriptor of one worker.
#[derive(Debug)]
pub(crate) enum File {
    /// One of the process; the slot that it takes, where these are counted, is free after it is closed.
    Plain { fd: OwnedFd, _place: Option<Place> },
    /// An entry of the ring's table.
    Direct(Entry),
}

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> Self {
        Self::Plain { fd, _place: None }
    }
}

/// A shared descriptor of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Fd(Rc<File>);

impl Fd {
    /// Shares `file`.
    pub(crate) fn new(file: impl Into<File>) -> Self {
        Self(Rc::new(file.into()))
    }

    /// What operations name.
    #[inline]
    pub(crate) fn target(&self) -> Target {
        match &*self.0 {
            File::Plain { fd, .. } => fd.as_raw_fd().into(),
            File::Direct(entry) => Target::direct(entry.number()),
        }
    }

    /// For system calls.
    ///
    /// # Errors
    /// `Unsupported`: it is direct, and known to its ring alone.
    pub(crate) fn plain(&self) -> io::Result<BorrowedFd<'_>> {
        match &*self.0 {
            File::Plain { fd, .. } => Ok(fd.as_fd()),
            File::Direct(_) => {
                let text = "no system call reaches a direct descriptor: use plain descriptors";
                Err(io::Error::new(io::ErrorKind::Unsupported, text))
            }
        }
    }

    /// Whether nobody else holds it.
    pub(crate) fn is_last(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
}

/// The descriptor that the completion of a plain accept delivered; called once for each such completion.
pub(crate) fn accepted(completion: &Completion) -> OwnedFd {
    debug_assert!(completion.result >= 0, "a descriptor is not negative");
    // SAFETY: [I2]
    unsafe { OwnedFd::from_raw_fd(completion.result) }
}
