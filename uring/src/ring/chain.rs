//! A chain is a queue of chunks that hold bytes in order. It names the first and the last; their pool knows which follows which.

use std::mem;

/// No chunk: the end of a list.
pub(super) const NONE: u32 = u32::MAX;

/// Bytes in order, in chunks.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) count: u32,
    pub(super) bytes: u32,
}

impl Chain {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self { head: NONE, tail: NONE, count: 0, bytes: 0 };

    /// Bytes in it.
    #[inline]
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// Chunks in it.
    #[inline]
    pub(crate) const fn count(&self) -> usize {
        self.count as usize
    }

    /// Whether it holds nothing.
    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.head == NONE
    }

    /// Takes all of it.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::EMPTY)
    }
}
