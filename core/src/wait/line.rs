//! A line is the waiters of a list, each a node in the future that waits, linked from the first to the last.
//!
//! | node    | links                     | waker        | mark                    |
//! |---------|---------------------------|--------------|-------------------------|
//! | idle    | mean nothing              | `None`       | what it would wait for  |
//! | waiting | to its neighbours in line | `Some`       | what it waits for       |
//!
//! The invariants [I1] to [I6] are those of [`list`](super::list), whose inner half this is.

#![expect(unsafe_code, reason = "an intrusive list: nodes lie in the futures that wait")]

use core::{marker::PhantomPinned, mem::ManuallyDrop, ptr::NonNull, task::Waker};

use crate::sync::{
    AtomicBool,
    Ordering::{Relaxed, Release},
    UnsafeCell,
};

pub(super) struct Node<M> {
    pub(super) waiting: AtomicBool,
    inner: UnsafeCell<Inner<M>>,
    _pin: PhantomPinned,
}

impl<M> Node<M> {
    /// A node that is in no line.
    pub(super) fn new(mark: M) -> Self {
        let inner = Inner { before: None, after: None, waker: ManuallyDrop::new(None), mark };
        Self { waiting: AtomicBool::new(false), inner: UnsafeCell::new(inner), _pin: PhantomPinned }
    }

    /// Gives it another mark.
    pub(super) fn set_mark(&mut self, mark: M) {
        self.inner.with_mut(|inner| {
            // SAFETY: it is borrowed mutably.
            unsafe { (*inner).mark = mark };
        });
    }

    /// Its waker, if it is in line.
    ///
    /// # Safety
    /// The caller is under the lock of its list for as long as the result is used, and changes the node in no other way meanwhile.
    #[inline]
    pub(super) unsafe fn waker(&self) -> Option<&Waker> {
        self.inner.with(|inner| {
            // SAFETY: [I1] by the contract above.
            let inner = unsafe { &*inner };
            inner.waker.as_ref()
        })
    }

    /// Where its mark is.
    pub(super) fn mark(&self) -> *mut M {
        self.inner.with_mut(|inner| {
            // SAFETY: the node is alive, so its fields have addresses.
            unsafe { &raw mut (*inner).mark }
        })
    }
}

struct Inner<M> {
    before: Link<M>,
    after: Link<M>,
    /// None out of line, so there is nothing to drop with the node.
    waker: ManuallyDrop<Option<Waker>>,
    mark: M,
}

pub(super) type Link<M> = Option<NonNull<Node<M>>>;

// SAFETY: [I1] what others than its owner touch of a node they touch under the lock of the list, which is `Sync` only where its lock
// excludes; wakers are `Send`, and `M` is.
unsafe impl<M: Send> Send for Node<M> {}
// SAFETY: as above: a shared reference to a node gives access to nothing but `waiting`.
unsafe impl<M: Send> Sync for Node<M> {}

/// Lends the inner part of a node.
///
/// # Safety
/// The node is alive, the caller under the lock of its list, and `f` uses the node in no other way.
unsafe fn edit<M, R>(node: NonNull<Node<M>>, f: impl FnOnce(&mut Inner<M>) -> R) -> R {
    // SAFETY: it is alive.
    let node = unsafe { node.as_ref() };
    // SAFETY: [I1] under the lock nobody else touches it.
    node.inner.with_mut(|inner| f(unsafe { &mut *inner }))
}

/// What came of joining.
#[must_use]
pub(super) enum Joined {
    /// In line, with a waker that wakes the right one; here is the one that it replaced.
    Waiting(Option<Waker>),
    /// Not in line, or in line with another waker; and there was no clone to put there.
    Missing,
}

/// The two ends of a line. All methods run under the lock.
pub(super) struct Line<M> {
    pub(super) first: Link<M>,
    pub(super) last: Link<M>,
}

// SAFETY: the nodes behind the ends go with the list: whoever else can reach one borrows the list [I3], so that it cannot be sent away,
// or shares it under a lock [I1]. Nodes that were forgotten nobody else reaches, and what they hold, `Waker` and `M`, is `Send`.
unsafe impl<M: Send> Send for Line<M> {}

impl<M> Line<M> {
    /// Puts a node in line, behind all whom it need not come `before`, or renews the waker of one that is in line.
    ///
    /// # Safety
    /// `node` is pinned, and belongs to a waiter of this list.
    pub(super) unsafe fn join(
        &mut self,
        node: &Node<M>,
        waker: &Waker,
        fresh: &mut Option<Waker>,
        before: impl Fn(&M, &M) -> bool,
    ) -> Joined {
        // ordering: Relaxed, since it changes under the lock alone.
        let waiting = node.waiting.load(Relaxed);
        let renew = |inner: &mut Inner<M>| {
            if waiting && inner.waker.as_ref().is_some_and(|held| held.will_wake(waker)) {
                return Joined::Waiting(None);
            }
            match fresh.take() {
                Some(fresh) => Joined::Waiting(inner.waker.replace(fresh)),
                None => Joined::Missing,
            }
        };
        // SAFETY: we are under the lock.
        let joined = unsafe { edit(NonNull::from(node), renew) };
        if !waiting && matches!(joined, Joined::Waiting(_)) {
            self.link(node, before);
        }
        joined
    }

