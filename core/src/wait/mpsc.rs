//! An inbox: anyone may push a node, one consumer takes them all, in order.
//!
//! An intrusive stack in one word, which also says whether the consumer sleeps; so a push and the question whether to ring the
//! doorbell are one compare-exchange. After Treiber's stack; the consumer takes it whole, so there is no ABA.
//!
//! | word     | means                              | `push`                 | `take`       | `sleep`       | `wake_up` | `close`       |
//! |----------|------------------------------------|------------------------|--------------|---------------|-----------|---------------|
//! | EMPTY    | nothing queued, consumer awake     | -> node: `Quiet`       | nothing      | -> SLEEPING   | -         | -> CLOSED     |
//! | SLEEPING | nothing queued, consumer asleep    | -> node: `Ring`        | nothing      | -             | -> EMPTY  | -> CLOSED     |
//! | node     | the newest node, linked to older   | -> node: `Quiet`       | -> EMPTY     | no: work here | -         | -> CLOSED     |
//! | CLOSED   | for good                           | `Closed`, node is back | nothing      | -             | -         | -             |
//!
//! [Q1] A node is in at most one queue of a kind at a time; its link of that kind is written by whoever is putting it there, and from then on by the
//!      queue's owner alone.
//! [Q2] Only the consumer leaves a word other than by a push, so what it has loaded can only change by pushes.
//! [Q3] SLEEPING is replaced once per sleep: at most one push of a sleep answers `Ring`.

#![expect(unsafe_code, reason = "links nodes that others own into a queue")]

use core::{
    marker::PhantomData,
    ptr::{self, NonNull},
};

use crate::{
    const_new,
    sync::{
        AtomicPtr,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
        UnsafeCell,
    },
};

/// The link of a node to the next one in its queue.
pub struct Link<T> {
    next: UnsafeCell<Option<NonNull<T>>>,
}

impl<T> Link<T> {
    const_new! {
        /// A link of a node that is in no queue.
        pub fn new() -> Self {
            Self { next: UnsafeCell::new(None) }
        }
    }

    /// The node to which it leads.
    ///
    /// # Safety
    /// The caller owns it, or the queue in which it is.
    #[inline]
    pub(crate) unsafe fn get(&self) -> Option<NonNull<T>> {
        self.next.with(|next| {
            // SAFETY: [Q1], the owner of the queue alone uses the link.
            unsafe { *next }
        })
    }

    /// Has it lead there.
    ///
    /// # Safety
    /// As for `get`; or the caller is putting what it stands in into a queue.
    #[inline]
    pub(crate) unsafe fn set(&self, to: Option<NonNull<T>>) {
        self.next.with_mut(|next| {
            // SAFETY: [Q1], whoever puts the node into a queue, or owns the queue, alone uses the link.
            unsafe { *next = to };
        });
    }
}

impl<T> Default for Link<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What can stand in an [`Inbox`] or a [`Chain`]: in one of each kind `K` of which it has a link.
///
/// # Safety
/// `link` names the same [`Link`] of the node every time, for each kind another; nobody else touches it; the node's alignment is at
/// least 4.
pub unsafe trait Linked<K = ()>: Sized {
    /// The node's link.
    fn link(node: NonNull<Self>) -> NonNull<Link<Self>>;
}

/// Reads the link of `node`.
///
/// # Safety
/// `node` is alive, and the caller owns the queue in which it stands.
#[inline]
unsafe fn next<T: Linked<K>, K>(node: NonNull<T>) -> Option<NonNull<T>> {
    // SAFETY: the node is alive, and so is the link within it (contract of `Linked`).
    let link = unsafe { <T as Linked<K>>::link(node).as_ref() };
    // SAFETY: the contract.
    unsafe { link.get() }
}

/// Writes the link of `node`.
///
/// # Safety
/// `node` is alive, and the caller owns the queue in which it stands, or is putting it into one.
#[inline]
unsafe fn set_next<T: Linked<K>, K>(node: NonNull<T>, to: Option<NonNull<T>>) {
    // SAFETY: the node is alive, and so is the link within it (contract of `Linked`).
    let link = unsafe { <T as Linked<K>>::link(node).as_ref() };
    // SAFETY: the contract.
    unsafe { link.set(to) };
}

/// Asleep: an address that no node has, since nodes are aligned to 4 at least.
const SLEEPING: usize = 1;
/// Closed: likewise.
const CLOSED: usize = 2;

