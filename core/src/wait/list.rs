//! A wait list is a line of waiters, first in first out, beside a state of its owner, under one short lock. A waiter is a part of the
//! future that waits, so waiting allocates nothing.
//!
//! | waiter  | is                                        | [`Waiter::poll_with`]                   | [`Turn::take`] | `leave`, drop |
//! |---------|-------------------------------------------|-----------------------------------------|----------------|---------------|
//! | idle    | not in line: new, taken out, or gone      | answered, or -> waiting, last in line   |                |               |
//! | waiting | in line, with a waker                     | answered -> idle, or keeps its place    | -> idle, woken | -> idle       |
//!
//! [I1] Links, waker and mark of a node are touched under the lock of its list alone. So is `waiting` changed; its owner alone reads it
//!      without the lock.
//! [I2] A node comes into line through a pinned reference to its `Waiter`, whose drop takes it out. A node in line is therefore alive
//!      and in its place; if its waiter was forgotten, the contract of `Pin` keeps its memory as it is for ever.
//! [I3] Nodes point at nodes, never at the list. Whoever can reach a waiter borrows its list; so when a list moves or dies, only
//!      forgotten nodes are in line: they move along as they are, or stay behind unreached.
//! [I4] A node is in no line but that of the list that its waiter borrows, and in line exactly when `waiting` is true.
//! [I5] Who takes a node out stores `waiting` last and touches the node no more: its owner may then free it without the lock.
//! [I6] Wakers are cloned before the lock, and woken or dropped after it.

#![expect(unsafe_code, reason = "an intrusive list: nodes lie in the futures that wait")]

use core::{
    fmt,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Poll, Waker},
};

use crate::{
    const_new,
    lock::{Lock, Locked, RawLock},
    sync::Ordering::Acquire,
    wait::{
        WakeBatch, Woken,
        line::{Joined, Line, Node},
    },
};

/// A line of waiters beside a state `S`, under one lock `L`. Each waiter carries a mark `M` that says what it waits for.
///
/// ```
/// use core::{pin::pin, task::{Poll, Waker}};
/// use tidemill_core::{lock::Lock, wait::{WaitList, Waiter, WakeBatch}};
///
/// // A gate: the state says whether it is open.
/// static GATE: WaitList<Lock, bool> = WaitList::new_in(false);
///
/// let mut waiter = pin!(Waiter::new(&GATE, ()));
/// let mut pass = || waiter.as_mut().poll_with(Waker::noop(), |turn| turn.state.then_some("through"));
/// assert_eq!(pass(), Poll::Pending);
///
/// GATE.with(|turn| *turn.state = true);
/// GATE.wake_all();
/// assert_eq!(pass(), Poll::Ready("through"));
/// ```
pub struct WaitList<L: RawLock = Lock, S = (), M = ()> {
    inside: Locked<Inside<S, M>, L>,
}

struct Inside<S, M> {
    state: S,
    line: Line<M>,
}

impl<L: RawLock, S, M> WaitList<L, S, M> {
    const_new! {
        /// A list where nobody waits.
        pub fn new_in(state: S) -> Self {
            Self { inside: Locked::new_in(Inside { state, line: Line { first: None, last: None } }) }
        }
    }

