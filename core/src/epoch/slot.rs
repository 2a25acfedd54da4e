//! The slot of a value: what was written last, reached by whoever's turn it is, and kept for as long as somebody may come.
//!
//! | content   | to a reader whose time has come | to a writer whose turn it is     |
//! |-----------|---------------------------------|----------------------------------|
//! | `Value`   | `&T`                            | `&mut T`, taken out, or replaced |
//! | `Nothing` | `Missing::Cancelled`            | to be written                    |
//! | `Failed`  | `Missing::Failed`, with a clone | to be written                    |
//!
//! [S1] Each [`Handle`] is counted in the queue, and belongs to one cell. A cell lives while it has handles, and while somebody is under
//!      its lock; one in a static lives for ever. Who lets the last handle go has nothing more to do with the cell but to free it.
//! [S2] A [`Reader`] is counted in its epoch from its making to its drop, and a [`Writer`] is what makes its epoch Writing. By [Q2] and
//!      [Q3] of the [queue](super::queue), from the moment when a reader found its time come nobody writes the content until the reader is
//!      dropped; and from the moment when a writer found its turn come nobody else looks at the content until the writer ends.
//! [S3] `now` of a reader or writer is set only when its time was found come. What it found then stays so by [S2].
//! [S4] Who has taken over has the turn in front [Q4], and so the content alone, until it passes.
//! [S5] No user code runs under the lock: contents are dropped, errors cloned and wakers woken when it is free.

#![expect(unsafe_code, reason = "lends what is behind a queue, and counts who keeps it")]

use core::{any, marker::PhantomData, mem, ops::Deref, ptr::NonNull, task::Waker};

#[cfg(feature = "alloc")]
use alloc::boxed::Box;

use crate::{
    const_new,
    dag::{self, Site},
    epoch::{
        latch::count,
        phase::{End, Key, Phase},
        queue::{Inside, Queue, is_first_due, pass, resume},
        step::Next,
    },
    lock::RawLock,
    sync::UnsafeCell,
    task::Crowd,
    wait::{WaitList, WakeBatch},
};

/// What was written last.
pub(super) enum Content<T, E> {
    Nothing,
    Value(T),
    Failed(E),
}

impl<T, E> Content<T, E> {
    /// What it is, as it is written down.
    pub(super) fn is(&self) -> dag::Content {
        match self {
            Self::Nothing => dag::Content::Unconstructed,
            Self::Value(_) => dag::Content::Constructed,
            Self::Failed(_) => dag::Content::Invalid,
        }
    }
}

/// The queue of a value and who waits in it.
pub(super) type Line<E, L> = WaitList<L, Queue<E>, Key>;

/// A value, and who has to do with it.
pub(super) struct Cell<T, E: 'static, L: RawLock> {
    pub(super) line: Line<E, L>,
    pub(super) content: UnsafeCell<Content<T, E>>,
    /// Whether it lies in a box that goes with the last handle.
    boxed: bool,
}

// SAFETY: through a shared cell a content comes from any one thread and is dropped by another (`Send`), and is seen by several (`Sync`),
// as the queue allows [S2] [S4]; its line is `Sync` where its lock is.
unsafe impl<T: Send + Sync, E: Send + Sync, L: RawLock + Sync> Sync for Cell<T, E, L> {}

impl<T, E, L: RawLock> Cell<T, E, L> {
    const_new! {
        /// A value with one handle that may enrol writers.
        pub(super) fn new(content: Content<T, E>, boxed: bool, site: Site) -> Self {
            let (phase, there) = match content {
                Content::Nothing => (Phase::Vacant, false),
                Content::Value(_) | Content::Failed(_) => (Phase::Reading, true),
            };
            let node = dag::Value::new(any::type_name::<T>, site, there);
            Self { line: WaitList::new_in(Queue::new(phase, node)), content: UnsafeCell::new(content), boxed }
        }
    }

