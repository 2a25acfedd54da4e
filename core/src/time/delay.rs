//! A delay: one pinned wait for one moment, on the wheel of a Home in a static, each step of it under one mask.
//!
//! | phase    | means                                              | polled                                       | dropped            |
//! |----------|----------------------------------------------------|----------------------------------------------|--------------------|
//! | `Fresh`  | it is in no line                                   | joins the line: -> `Joined`; `Err` if that is closed |            |
//! | `Joined` | it waits there, or has fired, or the wheel was closed | waits; fired: -> `Over`; with another waker, or closed: as `Fresh` | leaves the line |
//! | `Over`   | its moment has come                                | `Ok`                                         |                    |
//!
//! Without `alloc` alone: where Homes are counted an [`Entry`](super::Entry) keeps a handle, and the steps are as many as its lock is taken.
//!
//! [D1] The phase is the owner's. Where it is not `Joined`, no node is linked, and none has a waker.
//! [D2] All calls are given one and the same wheel, in a static (contract of `poll`, kept by the owner until the delay is dropped).
//! [D3] Under the mask wakers move and are compared; they are cloned before, and dropped or woken after it.

#![expect(unsafe_code, reason = "promises the wheel to take each node out before it dies")]

use core::{
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Poll, Waker},
};

use crate::{
    clock::Instant,
    error::WheelClosed,
    lock::Lock,
    mask::{Mask, masked},
    time::{
        lists::Lists,
        node::{Link, Node},
        status::Status,
        wheel::Wheel,
    },
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Fresh,
    Joined,
    Over,
}

/// What stands in a delay: a note of the owner's until it is polled first, then a node.
union Room<N: Copy> {
    node: ManuallyDrop<Node>,
    note: N,
    nothing: (),
}

/// See the [module](self).
pub(crate) struct Delay<N: Copy> {
    deadline: Instant,
    room: Room<N>,
    phase: Phase,
}

// SAFETY: the node is reached under a mask alone, or [D1] is the owner's; its waker may go anywhere.
unsafe impl<N: Copy + Send> Send for Delay<N> {}
// SAFETY: as above; a shared one offers nothing but its deadline.
unsafe impl<N: Copy + Sync> Sync for Delay<N> {}

impl<N: Copy> Delay<N> {
    /// For `deadline`, or over.
    #[inline(always)]
    pub(crate) fn new(deadline: Instant, over: bool) -> Self {
        let phase = if over { Phase::Over } else { Phase::Fresh };
        Self { deadline, room: Room { nothing: () }, phase }
    }

    /// When it is over.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// It is for another deadline, unless it is over. It was not polled yet.
    pub(crate) fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Has it keep a note. It was not polled yet.
    pub(crate) fn keep(&mut self, note: N) {
        self.room = Room { note };
    }

    /// What it keeps.
    ///
    /// # Safety
    /// It was given that, and was not polled yet.
    pub(crate) unsafe fn kept(&self) -> N {
        // SAFETY: the contract.
        unsafe { self.room.note }
    }