    /// Looks at the state and the line, alone. `f` runs under the lock: it is short, and calls nothing that may use this list, or else
    /// the call panics or never returns.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut Turn<'_, S, M>) -> R) -> R {
        self.inside.with(|Inside { state, line }| f(&mut Turn { state, line, own: None }))
    }

    /// Takes out and wakes everybody, first come first woken, a [`WakeBatch`] at a time. The state says already that nobody need wait
    /// any more: whoever joins in the meantime is woken too, and would be again and again.
    ///
    /// A waker that panics does not cost the others their wake: the panic goes on when all have been woken.
    pub fn wake_all(&self) {
        self.wake_with(|turn, batch| {
            while turn.take(batch) {}
            !turn.is_empty()
        });
    }

    /// Has `serve` take waiters out, under the lock, and wakes them after it; again for as long as `serve` says that there are more
    /// than the batch could hold. `serve` is short, and calls nothing that may use this list.
    ///
    /// A waker that panics does not cost the others their wake: the panic goes on when all have been woken.
    pub fn wake_with(&self, serve: impl FnMut(&mut Turn<'_, S, M>, &mut WakeBatch) -> bool) {
        self.wake_by(serve);
    }

    /// As [`wake_with`](Self::wake_with), with batches of one's own kind.
    #[inline]
    pub(crate) fn wake_by<B: Woken>(&self, serve: impl FnMut(&mut Turn<'_, S, M>, &mut B) -> bool) {
        let mut rest = Rest(self, serve, PhantomData);
        rest.wake();
        mem::forget(rest);
    }
}

/// Wakes who is left to be woken when a waker panics.
struct Rest<'a, L: RawLock, S, M, F, B: Woken>(&'a WaitList<L, S, M>, F, PhantomData<B>)
where
    F: FnMut(&mut Turn<'_, S, M>, &mut B) -> bool;

impl<L: RawLock, S, M, F, B: Woken> Rest<'_, L, S, M, F, B>
where
    F: FnMut(&mut Turn<'_, S, M>, &mut B) -> bool,
{
    fn wake(&mut self) {
        loop {
            let mut batch = B::new();
            let more = self.0.with(|turn| (self.1)(turn, &mut batch));
            // [I6] The lock is free.
            batch.wake();
            if !more {
                return;
            }
        }
    }
}

impl<L: RawLock, S, M, F, B: Woken> Drop for Rest<'_, L, S, M, F, B>
where
    F: FnMut(&mut Turn<'_, S, M>, &mut B) -> bool,
{
    fn drop(&mut self) {
        self.wake();
    }
}

/// What a closure under the lock of a [`WaitList`] sees.
pub struct Turn<'a, S, M> {
    /// The owner's state.
    pub state: &'a mut S,
    line: &'a mut Line<M>,
    own: Option<&'a Node<M>>,
}

impl<S, M> Turn<'_, S, M> {
    /// Whether nobody is in line.
    pub fn is_empty(&self) -> bool {
        self.line.first.is_none()
    }

    /// The mark of the first in line.
    pub fn first(&mut self) -> Option<&mut M> {
        // SAFETY: [I2] a node in line is alive.
        let first = unsafe { self.line.first?.as_ref() };
        Some(self.mark_of(first))
    }

    /// The mark and the waker of the last in line.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn last(&mut self) -> Option<(&M, Option<&Waker>)> {
        // SAFETY: [I2] a node in line is alive.
        let last = unsafe { self.line.last?.as_ref() };
        // SAFETY: [I1] we are under the lock, and the result borrows the one `Turn` there is.
        let mark = unsafe { &*last.mark() };
        // SAFETY: as above.
        Some((mark, unsafe { last.waker() }))
    }

    /// The waker of the first in line.
    #[inline]
    pub(crate) fn first_waker(&mut self) -> Option<&Waker> {
        // SAFETY: [I2] a node in line is alive.
        let first = unsafe { self.line.first?.as_ref() };
        // SAFETY: [I1] we are under the lock, and the result borrows the one `Turn` there is.
        unsafe { first.waker() }
    }

    /// The mark of the waiter that was polled, or leaves; `None` inside [`WaitList::with`].
    pub fn mark(&mut self) -> Option<&mut M> {
        self.own.map(|node| self.mark_of(node))
    }

    /// Takes the first in line out, its waker into `batch`. False where nobody is in line, or the batch is full.
    pub fn take(&mut self, batch: &mut WakeBatch) -> bool {
        if self.is_empty() || batch.is_full() {
            return false;
        }
        if let Some(waker) = self.pop() {
            batch.push(waker);
        }
        true
    }

    /// Takes out the first ones that are `due`, as long as `take`, which is given the waker of each, says that there is room for another. Whether
    /// there are more of them. `take` runs nobody's code, and drops no waker.
    #[inline]
    pub(crate) fn take_due(
        &mut self,
        due: impl Fn(&M) -> bool,
        take: impl FnMut(Option<Waker>) -> bool,
    ) -> bool {
        self.line.take_due(due, take)
    }

    /// Takes the first in line out: here is its waker, to be woken or dropped outside the lock.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Waker> {
        let first = self.line.first?;
        // SAFETY: `first` is the first of this line.
        unsafe { self.line.unlink(first) }
    }

    fn mark_of<'m>(&'m mut self, node: &'m Node<M>) -> &'m mut M {
        // SAFETY: [I1] we are under the lock, and the result borrows the one `Turn` there is.
        unsafe { &mut *node.mark() }
    }
}