    /// Does what is left to do after a step.
    pub(super) fn settle(&self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Wake => self.wake(),
            Next::More => {
                let mut settling = Settling { cell: self, next: Ok(next) };
                settling.run();
            }
        }
    }

    /// Wakes who is due.
    fn wake(&self) {
        self.line.wake_by(serve);
    }

    /// Puts `content` in place of the one before.
    ///
    /// # Safety
    /// The caller has the turn [S2] [S4].
    unsafe fn replace(&self, content: Content<T, E>) -> Content<T, E> {
        self.content.with_mut(|at| {
            // SAFETY: nobody else looks at the content, by the contract above.
            mem::replace(unsafe { &mut *at }, content)
        })
    }
}

/// Takes out who is due. Whether there are more than the crowd could hold.
fn serve<E>(turn: &mut Inside<'_, E>, crowd: &mut Crowd) -> bool {
    let Some(come) = turn.state.come() else { return false };
    let mut room = WakeBatch::CAPACITY;
    let take = |waker: Option<Waker>| {
        // SAFETY: the waker is in this line still, whose lock is held.
        let latch = waker.as_ref().and_then(|waker| unsafe { count(waker) });
        // The waker of a latch does nothing when it is dropped.
        if let Some(waker) = latch.unwrap_or(waker) {
            crowd.push(waker);
        }
        room -= 1;
        room > 0
    };
    turn.take_due(|key| *key <= come, take)
}

/// Takes out the first in line, who is due: here is who is to be woken.
#[inline]
fn serve_first<E>(turn: &mut Inside<'_, E>) -> Option<Waker> {
    // SAFETY: the waker is in this line, whose lock is held.
    let latch = turn.first_waker().and_then(|waker| unsafe { count(waker) });
    // The latch may be gone when its waker is out of line, which does nothing any more.
    let own = turn.pop();
    latch.unwrap_or(own)
}

/// Ends epochs on behalf of writers that have left, one after the other, whatever panics.
struct Settling<'a, T, E: 'static, L: RawLock> {
    cell: &'a Cell<T, E, L>,
    /// What is to be done; or how the epoch in front, whose turn this has, is to be ended.
    next: Result<Next, End<E>>,
}

impl<T, E, L: RawLock> Settling<'_, T, E, L> {
    fn run(&mut self) {
        loop {
            let content = match mem::replace(&mut self.next, Ok(Next::Nothing)) {
                Ok(Next::Nothing) => return,
                Ok(Next::Wake) => return self.cell.wake(),
                Ok(Next::More) => {
                    self.next = self.cell.line.with(resume);
                    continue;
                }
                Err(End::Keep) => None,
                Err(End::Cancel) => Some(Content::Nothing),
                Err(End::Fail(error)) => Some(Content::Failed(error)),
            };
            let now = content.as_ref().map(Content::is);
            // SAFETY: [S4] we have taken over.
            let _before = content.map(|content| unsafe { self.cell.replace(content) });
            self.next = self.cell.line.with(|turn| {
                if let Some(now) = now {
                    turn.state.node().hold(now);
                }
                match pass(turn) {
                    Next::More => resume(turn),
                    next => Ok(next),
                }
            });
            // [S5] The lock is free where `_before` is dropped.
        }
    }
}

impl<T, E, L: RawLock> Drop for Settling<'_, T, E, L> {
    fn drop(&mut self) {
        self.run();
    }
}

/// Keeps a cell.
pub(super) struct Handle<T, E: 'static, L: RawLock> {
    cell: NonNull<Cell<T, E, L>>,
    _shares: PhantomData<Cell<T, E, L>>,
}

// SAFETY: a handle is a reference that may free: it goes to another thread where the cell may be shared, and be dropped there.
unsafe impl<T: Send + Sync, E: Send + Sync, L: RawLock + Send + Sync> Send for Handle<T, E, L> {}
// SAFETY: as above; a shared handle gives no more than a shared cell.
unsafe impl<T: Send + Sync, E: Send + Sync, L: RawLock + Send + Sync> Sync for Handle<T, E, L> {}

impl<T, E, L: RawLock> Deref for Handle<T, E, L> {
    type Target = Cell<T, E, L>;

    #[inline]
    fn deref(&self) -> &Cell<T, E, L> {
        // SAFETY: [S1] the cell lives for as long as this handle.
        unsafe { self.cell.as_ref() }
    }
}