    /// Links a node in. Only for [`join`](Self::join).
    #[inline]
    fn link(&mut self, node: &Node<M>, before: impl Fn(&M, &M) -> bool) {
        // SAFETY: it is alive, and we are under the lock [I1].
        let mark = unsafe { &*node.mark() };
        // SAFETY: [I2] who is in line is alive, and is not `node`; [I1] as above.
        let precedes =
            |other: NonNull<Node<M>>| unsafe { edit(other, |inner| before(mark, &inner.mark)) };
        let (mut ahead, mut behind) = (self.last, None);
        if self.last.is_some_and(precedes) && self.first.is_some_and(precedes) {
            (ahead, behind) = (None, self.first);
        }
        while let Some(other) = ahead.filter(|&other| precedes(other)) {
            // SAFETY: [I2] it is in line, so it is alive.
            (ahead, behind) = (unsafe { edit(other, |inner| inner.before) }, ahead);
        }
        let at = NonNull::from(node);
        // SAFETY: we are under the lock.
        unsafe { edit(at, |inner| (inner.before, inner.after) = (ahead, behind)) };
        match ahead {
            None => self.first = Some(at),
            // SAFETY: [I2] it is in line, so it is alive.
            Some(ahead) => unsafe { edit(ahead, |inner| inner.after = Some(at)) },
        }
        match behind {
            None => self.last = Some(at),
            // SAFETY: [I2] it is in line, so it is alive.
            Some(behind) => unsafe { edit(behind, |inner| inner.before = Some(at)) },
        }
        // ordering: Relaxed: who reads it without the lock is who joins.
        node.waiting.store(true, Relaxed);
    }

    /// Puts a node in line that is in none, behind all others.
    ///
    /// # Safety
    /// `node` is pinned, and belongs to a waiter of this list; it is in no line.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) unsafe fn append(&mut self, node: &Node<M>, waker: Waker, mark: M) {
        let at = NonNull::from(node);
        let last = self.last.replace(at);
        let waker = ManuallyDrop::new(Some(waker));
        // SAFETY: we are under the lock.
        unsafe { edit(at, |inner| *inner = Inner { before: last, after: None, waker, mark }) };
        match last {
            None => self.first = Some(at),
            // SAFETY: [I2] it is in line, so it is alive.
            Some(last) => unsafe { edit(last, |inner| inner.after = Some(at)) },
        }
        // ordering: Relaxed: who reads it without the lock is who joins.
        node.waiting.store(true, Relaxed);
    }

    /// Takes a node out of line, if it is in line, and returns its waker.
    ///
    /// # Safety
    /// `node` belongs to a waiter of this list.
    pub(super) unsafe fn leave(&mut self, node: &Node<M>) -> Option<Waker> {
        // ordering: Relaxed, since it changes under the lock alone.
        if !node.waiting.load(Relaxed) {
            return None;
        }
        // SAFETY: [I4] it is in this line.
        unsafe { self.unlink(NonNull::from(node)) }
    }

    /// Takes the first ones out that are `due`, one after the other, as long as `take`, which is given the waker of each while that is still in
    /// line, says that there is room for another. Whether there are more who are due.
    #[inline]
    pub(super) fn take_due(
        &mut self,
        due: impl Fn(&M) -> bool,
        mut take: impl FnMut(Option<Waker>) -> bool,
    ) -> bool {
        let (mut next, mut has_room) = (self.first, true);
        let more = loop {
            let Some(first) = next else { break false };
            // SAFETY: [I2] it is in line, so it is alive.
            let node = unsafe { first.as_ref() };
            // SAFETY: [I1] we are under the lock.
            if !due(unsafe { &*node.mark() }) {
                break false;
            }
            if !has_room {
                break true;
            }
            // SAFETY: [I2] as above.
            let (after, waker) = unsafe { edit(first, |inner| (inner.after, inner.waker.take())) };
            next = after;
            has_room = take(waker);
            // SAFETY: [I2] it is alive until this; those behind it are linked anew below.
            unsafe { let_go(first) };
        };
        self.first = next;
        match next {
            None => self.last = None,
            // SAFETY: [I2] it is in line, so it is alive.
            Some(first) => unsafe { edit(first, |inner| inner.before = None) },
        }
        more
    }

    /// Takes a node out of line and returns its waker. The node may be gone when this returns.
    ///
    /// # Safety
    /// `node` is in this line.
    pub(super) unsafe fn unlink(&mut self, node: NonNull<Node<M>>) -> Option<Waker> {
        // SAFETY: [I2] it is in line, so it is alive.
        let (before, after, waker) =
            unsafe { edit(node, |inner| (inner.before, inner.after, inner.waker.take())) };
        match before {
            None => self.first = after,
            // SAFETY: [I2] it is in line, so it is alive.
            Some(before) => unsafe { edit(before, |inner| inner.after = after) },
        }
        match after {
            None => self.last = before,
            // SAFETY: [I2] it is in line, so it is alive.
            Some(after) => unsafe { edit(after, |inner| inner.before = before) },
        }
        // SAFETY: [I2] alive, and it is out of line.
        unsafe { let_go(node) };
        waker
    }
}

/// Says that a node is out of line. It may be gone when this returns.
///
/// # Safety
/// It is alive, and no neighbour of others any more.
#[inline]
unsafe fn let_go<M>(node: NonNull<Node<M>>) {
    // SAFETY: alive, until the store below.
    let node = unsafe { node.as_ref() };
    // ordering: Release pairs with Acquire in `Waiter::is_waiting`: all of the above comes before the owner frees the node [I5].
    node.waiting.store(false, Release);
}