/// A place in the line of a [`WaitList`]: part of a future that waits. Dropping it leaves the line, in constant time.
pub struct Waiter<'a, L: RawLock = Lock, S = (), M = ()> {
    list: &'a WaitList<L, S, M>,
    node: Node<M>,
}

impl<'a, L: RawLock, S, M> Waiter<'a, L, S, M> {
    /// A waiter that is not in line yet.
    pub fn new(list: &'a WaitList<L, S, M>, mark: M) -> Self {
        Self { list, node: Node::new(mark) }
    }

    /// Has it wait in another list, or for something else.
    ///
    /// # Panics
    /// If it is in line.
    #[inline]
    pub(crate) fn turn_to(self: Pin<&mut Self>, list: &'a WaitList<L, S, M>, mark: M) {
        assert!(!self.is_waiting(), "who is in line leaves first");
        // SAFETY: nothing is moved out of the waiter: it is in no line, so what changes is its owner's alone.
        let this = unsafe { self.get_unchecked_mut() };
        this.list = list;
        this.node.set_mark(mark);
    }

    /// Whether this waiter is in line: it joined, and was not taken out since.
    #[inline]
    pub fn is_waiting(&self) -> bool {
        // ordering: Acquire pairs with Release in `Line::unlink`: [I5], nobody else touches the node any more.
        self.node.waiting.load(Acquire)
    }

