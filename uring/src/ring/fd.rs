//! A descriptor that operations work on.
//!
//! [I1] It is closed when the place, or the entry, that has it is freed, which is when nothing of it is in flight: the number is not reused under the
//!      kernel's hands.
//! [I2] The result of an accept's completion is a descriptor that the kernel made for us, and nobody else knows of.

#![expect(unsafe_code, reason = "adopts descriptors that the kernel made for us")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::engine::Completion;

/// A descriptor of one worker's.
#[derive(Debug)]
pub(crate) struct Fd(OwnedFd);

impl Fd {
    /// Takes `fd` over.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// The number that operations name.
    #[inline]
    pub(crate) fn raw(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Fd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The descriptor that the completion of an accept delivered; called once for each such completion.
pub(crate) fn accepted(completion: &Completion) -> OwnedFd {
    debug_assert!(completion.result >= 0, "a descriptor is not negative");
    // SAFETY: [I2]
    unsafe { OwnedFd::from_raw_fd(completion.result) }
}