impl<T, E, L: RawLock> Handle<T, E, L> {
    /// The first handle of a boxed cell.
    #[cfg(feature = "alloc")]
    pub(super) fn boxed(content: Content<T, E>, site: Site) -> Self {
        // Made where it comes to lie, and not moved there.
        let cell = Box::into_raw(Box::write(Box::new_uninit(), Cell::new(content, true, site)));
        // SAFETY: a box is not at null.
        Self { cell: unsafe { NonNull::new_unchecked(cell) }, _shares: PhantomData }
    }

    /// The first handle of a cell in a static, which its queue counts from the beginning [S1]. Asked for once.
    pub(super) fn placed(cell: &'static Cell<T, E, L>) -> Self {
        debug_assert!(!cell.boxed, "it lies in a static");
        Self { cell: NonNull::from(cell), _shares: PhantomData }
    }

    /// One more handle, which is counted already [S1].
    #[inline]
    pub(super) fn counted(&self) -> Self {
        Self { cell: self.cell, _shares: PhantomData }
    }

    /// Takes a last step and lets go, under one lock where nothing is left to do.
    ///
    /// # Safety
    /// The handle is not used any more [S1].
    #[inline]
    pub(super) unsafe fn step(&self, f: impl FnOnce(&mut Inside<'_, E>) -> Next) {
        let (next, last) = self.line.with(|turn| {
            let next = f(turn);
            let last = matches!(next, Next::Nothing) && turn.state.let_go();
            (next, last)
        });
        match next {
            Next::Nothing if last => {
                // SAFETY: [S1] that was the last handle.
                unsafe { free(self.cell) }
            }
            Next::Nothing => {}
            // SAFETY: [S1] by the contract above.
            next => unsafe { self.part(next) },
        }
    }

    /// Lets go if `f` says so, under the same lock.
    ///
    /// # Safety
    /// Where it does the handle is not used any more [S1].
    pub(super) unsafe fn part_if(&self, f: impl FnOnce(&mut Queue<E>) -> bool) -> bool {
        let (parts, last) = self.line.with(|turn| {
            let parts = f(turn.state);
            (parts, parts && turn.state.let_go())
        });
        if last {
            // SAFETY: [S1] that was the last handle.
            unsafe { free(self.cell) };
        }
        parts
    }

    /// Does what is left to do, and lets go, whatever panics.
    ///
    /// # Safety
    /// The handle is not used any more [S1].
    #[inline(never)]
    unsafe fn part(&self, next: Next) {
        if !matches!(next, Next::Wake) {
            return Parting(self).0.settle(next);
        }
        // Most often there is one to wake: that takes no batch, and one lock with letting go.
        let (first, more, last) = self.line.with(|turn| {
            let first = if is_first_due(turn) { serve_first(turn) } else { None };
            let more = is_first_due(turn);
            (first, more, !more && turn.state.let_go())
        });
        if more {
            let parting = Parting(self);
            let mut settling = Settling { cell: parting.0, next: Ok(Next::Wake) };
            first.into_iter().for_each(Waker::wake);
            return settling.run();
        }
        if last {
            // SAFETY: [S1] that was the last handle.
            unsafe { free(self.cell) };
        }
        first.into_iter().for_each(Waker::wake);
    }
}

/// Lets go of a handle when its last step is done, whatever panics.
struct Parting<'a, T, E: 'static, L: RawLock>(&'a Handle<T, E, L>);

impl<T, E, L: RawLock> Drop for Parting<'_, T, E, L> {
    fn drop(&mut self) {
        if self.0.line.with(|turn| turn.state.let_go()) {
            // SAFETY: [S1] that was the last handle.
            unsafe { free(self.0.cell) };
        }
    }
}

/// Frees a cell that lies in a box.
///
/// # Safety
/// The last handle was let go.
#[cold]
unsafe fn free<T, E, L: RawLock>(cell: NonNull<Cell<T, E, L>>) {
    #[cfg(feature = "alloc")]
    {
        // SAFETY: [S1] nobody has freed it before, and nobody else has a handle.
        let cell = unsafe { cell.as_ref() }.boxed.then_some(cell);
        // SAFETY: it came from `Box::into_raw`, and as above.
        drop(cell.map(|cell| unsafe { Box::from_raw(cell.as_ptr()) }));
    }
    #[cfg(not(feature = "alloc"))]
    let _ = cell;
}