    /// Asks, under the lock, for what is waited for; where there is no answer, joins the line with `waker`, or keeps its place in it with
    /// `waker` in place of the one before. Where there is an answer, leaves the line.
    ///
    /// `ask` runs under the lock: it is short, and calls nothing that may use this list. It may run twice.
    pub fn poll_with<R>(
        self: Pin<&mut Self>,
        waker: &Waker,
        ask: impl FnMut(&mut Turn<'_, S, M>) -> Option<R>,
    ) -> Poll<R> {
        let fresh = self.fresh(waker);
        self.poll_before(waker, fresh, ask, |_, _| false)
    }

    /// As [`poll_with`](Self::poll_with), for an answer that is likely: it asks before it clones the waker, and once more where there was none.
    #[inline]
    pub fn poll_likely<R>(
        self: Pin<&mut Self>,
        waker: &Waker,
        ask: impl FnMut(&mut Turn<'_, S, M>) -> Option<R>,
    ) -> Poll<R> {
        self.poll_before(waker, None, ask, |_, _| false)
    }

    /// As [`poll_with`](Self::poll_with), but who joins stands before those with a greater mark: the least mark is first in line, and of
    /// equal ones who came first. Whoever joins with the least or the greatest mark finds its place in constant time. The mark of a waiter
    /// in line does not change.
    pub fn poll_in_order<R>(
        self: Pin<&mut Self>,
        waker: &Waker,
        ask: impl FnMut(&mut Turn<'_, S, M>) -> Option<R>,
    ) -> Poll<R>
    where
        M: Ord,
    {
        let fresh = self.fresh(waker);
        self.poll_before(waker, fresh, ask, |own, other| own < other)
    }

    /// As [`poll_in_order`](Self::poll_in_order), of one that is in no line yet, with a waker that is given away.
    #[inline]
    pub(crate) fn join_in_order<R>(
        self: Pin<&mut Self>,
        waker: Waker,
        ask: impl FnMut(&mut Turn<'_, S, M>) -> Option<R>,
    ) -> Poll<R>
    where
        M: Ord,
    {
        debug_assert!(!self.is_waiting(), "who is in line polls");
        // There is one to put in line, and none there to compare it with.
        self.poll_before(Waker::noop(), Some(waker), ask, |own, other| own < other)
    }

    /// Changes the state, and joins the line with the mark that `change` says, if it says one: that may be no less than those in line. Hands the
    /// waker back if it has not joined. `change` runs under the lock, as [`poll_with`](Self::poll_with) says.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn join_last<R>(
        self: Pin<&mut Self>,
        waker: Waker,
        change: impl FnOnce(&mut Turn<'_, S, M>) -> (R, Option<M>),
    ) -> (R, Option<Waker>) {
        debug_assert!(!self.is_waiting(), "who is in line polls");
        self.list.inside.with(|Inside { state, line }| {
            let (answer, mark) = change(&mut Turn { state, line, own: None });
            let Some(mark) = mark else { return (answer, Some(waker)) };
            // SAFETY: [I4] this list is the one that the waiter borrows; [I2] `self` is pinned. It is in no line.
            unsafe { line.append(&self.node, waker, mark) };
            (answer, None)
        })
    }

    /// What it takes to join: in line there is a waker already.
    fn fresh(&self, waker: &Waker) -> Option<Waker> {
        if self.is_waiting() { None } else { Some(waker.clone()) }
    }

    #[inline]
    fn poll_before<R>(
        self: Pin<&mut Self>,
        waker: &Waker,
        mut fresh: Option<Waker>,
        mut ask: impl FnMut(&mut Turn<'_, S, M>) -> Option<R>,
        before: impl Fn(&M, &M) -> bool,
    ) -> Poll<R> {
        // [I6] What `fresh` and `_before` hold is dropped outside the lock.
        loop {
            let (polled, _before) = self.list.inside.with(|Inside { state, line }| {
                match ask(&mut Turn { state, line, own: Some(&self.node) }) {
                    // SAFETY: [I4] this list is the one that the waiter borrows.
                    Some(answer) => (Some(Poll::Ready(answer)), unsafe { line.leave(&self.node) }),
                    // SAFETY: [I4] as above, and [I2] `self` is pinned.
                    None => match unsafe { line.join(&self.node, waker, &mut fresh, &before) } {
                        Joined::Waiting(before) => (Some(Poll::Pending), before),
                        Joined::Missing => (None, None),
                    },
                }
            });
            match polled {
                Some(polled) => return polled,
                None => fresh = Some(waker.clone()),
            }
        }
    }

    /// Leaves the line and looks at the state, under one lock. `f` is short, and calls nothing that may use this list.
    pub fn leave<R>(self: Pin<&mut Self>, f: impl FnOnce(&mut Turn<'_, S, M>) -> R) -> R {
        let (answer, _waker) = self.list.inside.with(|Inside { state, line }| {
            // SAFETY: [I4] this list is the one that the waiter borrows.
            let waker = unsafe { line.leave(&self.node) };
            (f(&mut Turn { state, line, own: Some(&self.node) }), waker)
        });
        answer
    }
}

impl<L: RawLock, S, M> Drop for Waiter<'_, L, S, M> {
    #[inline]
    fn drop(&mut self) {
        if self.is_waiting() {
            // SAFETY: [I4] this list is the one that the waiter borrows.
            let waker = self.list.inside.with(|inside| unsafe { inside.line.leave(&self.node) });
            // [I6] The lock is free.
            drop(waker);
        }
    }
}

impl<L: RawLock, S, M> fmt::Debug for WaitList<L, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitList")
    }
}

impl<L: RawLock, S, M> fmt::Debug for Waiter<'_, L, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_waiting() { "Waiter(waiting)" } else { "Waiter(idle)" })
    }
}
