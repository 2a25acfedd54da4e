//! The lists of a timing wheel: all that waits, in its order, and what becomes of each.
//!
//! | without `std` | with `std`                |
//! |---------------|---------------------------|
//! | one line, in the order of the deadlines (`ordered`): small | slots (`slots`): any number of timers at the same cost |

#![expect(unsafe_code, reason = "reaches pinned nodes that their owners promise to take out")]

use core::{mem, task::Waker};

#[cfg(not(feature = "std"))]
use crate::time::ordered::Order;
#[cfg(feature = "std")]
use crate::time::slots::Order;
use crate::time::{
    node::{Link, Links},
    status::Status,
};
#[cfg(not(feature = "alloc"))]
use crate::{mark::Mark, shared_static};

// Whether a waker ever waited that is no task's, or came as it was; whether a wheel was ever closed.
#[cfg(not(feature = "alloc"))]
shared_static!(static OTHERS: Mark = Mark::new());
#[cfg(not(feature = "alloc"))]
shared_static!(static CLOSES: Mark = Mark::new());

/// A waker is going to wait that is no task's.
#[cfg(not(feature = "alloc"))]
#[inline(always)]
pub(crate) fn meets_others() {
    OTHERS.set();
}

/// Whether one may have.
#[cfg(not(feature = "alloc"))]
#[inline(always)]
pub(crate) fn has_met_others() -> bool {
    OTHERS.is_set()
}

/// A wheel is going to be closed.
#[cfg(not(feature = "alloc"))]
pub(super) fn closes() {
    CLOSES.set();
}

/// Nodes in their order. Whoever has it `&mut` has the lock of the wheel.
pub(super) struct Lists {
    pub(super) order: Order,
    pub(super) closed: bool,
}

// SAFETY: nodes are reached under the lock that guards these lists alone ([L1] of `node`), and hold what may be sent: wakers, numbers. The owners of
// those that are linked have a handle, which says on which threads the wheel may be (contract of `WheelRef`).
unsafe impl Send for Lists {}

impl Lists {
    pub(super) const fn new() -> Self {
        Self { order: Order::new(), closed: false }
    }

    /// Has a node wait for `deadline` with the waker, wherever it was before. `waker` is then the one to drop.
    pub(super) fn insert(&mut self, link: Link, deadline: u64, waker: &mut Option<Waker>) {
        #[cfg(not(feature = "alloc"))]
        OTHERS.set();
        if self.status(link) == Status::Armed {
            self.unlink(link);
        }
        self.at(link, |node| {
            mem::swap(&mut node.waker, waker);
            node.status = Status::Armed;
        });
        self.link(link, deadline);
    }

    /// Has a node wait for another deadline, if it waits. Says whether it does.
    pub(super) fn shift(&mut self, link: Link, deadline: u64) -> bool {
        let armed = self.status(link) == Status::Armed;
        if armed {
            self.unlink(link);
            self.link(link, deadline);
        }
        armed
    }

    /// Takes a node out, if it waits: it is `Idle` then. The waker is to be dropped.
    pub(super) fn remove(&mut self, link: Link) -> Option<Waker> {
        if self.status(link) == Status::Armed {
            self.unlink(link);
        }
        self.settle(link, Status::Idle)
    }

    /// Whether a node waits for `deadline` and would wake whom `waker` wakes.
    pub(super) fn has(&mut self, link: Link, deadline: u64, waker: &Waker) -> bool {
        self.at(link, |node| {
            node.status == Status::Armed
                && node.deadline == deadline
                && node.waker.as_ref().is_some_and(|known| known.will_wake(waker))
        })
    }

    /// What became of a node.
    pub(super) fn status(&mut self, link: Link) -> Status {
        self.at(link, |node| node.status)
    }

    /// Sets what became of a node that is not linked (any more), and takes its waker.
    pub(super) fn settle(&mut self, link: Link, status: Status) -> Option<Waker> {
        self.at(link, |node| {
            node.status = status;
            node.waker.take()
        })
    }

    /// Takes out the earliest node if it is due, as `Fired`.
    pub(super) fn fire_next(&mut self, now: u64) -> Option<Waker> {
        let due = self.order.pop_due(now)?;
        self.order.shrinks();
        self.settle(due, Status::Fired)
    }

    /// Takes out any node, as `Closed`.
    pub(super) fn close_next(&mut self) -> Option<Waker> {
        let any = self.order.pop_any()?;
        self.order.shrinks();
        self.settle(any, Status::Closed)
    }

    /// The earliest deadline, or a bound.
    pub(super) fn next(&mut self) -> Option<u64> {
        self.order.next()
    }

    /// Whether whoever comes finds the wheel closed.
    #[cfg(not(feature = "alloc"))]
    #[inline(always)]
    pub(super) fn is_closed(&self) -> bool {
        self.closed && CLOSES.is_set()
    }

    /// How many wait.
    pub(super) fn len(&mut self) -> usize {
        self.order.len()
    }

    fn link(&mut self, link: Link, deadline: u64) {
        self.order.link(link, deadline);
        self.order.grows();
    }

    fn unlink(&mut self, link: Link) {
        self.order.unlink(link);
        self.order.shrinks();
    }

    /// Reads or writes a node. `f` runs no user code ([W2] of `wheel`).
    #[inline]
    pub(super) fn at<R>(&mut self, link: Link, f: impl FnOnce(&mut Links) -> R) -> R {
        // SAFETY: `&mut self` proves that we hold the lock, and `f` reaches no other node.
        unsafe { link.at(f) }
    }
}
