//! A berth: where a [pooled](super::pooled) task is to run, kept in front of its header.
//!
//! | the node  | the task runs on                                  |
//! |-----------|---------------------------------------------------|
//! | `None`    | any                                               |
//! | a number  | workers of that node, from its next wake on       |
//!
//! The invariant [P3] is that of `pooled`.

#![expect(unsafe_code, reason = "finds what stands in front of a header")]

use core::ptr::NonNull;

use super::header::Header;
use crate::sync::{AtomicUsize, Ordering::Relaxed};

/// What stands in front of the header of a pooled task.
#[repr(C, align(16))]
pub(super) struct Before {
    /// Where it is to run: a number of the pool's, or `ANYWHERE`.
    node: AtomicUsize,
}

impl Before {
    /// Of a task that may run anywhere.
    #[inline]
    pub(super) fn new() -> Self {
        Self { node: AtomicUsize::new(ANYWHERE) }
    }
}

const ANYWHERE: usize = usize::MAX;

/// The node on which a pooled task is to run, if it matters.
///
/// # Safety
/// It is pooled, and alive.
#[inline]
pub unsafe fn preferred_node(task: NonNull<Header>) -> Option<usize> {
    // SAFETY: the contract is the same.
    let node = unsafe { node(&task) };
    // ordering: Relaxed, it is a number and no more.
    Some(node.load(Relaxed)).filter(|node| *node != ANYWHERE)
}

/// Has a pooled task run on this node from its next wake on; with `None` on any.
///
/// # Safety
/// It is pooled, and alive.
pub unsafe fn prefer_node(task: NonNull<Header>, node: Option<usize>) {
    // SAFETY: the contract is the same.
    let place = unsafe { self::node(&task) };
    // ordering: Relaxed, it is a number and no more.
    place.store(node.unwrap_or(ANYWHERE), Relaxed);
}

/// # Safety
/// As `preferred_node`.
unsafe fn node(task: &NonNull<Header>) -> &AtomicUsize {
    // SAFETY: [P3].
    let before = unsafe { task.cast::<Before>().sub(1) };
    // SAFETY: it is alive (contract).
    &unsafe { before.as_ref() }.node
}
