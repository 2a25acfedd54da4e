//! A node of a timing wheel: what an entry keeps for it.
//!
//! | a node is | `next` | `waker` | `status`                                             |
//! |-----------|--------|---------|------------------------------------------------------|
//! | linked    | some   | some    | `Armed`                                              |
//! | not       | none   | none    | any other (`Armed` between two steps under one lock) |
//!
//! Where a wheel is one line, `next` says nothing: the last node has none either, and one that has left may name what stood behind it.
//!
//! [L1] What a node holds is read and written under the lock of its wheel alone; or, as long as it is linked nowhere, by an owner whose it is alone (`delay`).
//! [L2] A linked node is alive: it is pinned, and its owner has the wheel take it out before it dies (contract of `Link::new`). One that
//!      was forgotten stays in memory for ever, as pinning demands.
//! [L3] Nodes point at nodes, never at the lists: these may move.

#![expect(unsafe_code, reason = "reaches pinned nodes that their owners promise to take out")]

use core::{marker::PhantomPinned, pin::Pin, ptr::NonNull, task::Waker};

use crate::{clock::Instant, sync::UnsafeCell, time::status::Status};

/// The last moment, which never comes.
pub(super) const FAR: u64 = Instant::FAR.as_nanos();

/// What an entry keeps for its wheel.
pub(super) struct Node {
    links: UnsafeCell<Links>,
    _pinned: PhantomPinned,
}

impl Node {
    /// One that is linked nowhere.
    pub(super) fn new() -> Self {
        Self::due(0)
    }

    /// One that is linked nowhere, with its deadline.
    #[inline(always)]
    pub(super) fn due(deadline: u64) -> Self {
        let links = Links {
            #[cfg(feature = "std")]
            prev: None,
            next: None,
            deadline,
            waker: None,
            status: Status::Idle,
        };
        Self { links: UnsafeCell::new(links), _pinned: PhantomPinned }
    }
}

/// What a node holds.
#[repr(C)] // Where `next` stands first, a walk along the line has less to add.
pub(super) struct Links {
    pub(super) next: Option<Link>,
    /// Where a wheel has slots.
    #[cfg(feature = "std")]
    pub(super) prev: Option<Link>,
    pub(super) status: Status,
    pub(super) deadline: u64,
    pub(super) waker: Option<Waker>,
}

/// The address of a node, and its owner's promise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(NonNull<Node>);

impl Link {
    /// The link of `node`.
    ///
    /// # Safety
    /// All links of a node go to one and the same wheel, while the node is lent to that call. Before the node dies, its owner has
    /// the wheel take it out ([`Wheel::leave`]), or the wheel is dropped.
    pub(super) unsafe fn new(node: Pin<&Node>) -> Self {
        Self(NonNull::from(node.get_ref()))
    }

    /// Reads or writes the node. `f` reaches no node otherwise, and runs no user code ([W2] of `wheel`).
    ///
    /// # Safety
    /// The caller has the lock of the wheel, or the node is his alone [L1].
    #[inline]
    pub(super) unsafe fn at<R>(self, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: the node is alive: it is linked [L2], or its owner lends it (contract of `new`).
        let node = unsafe { self.0.as_ref() };
        // SAFETY: the lock is held (contract), and `f` reaches no node otherwise: nobody else is here.
        node.links.with_mut(|links| f(unsafe { &mut *links }))
    }
}