/// What the pusher has to do next.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Push {
    /// Nothing: the consumer is awake, or someone else rings.
    Quiet,
    /// Ring the doorbell: the consumer sleeps, and nobody else has been told to.
    Ring,
    /// The node was not taken, and never will be.
    Closed,
}

/// A queue into which anyone may push, and which one consumer empties, first in first out. It knows whether the consumer sleeps, so it
/// says when to ring for him: at most once per sleep.
pub struct Inbox<T: Linked<K>, K = ()> {
    word: AtomicPtr<T>,
    kind: PhantomData<fn() -> K>,
}

// SAFETY: nodes are handed from pusher to consumer as `T: Send` allows, through Release and Acquire on `word`.
unsafe impl<T: Linked<K> + Send, K> Send for Inbox<T, K> {}
// SAFETY: as above; every method but the consumer's is atomic, and those have a contract.
unsafe impl<T: Linked<K> + Send, K> Sync for Inbox<T, K> {}

impl<T: Linked<K>, K> Inbox<T, K> {
    const_new! {
        /// An empty inbox, its consumer awake.
        pub fn new() -> Self {
            Self { word: AtomicPtr::new(ptr::null_mut()), kind: PhantomData }
        }
    }

    /// Queues `node`, unless the inbox is closed.
    ///
    /// # Safety
    /// `node` is alive and in no queue, and stays alive until the consumer has taken it out or `Closed` was answered.
    #[inline]
    pub unsafe fn push(&self, node: NonNull<T>) -> Push {
        let mut word = self.word.load(Relaxed);
        loop {
            let before = match word.addr() {
                CLOSED => return Push::Closed,
                SLEEPING => None,
                _ => NonNull::new(word),
            };
            // SAFETY: the node is alive (contract), and we are putting it into this queue.
            unsafe { set_next::<T, K>(node, before) };
            // ordering: Release pairs with Acquire in `take`, publishing the link and what the node carries. Acquire is for
            // `Ring`: the pusher that saw SLEEPING comes after all that the consumer did before it slept.
            match self.word.compare_exchange_weak(word, node.as_ptr(), AcqRel, Relaxed) {
                Ok(_) if word.addr() == SLEEPING => return Push::Ring,
                Ok(_) => return Push::Quiet,
                Err(now) => word = now,
            }
        }
    }

    /// Takes all that is queued, the oldest first.
    ///
    /// # Safety
    /// The caller is the one consumer.
    #[inline]
    pub unsafe fn take(&self) -> Chain<T, K> {
        // ordering: Relaxed only asks whether there is something; the swap acquires it.
        if self.word.load(Relaxed).addr() <= CLOSED {
            return Chain::new();
        }
        // ordering: Acquire pairs with Release in `push`. [Q2] The word is still a node.
        let newest = self.word.swap(ptr::null_mut(), Acquire);
        // SAFETY: the whole stack is ours now, its links published by the pushes.
        unsafe { Chain::reversed(newest) }
    }

    /// Puts the consumer to sleep, unless there is work: then `false`.
    ///
    /// # Safety
    /// The caller is the one consumer.
    #[must_use]
    pub unsafe fn sleep(&self) -> bool {
        let asleep = ptr::without_provenance_mut(SLEEPING);
        // ordering: Release pairs with Acquire in `push`. No wake is lost, since a push and this are changes of one word.
        self.word.compare_exchange(ptr::null_mut(), asleep, Release, Relaxed).is_ok()
    }

    /// Whether the consumer sleeps, and no push has ended that.
    pub fn is_asleep(&self) -> bool {
        // ordering: Relaxed, whoever is not kept out may push in the next moment.
        self.word.load(Relaxed).addr() == SLEEPING
    }

    /// Ends the sleep, if no push has. Cheap when awake.
    ///
    /// # Safety
    /// The caller is the one consumer.
    #[inline]
    pub unsafe fn wake_up(&self) {
        let asleep = ptr::without_provenance_mut(SLEEPING);
        if self.word.load(Relaxed) == asleep {
            // ordering: Relaxed, nothing is published. Where it fails, a push has ended the sleep.
            let _ = self.word.compare_exchange(asleep, ptr::null_mut(), Relaxed, Relaxed);
        }
    }

    /// Whether it refuses all that comes. Elsewhere than where it is closed that may change in a moment.
    #[inline]
    pub fn is_closed(&self) -> bool {
        // ordering: Relaxed, nothing is published with it.
        self.word.load(Relaxed).addr() == CLOSED
    }

