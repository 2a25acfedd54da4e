//! A target is what an operation works on: a descriptor of the process, or an entry of the ring's own table of descriptors.
//!
//! | a target is | named by              | closed by                                       |
//! |-------------|-----------------------|-------------------------------------------------|
//! | plain       | its descriptor        | the system call                                 |
//! | direct      | its place in the table| an operation of that ring, and the ring's end   |
//!
//! [I1] One word: the number, and in the highest bit whether it is a place in the table. No descriptor is negative, and no table has so many places.

use std::{fmt, os::fd::RawFd};

const DIRECT: u32 = 1 << 31;

/// What an operation works on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target(u32);

impl Target {
    /// An entry of the ring's table.
    #[inline]
    pub(crate) const fn direct(entry: u32) -> Self {
        Self(entry | DIRECT)
    }

    /// Whether it is an entry of the ring's table.
    #[inline]
    pub(super) const fn is_direct(self) -> bool {
        self.0 & DIRECT != 0
    }

    /// The descriptor, or the place in the table.
    #[inline]
    pub(super) const fn number(self) -> i32 {
        (self.0 & !DIRECT) as i32
    }

    /// The descriptor, where it is one.
    #[inline]
    pub(crate) fn plain(self) -> Option<RawFd> {
        (!self.is_direct()).then_some(self.number())
    }

    /// The place in the table, where it is one.
    pub(crate) fn entry(self) -> Option<u32> {
        self.is_direct().then_some(self.0 & !DIRECT)
    }
}

/// A descriptor of the process.
impl From<RawFd> for Target {
    #[inline]
    fn from(fd: RawFd) -> Self {
        debug_assert!(fd >= 0, "[I1]");
        Self(fd as u32)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_direct() { "direct" } else { "plain" };
        write!(f, "{kind} {}", self.number())
    }
}
