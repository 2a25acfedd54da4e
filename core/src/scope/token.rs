//! A cancel token is a cancellation in a tree: what is asked of a token is asked of all below it.
//!
//! | node     | in its parent's line | has handles | left by                                                        |
//! |----------|----------------------|-------------|----------------------------------------------------------------|
//! | linked   | yes                  | yes         | a cancel from above takes it out; its last handle goes         |
//! | loose    | no                   | yes         | its last handle goes. A root, or below what is cancelled       |
//! | dead     | no                   | no          | freed with the last reference                                  |
//!
//! [I1] `children` of a node and `links` of its children change under the lock of its `children`, the lock of `links` inside it.
//! [I2] A child holds a handle on its parent. So a node without handles has no children, and nobody waits on it.
//! [I3] Who cancels fills the reason first, and takes the children out after that; who makes a child asks for the reason under the lock
//!      of the children. So a child is taken out, or is born cancelled.
//! [I4] Siblings hold references on each other while they are in line. A node is in a line for one stretch of its life, from its birth.

use core::fmt;

use crate::{
    error::Fault,
    lock::{Lock, Locked, RawLock},
    scope::cancel::{Cancel, RunUntil, WaitCancelled},
    sync::{Arc, AtomicUsize, Ordering::Relaxed},
};

/// A handle on a node of a tree of cancellations. Clones are the same node.
///
/// Waiting allocates nothing; a child is one allocation, which goes with its last handle. A cancel goes down the tree in a loop, whatever
/// its depth: parents before their children, older children before younger. A cancel of the same node that runs elsewhere at the same time
/// may still be on its way down when this one returns.
///
/// ```
/// use tidemill_core::{error::Fault, scope::CancelToken};
///
/// let server = CancelToken::new();
/// let connection = server.child();
/// server.cancel(Fault::Text("shutdown"));
/// assert!(connection.is_cancelled());
/// ```
///
/// Source: Eio's `Cancel`.
pub struct CancelToken<L: RawLock = Lock> {
    node: Arc<Node<L>>,
}

struct Node<L: RawLock> {
    cancel: Cancel<L>,
    /// How many tokens name this node.
    handles: AtomicUsize,
    children: Locked<Line<L>, L>,
    links: Locked<Links<L>, L>,
    /// A handle on it is counted. Taken by the last handle.
    parent: Locked<Option<Arc<Node<L>>>, L>,
}

struct Line<L: RawLock> {
    first: Option<Arc<Node<L>>>,
    last: Option<Arc<Node<L>>>,
}

struct Links<L: RawLock> {
    before: Option<Arc<Node<L>>>,
    after: Option<Arc<Node<L>>>,
}

impl CancelToken {
    /// The root of a new tree.
    pub fn new() -> Self {
        Self::new_in()
    }
}

impl<L: RawLock> CancelToken<L> {
    /// The root of a new tree, with the lock `L`.
    pub fn new_in() -> Self {
        Self { node: Node::new(None) }
    }

    /// A token below this one. Where this one is cancelled, so is the child from the beginning, for the same reason.
    #[must_use]
    pub fn child(&self) -> Self {
        // The handle is the new node's.
        self.node.count();
        let child = Node::new(Some(self.node.clone()));
        let late = self.node.children.with(|line| {
            // [I3]
            let late = self.node.cancel.is_cancelled();
            if !late {
                line.push(&child);
            }
            late
        });
        if late && let Some(reason) = self.node.cancel.reason() {
            child.cancel.cancel(reason);
        }
        Self { node: child }
    }

    /// Cancels this token and all below it. `false`: this one was cancelled before, and its reason stays.
    ///
    /// A waker that panics does not cost the others their cancel: the panic goes on when all have it.
    pub fn cancel(&self, reason: Fault) -> bool {
        let mut sweep = Sweep { reason, top: &self.node, at: self.clone(), done: false };
        let first = self.node.cancel.cancel(sweep.reason.clone());
        sweep.go();
        first
    }

    /// Whether it is cancelled.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.node.cancel.is_cancelled()
    }

    /// Why, if it is cancelled.
    pub fn reason(&self) -> Option<Fault> {
        self.node.cancel.reason()
    }

    /// Waits until it is cancelled, and says why.
    ///
    /// # Cancel safety
    /// Strict.
    pub fn cancelled(&self) -> WaitCancelled<'_, L> {
        self.node.cancel.cancelled()
    }

    /// Runs `future` until it is ready or this is cancelled. Where both are, the value is preferred.
    ///
    /// # Errors
    /// [`Cancelled`](crate::error::Cancelled): `future` is dropped then, before this answers.
    ///
    /// # Cancel safety
    /// As that of `future`.
    pub fn run<F: Future>(&self, future: F) -> RunUntil<'_, F, L> {
        self.node.cancel.run(future)
    }
}