    /// Takes all that is queued, and refuses all that comes.
    ///
    /// # Safety
    /// The caller is the one consumer.
    pub unsafe fn close(&self) -> Chain<T, K> {
        let closed = ptr::without_provenance_mut(CLOSED);
        // ordering: Acquire pairs with Release in `push`, as in `take`.
        let newest = self.word.swap(closed, Acquire);
        if newest.addr() <= CLOSED {
            return Chain::new();
        }
        // SAFETY: the whole stack is ours now, its links published by the pushes.
        unsafe { Chain::reversed(newest) }
    }
}

impl<T: Linked<K>, K> Default for Inbox<T, K> {
    fn default() -> Self {
        Self::new()
    }
}

/// A queue that one owner has to itself: first in, first out. It owns the links of its nodes, not the nodes.
pub struct Chain<T: Linked<K>, K = ()> {
    ends: Option<(NonNull<T>, NonNull<T>)>,
    kind: PhantomData<fn() -> K>,
}

impl<T: Linked<K>, K> Chain<T, K> {
    /// A queue of nothing.
    pub const fn new() -> Self {
        Self { ends: None, kind: PhantomData }
    }

    /// The stack under `newest`, turned round.
    ///
    /// # Safety
    /// The caller owns that stack, all of its nodes alive.
    unsafe fn reversed(newest: *mut T) -> Self {
        let Some(last) = NonNull::new(newest) else { return Self::new() };
        let (mut first, mut newer) = (last, None);
        loop {
            // SAFETY: the stack is ours (contract), and so is every node that its links lead to.
            let older = unsafe { next::<T, K>(first) };
            // SAFETY: as above.
            unsafe { set_next::<T, K>(first, newer) };
            newer = Some(first);
            match older {
                Some(node) => first = node,
                None => return Self { ends: Some((first, last)), kind: PhantomData },
            }
        }
    }

    /// Whether there is nothing in it.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ends.is_none()
    }

    /// Puts `node` at the end.
    ///
    /// # Safety
    /// `node` is alive and in no queue, and stays alive until it has left this one, by `pop` or as part of another.
    #[inline]
    pub unsafe fn push(&mut self, node: NonNull<T>) {
        // SAFETY: the node is alive (contract), and we are putting it into this queue.
        unsafe { set_next::<T, K>(node, None) };
        // SAFETY: a queue of one node, which has no next.
        unsafe { self.join(node, node) };
    }

    /// Puts all of `other` at the end, in its order.
    #[inline]
    pub fn append(&mut self, other: Self) {
        if let Some((first, last)) = other.ends {
            // SAFETY: `other` was a queue, and is no more.
            unsafe { self.join(first, last) };
        }
    }

    /// Takes the first node.
    #[inline]
    pub fn pop(&mut self) -> Option<NonNull<T>> {
        self.pop_if(|| true)
    }

    /// Takes the first node, if there is one and `may` then says so.
    #[inline]
    pub fn pop_if(&mut self, may: impl FnOnce() -> bool) -> Option<NonNull<T>> {
        let (first, last) = self.ends?;
        if !may() {
            return None;
        }
        // SAFETY: nodes are alive while they are queued (contract of `push`), and the queue is ours.
        self.ends = unsafe { next::<T, K>(first) }.map(|second| (second, last));
        Some(first)
    }

    /// Takes the first node, as a queue of its own; if there is none, an empty one.
    pub fn take_first(&mut self) -> Self {
        let Some(first) = self.pop() else { return Self::new() };
        let mut alone = Self::new();
        // SAFETY: it has left this queue, and whoever has the new one keeps the contract of `push` as he did for this one.
        unsafe { alone.push(first) };
        alone
    }

    /// Turns it round.
    pub fn reverse(&mut self) {
        if let Some((first, _)) = self.ends.take() {
            // SAFETY: the queue is ours, and a stack under its first node.
            *self = unsafe { Self::reversed(first.as_ptr()) };
        }
    }

    /// # Safety
    /// `first` to `last` are linked, alive, and in no queue.
    #[inline]
    unsafe fn join(&mut self, first: NonNull<T>, last: NonNull<T>) {
        let Some((oldest, end)) = self.ends else {
            self.ends = Some((first, last));
            return;
        };
        // SAFETY: nodes are alive while they are queued (contract of `push`), and the queue is ours.
        unsafe { set_next::<T, K>(end, Some(first)) };
        self.ends = Some((oldest, last));
    }
}

impl<T: Linked<K>, K> Default for Chain<T, K> {
    fn default() -> Self {
        Self::new()
    }
}
