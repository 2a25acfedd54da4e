//! A descriptor that operations share: closed when the last operation and the last owner have let go of it.
//!
//! [I1] While an operation on it is in flight, its table entry holds a clone: the number is not reused under the kernel's hands.
//! [I2] The result of an accept's completion is a descriptor that the kernel made for us, and nobody else knows of.

#![expect(unsafe_code, reason = "adopts descriptors that the kernel made for us")]

use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    rc::Rc,
};

use crate::engine::{Completion, Target};

/// A shared descriptor of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Fd(Rc<OwnedFd>);

impl Fd {
    /// Shares `fd`.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self(Rc::new(fd))
    }

    /// What operations name.
    #[inline]
    pub(crate) fn target(&self) -> Target {
        self.0.as_raw_fd().into()
    }

    /// Whether nobody else holds it.
    pub(crate) fn is_last(&self) -> bool {
        Rc::strong_count(&self.0) == 1
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