/// A cancel on its way down.
struct Sweep<'a, L: RawLock> {
    reason: Fault,
    top: &'a Arc<Node<L>>,
    at: CancelToken<L>,
    done: bool,
}

impl<L: RawLock> Sweep<'_, L> {
    fn go(&mut self) {
        while !self.done {
            if let Some(child) = self.at.node.take_child() {
                self.at = child;
                self.at.node.cancel.cancel(self.reason.clone());
            } else if Arc::ptr_eq(&self.at.node, self.top) {
                self.done = true;
            } else {
                // Below the top, and with a handle, it has a parent.
                match self.at.node.parent_token() {
                    Some(parent) => self.at = parent,
                    None => self.done = true,
                }
            }
        }
    }
}

impl<L: RawLock> Drop for Sweep<'_, L> {
    /// After a panic: the rest.
    fn drop(&mut self) {
        self.go();
    }
}

impl<L: RawLock> Node<L> {
    fn new(parent: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            cancel: Cancel::new_in(),
            handles: AtomicUsize::new(1),
            children: Locked::new_in(Line { first: None, last: None }),
            links: Locked::new_in(Links { before: None, after: None }),
            parent: Locked::new_in(parent),
        })
    }

    /// Counts a handle, for who has one.
    fn count(&self) {
        // ordering: Relaxed, who has a handle makes another.
        let before = self.handles.fetch_add(1, Relaxed);
        assert!(before < usize::MAX / 2, "too many handles of one token");
    }

    /// Counts a handle unless there is none any more.
    fn revive(&self) -> bool {
        // ordering: Relaxed, the line holds the node, and its content has locks of its own.
        self.handles
            .fetch_update(Relaxed, Relaxed, |count| (count > 0).then_some(count + 1))
            .is_ok()
    }

    /// Takes the oldest child out that somebody has a handle on.
    fn take_child(&self) -> Option<CancelToken<L>> {
        loop {
            let node = self.children.with(|line| {
                let first = line.first.clone()?;
                line.remove(&first);
                Some(first)
            })?;
            if node.revive() {
                return Some(CancelToken { node });
            }
        }
    }

    fn parent_token(&self) -> Option<CancelToken<L>> {
        let parent = self.parent.with(|parent| parent.clone())?;
        // The handle that this node has on it is still counted, since this node has one itself.
        parent.count();
        Some(CancelToken { node: parent })
    }
}

impl<L: RawLock> Line<L> {
    fn push(&mut self, node: &Arc<Node<L>>) {
        let before = self.last.replace(node.clone());
        match &before {
            Some(before) => before.links.with(|links| links.after = Some(node.clone())),
            None => self.first = Some(node.clone()),
        }
        node.links.with(|links| links.before = before);
    }

    /// Takes a node out, if it is in line: one that is not has no neighbours, and is at neither end. The caller has a reference: none of those that are dropped here is the last.
    fn remove(&mut self, node: &Arc<Node<L>>) {
        let (before, after) = node.links.with(|links| (links.before.take(), links.after.take()));
        let is_end =
            |end: &Option<Arc<Node<L>>>| end.as_ref().is_some_and(|end| Arc::ptr_eq(end, node));
        match &before {
            Some(before) => before.links.with(|links| links.after = after.clone()),
            None if is_end(&self.first) => self.first = after.clone(),
            None => {}
        }
        match after {
            Some(after) => after.links.with(|links| links.before = before),
            None if is_end(&self.last) => self.last = before,
            None => {}
        }
    }
}

impl<L: RawLock> Clone for CancelToken<L> {
    fn clone(&self) -> Self {
        self.node.count();
        Self { node: self.node.clone() }
    }
}

impl<L: RawLock> Drop for CancelToken<L> {
    fn drop(&mut self) {
        let mut node = self.node.clone();
        // ordering: Relaxed elects the last handle. What is in a node has locks of its own, and its memory the count of `Arc`.
        while node.handles.fetch_sub(1, Relaxed) == 1 {
            // A loop, since a parent may have been kept by this node alone, and so on up.
            let Some(parent) = node.parent.with(Option::take) else { return };
            parent.children.with(|line| line.remove(&node));
            node = parent;
        }
    }
}

impl<L: RawLock> Default for CancelToken<L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<L: RawLock> fmt::Debug for CancelToken<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