    /// Whether its moment has come. `clone` clones the waker.
    ///
    /// # Safety
    /// `wheel` is in a static, it is the one and only one that this is given, and the owner has it [`leave`](Self::leave) before it dies.
    #[inline]
    pub(crate) unsafe fn poll(
        self: Pin<&mut Self>,
        wheel: &Wheel<Lock>,
        waker: &Waker,
        clone: impl FnOnce(&Waker) -> Waker,
    ) -> Poll<Result<(), WheelClosed>> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        if this.phase == Phase::Joined {
            // SAFETY: it stands there since it was polled first.
            let link = unsafe { this.link() };
            match masked(|mask| wheel.at(mask, |lists| lists.look(link, waker))) {
                Status::Armed => return Poll::Pending,
                Status::Fired => {
                    this.phase = Phase::Over;
                    return Poll::Ready(Ok(()));
                }
                Status::Idle | Status::Closed => {
                    wheel.forget(link);
                    this.phase = Phase::Fresh;
                }
            }
        } else if this.phase == Phase::Over {
            return Poll::Ready(Ok(()));
        }
        let fresh = clone(waker);
        this.room = Room { node: ManuallyDrop::new(Node::due(this.deadline.as_nanos())) };
        // SAFETY: it stands there.
        let link = unsafe { this.link() };
        match masked(|mask| wheel.at(mask, |lists| lists.enter(link, fresh))) {
            None => {
                this.phase = Phase::Joined;
                Poll::Pending
            }
            Some(_refused) => Poll::Ready(Err(WheelClosed)),
        }
    }

    /// Whether it is in no line, and not over.
    #[inline(always)]
    pub(crate) fn is_fresh(&self) -> bool {
        self.phase == Phase::Fresh
    }

    /// Whether it is to leave the line.
    #[inline(always)]
    pub(crate) fn has_joined(&self) -> bool {
        self.phase == Phase::Joined
    }

    /// Takes it out of the line, which it has joined.
    ///
    /// # Safety
    /// As for `poll`. Nothing is done with it afterwards.
    #[inline(always)]
    pub(crate) unsafe fn leave(&mut self, wheel: &Wheel<Lock>) {
        // SAFETY: it stands there since it was polled first.
        let link = unsafe { self.link() };
        wheel.forget(link);
    }

    /// # Safety
    /// A node stands there.
    #[inline(always)]
    unsafe fn link(&self) -> Link {
        // SAFETY: the contract.
        let node = unsafe { &self.room.node };
        // SAFETY: pinned since it was polled first.
        let node = unsafe { Pin::new_unchecked(&**node) };
        // SAFETY: [D2], and the owner has it leave.
        unsafe { Link::new(node) }
    }
}

/// What a delay, and the Home on which it waits, does with the wheel.
impl Wheel<Lock> {
    #[inline(always)]
    fn at<R>(&self, mask: Mask<'_>, f: impl FnOnce(&mut Lists) -> R) -> R {
        // SAFETY: nothing of this lock is called under a mask but this, and this not within that lock.
        unsafe { self.lists.with_masked(mask, f) }
    }

    /// Takes a node out.
    #[inline(never)] // It is rare: a delay that is over is in no line.
    fn forget(&self, link: Link) {
        drop(masked(|mask| self.at(mask, |lists| lists.remove(link))));
    }

    /// The earliest deadline.
    #[inline(always)]
    pub(crate) fn next_in(&self, mask: Mask<'_>) -> Option<Instant> {
        self.at(mask, |lists| lists.next().map(Instant::from_nanos))
    }

    /// Takes the first out if it is due, as `Fired`: its waker is to be woken.
    #[inline(always)]
    pub(crate) fn pop_due(&self, mask: Mask<'_>, now: Instant) -> Option<Waker> {
        self.at(mask, |lists| lists.fire_first(now.as_nanos()))
    }
}

impl Lists {
    /// Takes the first node out if it is due.
    #[inline(always)]
    fn fire_first(&mut self, now: u64) -> Option<Waker> {
        let first = self.order.pop_first(now)?;
        let waker = self.at(first, |node| {
            node.status = Status::Fired;
            node.waker.take()
        });
        // SAFETY: it was linked, so it had one (table of `node`).
        Some(unsafe { waker.unwrap_unchecked() })
    }

    /// Has a node wait that is linked nowhere, and has no waker. The waker is handed back where all is closed.
    #[inline(always)]
    fn enter(&mut self, link: Link, waker: Waker) -> Option<Waker> {
        if self.closed {
            return Some(waker);
        }
        let deadline = self.at(link, |node| {
            node.status = Status::Armed;
            mem::forget(node.waker.replace(waker)); // There was none.
            node.deadline
        });
        self.order.link(link, deadline);
        None
    }

    /// What became of a node; `Idle` also if it would wake another than this waker.
    #[inline(always)]
    fn look(&mut self, link: Link, waker: &Waker) -> Status {
        self.at(link, |node| match (node.status, &node.waker) {
            (Status::Armed, Some(known)) if !known.will_wake(waker) => Status::Idle,
            (status, _) => status,
        })
    }
}
