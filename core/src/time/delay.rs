//! A delay: one pinned wait for one moment, on the wheel of a Home in a static, each step of it under one mask.
//!
//! | phase    | means                                                 | `room`     | left by                                             |
//! |----------|-------------------------------------------------------|------------|-----------------------------------------------------|
//! | `Fresh`  | it is in no line                                      | a note     | `join`: -> `Joined`                                 |
//! | `Past`   | its moment had come when it was made                  | a note     |                                                     |
//! | `Joined` | it waits there, or has fired, or the wheel was closed | a node     | `look`: fired -> `Over`; closed, or for another waker -> `Fresh` |
//! | `Over`   | its moment has come since                             | a node     |                                                     |
//!
//! Without `alloc` alone: where Homes are counted an [`Entry`](super::Entry) keeps a handle, and the steps are as many as its lock is taken.
//!
//! [D1] The phase is the owner's. Where it is not `Joined`, no node is linked, and none has a waker.
//! [D2] All calls are given one and the same wheel, in a static (contract of `join`, kept by the owner until the delay is dropped).
//! [D3] Under the mask wakers move and are compared; they are cloned before, and dropped or woken after it.

#![expect(
    unsafe_code,
    reason = "promises the wheel to take each node out before it dies, and knows by its phase what it is"
)]

use core::{
    mem::{ManuallyDrop, MaybeUninit},
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
    Past,
    Joined,
    Over,
}

/// What stands in a delay.
union Room<N: Copy> {
    node: ManuallyDrop<Node>,
    note: Note<N>,
}

/// What is known of a delay that has not joined.
#[derive(Clone, Copy)]
#[repr(C)] // A node begins with its deadline, too: where the two are at one place it is written once.
struct Note<N: Copy> {
    deadline: u64,
    /// The owner's.
    note: MaybeUninit<N>,
}

/// See the [module](self). It keeps a note of its owner's until it joins.
pub(crate) struct Delay<N: Copy> {
    room: Room<N>,
    phase: Phase,
}

// SAFETY: the node is reached under a mask alone, or [D1] is the owner's; its waker may go anywhere.
unsafe impl<N: Copy + Send> Send for Delay<N> {}
// SAFETY: as above; a shared one offers nothing but its deadline, under a mask.
unsafe impl<N: Copy + Sync> Sync for Delay<N> {}

impl<N: Copy> Delay<N> {
    /// For `deadline`, which may have passed.
    #[inline(always)]
    pub(crate) fn new(deadline: Instant, past: bool) -> Self {
        let phase = if past { Phase::Past } else { Phase::Fresh };
        let note = Note { deadline: deadline.as_nanos(), note: MaybeUninit::uninit() };
        Self { room: Room { note }, phase }
    }

    /// For `deadline`, with a note.
    #[inline(always)]
    pub(crate) fn with_note(deadline: Instant, note: N) -> Self {
        let note = Note { deadline: deadline.as_nanos(), note: MaybeUninit::new(note) };
        Self { room: Room { note }, phase: Phase::Fresh }
    }

    /// Its note.
    ///
    /// # Safety
    /// It was made with one, and has not joined.
    pub(crate) unsafe fn note(&self) -> &N {
        // SAFETY: the contract.
        let note = unsafe { &self.room.note };
        // SAFETY: the contract.
        unsafe { note.note.assume_init_ref() }
    }

    /// Its deadline.
    ///
    /// # Safety
    /// As for `join`, if it has joined.
    pub(crate) unsafe fn deadline(&self, wheel: Option<&Wheel<Lock>>) -> Instant {
        let nanos = match (self.phase, wheel) {
            (Phase::Joined | Phase::Over, Some(wheel)) => {
                // SAFETY: by the phase, there is one.
                let link = unsafe { self.link() };
                masked(|mask| wheel.at(mask, |lists| lists.at(link, |node| node.deadline)))
            }
            // SAFETY: by the phase.
            _ => unsafe { self.room.note }.deadline,
        };
        Instant::from_nanos(nanos)
    }

    /// Whether it is in the line, or has fired since it was looked at.
    #[inline(always)]
    pub(crate) fn has_joined(&self) -> bool {
        self.phase == Phase::Joined
    }

    /// Whether its moment has come, as far as is known.
    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Past | Phase::Over)
    }

    /// Joins the line; `waker` is woken when its moment has come.
    ///
    /// # Safety
    /// It has not joined, is not over and is pinned. `wheel` is in a static, and the one and only one that this is given; the owner has it
    /// [`leave`](Self::leave) before it dies.
    #[inline(always)]
    pub(crate) unsafe fn join(
        self: Pin<&mut Self>,
        wheel: &Wheel<Lock>,
        waker: Waker,
    ) -> Poll<Result<(), WheelClosed>> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: by the phase.
        let deadline = unsafe { this.room.note }.deadline;
        let refused = masked(|mask| {
            wheel.at(mask, |lists| {
                if lists.closed {
                    return Some(waker);
                }
                this.room = Room { node: ManuallyDrop::new(Node::armed(deadline, waker)) };
                // SAFETY: it stands there.
                lists.order.link(unsafe { this.link() }, deadline);
                None
            })
        });
        if refused.is_some() {
            return Poll::Ready(Err(WheelClosed));
        }
        this.phase = Phase::Joined;
        Poll::Pending
    }

    /// What became of it: `Pending` if it waits, for this waker; `Ready` if it has fired. `None`: it is to [`leave`](Self::leave), and to join anew.
    ///
    /// # Safety
    /// As for `join`, but that it has joined.
    #[inline(always)]
    pub(crate) unsafe fn look(
        self: Pin<&mut Self>,
        wheel: &Wheel<Lock>,
        waker: &Waker,
    ) -> Option<Poll<()>> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: by the phase.
        let link = unsafe { this.link() };
        let seen = masked(|mask| wheel.at(mask, |lists| lists.look(link, waker)));
        if seen == Status::Fired {
            this.phase = Phase::Over;
            return Some(Poll::Ready(()));
        }
        (seen == Status::Armed).then_some(Poll::Pending)
    }

    /// Takes it out of the line: it is fresh.
    ///
    /// # Safety
    /// As for `look`.
    #[inline(always)]
    pub(crate) unsafe fn leave(&mut self, wheel: &Wheel<Lock>) {
        // SAFETY: by the phase.
        let link = unsafe { self.link() };
        let (_waker, deadline) = masked(|mask| {
            wheel.at(mask, |lists| (lists.remove(link), lists.at(link, |node| node.deadline)))
        });
        self.room = Room { note: Note { deadline, note: MaybeUninit::uninit() } };
        self.phase = Phase::Fresh;
    }

    /// # Safety
    /// A node stands there.
    #[inline(always)]
    unsafe fn link(&self) -> Link {
        // SAFETY: the contract.
        let node = unsafe { &self.room.node };
        // SAFETY: pinned since it joined.
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

    /// What became of a node; `Idle` also if it would wake another than this waker.
    #[inline(always)]
    fn look(&mut self, link: Link, waker: &Waker) -> Status {
        self.at(link, |node| match (node.status, &node.waker) {
            (Status::Armed, Some(known)) if !known.will_wake(waker) => Status::Idle,
            (status, _) => status,
        })
    }
}
