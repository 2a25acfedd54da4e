//! A delay: one pinned wait for one moment, on the wheel of a Home in a static, each step of it under one mask.
//!
//! | phase    | means                                                 | `wheel` | `room` | left by                                           |
//! |----------|-------------------------------------------------------|---------|--------|---------------------------------------------------|
//! | `Noted`  | its owner says what its moment is once there is a wheel | none  | a note | `bind_noted`: -> `Fresh`, `Over`                  |
//! | `Fresh`  | it is in no line                                      | any     | a node | `poll`: joins, -> `Joined`; closed, -> `Closed`   |
//! | `Joined` | it waits there, or has fired, or the wheel was closed | some    | a node | `poll`: has fired, -> `Over`; closed, -> `Closed` |
//! | `Over`   | its moment had come when it was made, or has since    | any     | a node |                                                   |
//! | `Closed` | the wheel was closed before                           | some    | a node |                                                   |
//!
//! Without `alloc` alone: where Homes are counted an [`Entry`](super::Entry) keeps a handle, and the steps are as many as its lock is taken.
//!
//! [D1] The phase is the owner's. Where it is not `Joined`, the node is in no line and has no waker, and no wheel knows of it.
//! [D2] The wheel is set once, and is in a static or outlives its handle (contract of [`WheelRef`]). Who has none has not joined: he may be moved still.
//! [D3] Under the mask wakers only move. They are cloned before, and dropped or woken after it.

#![expect(
    unsafe_code,
    reason = "promises the wheel to take each node out before it dies, and knows by its phase what it is"
)]

use core::{
    hint,
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Poll, Waker},
};

use crate::{
    clock::Instant,
    error::WheelClosed,
    lock::Lock,
    mark::Mark,
    mask::masked,
    shared_static,
    task::{clone_waker, drop_clone},
    time::{
        lists::Lists,
        node::{Link, Node},
        source::WheelRef,
        status::Status,
    },
};

/// As far as they are alike they are numbered as a [`Status`] is, and as the answers of `poll`: then one is made of the other by nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)] // There is room for it, and on a Cortex-M a word is further in reach than a byte.
enum Phase {
    Over,
    Closed,
    Joined,
    Fresh,
    Noted,
}

/// What stands in a delay.
union Room<N: Copy> {
    node: ManuallyDrop<Node>,
    note: N,
}

// Whether there ever was a note.
shared_static!(static NOTES: Mark = Mark::new());

/// See the [module](self). `W` names its wheel; a note is for as long as there is none.
pub(crate) struct Delay<W: Handle, N: Copy> {
    room: Room<N>,
    wheel: Option<W>,
    phase: Phase,
}

/// A handle that nobody counts.
pub(crate) trait Handle: WheelRef<Lock = Lock> + Copy {}

impl<W: WheelRef<Lock = Lock> + Copy> Handle for W {}

// SAFETY: the node is reached under a mask alone, or [D1] is the owner's; its waker may go anywhere.
unsafe impl<W: Handle + Send, N: Copy + Send> Send for Delay<W, N> {}
// SAFETY: as above; a shared one offers its deadline, under a mask where it may have joined, its note and its handle.
unsafe impl<W: Handle + Sync, N: Copy + Sync> Sync for Delay<W, N> {}

impl<W: Handle, N: Copy> Delay<W, N> {
    /// For `deadline`, which has come or not. Without a wheel it may stand for another.
    #[inline(always)]
    pub(crate) fn new(wheel: Option<W>, deadline: Instant, over: bool) -> Self {
        let phase = if over { Phase::Over } else { Phase::Fresh };
        Self { room: Room::due(deadline), wheel, phase }
    }

    /// One with a note.
    #[inline(always)]
    pub(crate) fn noted(note: N) -> Self {
        NOTES.set();
        Self { room: Room { note }, wheel: None, phase: Phase::Noted }
    }

    /// Its wheel, if it has one.
    #[inline(always)]
    pub(crate) fn wheel(&self) -> Option<W> {
        if self.wheel.is_none() {
            // SAFETY: [D2]. So whoever goes without a wheel, and drops it, has nothing in his program that takes it out of one.
            unsafe { hint::assert_unchecked(self.phase != Phase::Joined) };
        }
        self.wheel
    }

    /// Its note, if it has one.
    #[inline(always)]
    pub(crate) fn note(&self) -> Option<&N> {
        if self.phase != Phase::Noted || !NOTES.is_set() {
            return None;
        }
        // SAFETY: by the phase.
        Some(unsafe { &self.room.note })
    }

    /// Its deadline, or what stands for one as long as there is no wheel; if it has a note, a moment that never comes.
    pub(crate) fn deadline(&self) -> Instant {
        if self.phase == Phase::Noted {
            return Instant::FAR;
        }
        // SAFETY: by the phase.
        let link = unsafe { self.link() };
        // SAFETY: whoever else reaches it has a mask.
        Instant::from_nanos(masked(|_| unsafe { link.at(|node| node.deadline) }))
    }

    /// Whether its moment has come, as far as is known.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// This is its wheel, and its deadline there is `due` of what stood for one.
    ///
    /// # Safety
    /// It has no wheel, and no note.
    #[inline(always)]
    pub(crate) unsafe fn bind(
        self: Pin<&mut Self>,
        wheel: W,
        due: impl FnOnce(Instant) -> Instant,
    ) {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: by the phase.
        let link = unsafe { this.link() };
        // SAFETY: [D2] it has not joined, and is borrowed by this alone.
        let span = unsafe { link.at(|node| node.deadline) };
        let deadline = due(Instant::from_nanos(span)).as_nanos();
        // SAFETY: as above.
        unsafe { link.at(|node| node.deadline = deadline) };
        this.wheel = Some(wheel);
    }

    /// If it has a note, this is its wheel instead; and what is told by the note is its deadline there, which has come or not.
    pub(crate) fn bind_noted(
        self: Pin<&mut Self>,
        wheel: W,
        due: impl FnOnce(&N) -> (Instant, bool),
    ) {
        // SAFETY: nothing is moved that has joined [D2].
        let this = unsafe { self.get_unchecked_mut() };
        if let Some((deadline, over)) = this.note().map(due) {
            *this = Self::new(Some(wheel), deadline, over);
        }
    }

    /// Waits for the moment, when it wakes this waker.
    ///
    /// # Safety
    /// This is its wheel.
    #[inline(always)]
    pub(crate) unsafe fn poll(
        self: Pin<&mut Self>,
        wheel: W,
        waker: &Waker,
    ) -> Poll<Result<(), WheelClosed>> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        if !matches!(this.phase, Phase::Over | Phase::Closed) {
            // SAFETY: there is a wheel, so there is a node.
            let link = unsafe { this.link() };
            let mut waker = Some(clone_waker(waker));
            masked(|mask| {
                let status = wheel.wheel().at(mask, |lists| lists.wait(link, &mut waker));
                this.phase = Phase::of(status);
            });
            waker.into_iter().for_each(drop_clone);
        }
        // It is asked anew, not kept in mind for each way out of the mask: so that it has one.
        match this.phase {
            Phase::Over => Poll::Ready(Ok(())),
            Phase::Closed => Poll::Ready(Err(WheelClosed)),
            _ => Poll::Pending,
        }
    }

    /// # Safety
    /// A node stands there. It is given to a wheel only if this is pinned, and has that wheel.
    #[inline(always)]
    unsafe fn link(&self) -> Link {
        // SAFETY: the contract.
        let node = unsafe { &self.room.node };
        // SAFETY: who is not pinned is not moved while it is borrowed, which is as long as the link is used.
        let node = unsafe { Pin::new_unchecked(&**node) };
        // SAFETY: [D2], and it leaves when it is dropped.
        unsafe { Link::new(node) }
    }
}

impl<N: Copy> Room<N> {
    #[inline(always)]
    fn due(deadline: Instant) -> Self {
        Self { node: ManuallyDrop::new(Node::due(deadline.as_nanos())) }
    }
}

impl Phase {
    /// What the owner knows by what became of the node.
    #[inline(always)]
    fn of(status: Status) -> Self {
        match status {
            Status::Fired => Self::Over,
            Status::Closed => Self::Closed,
            Status::Armed => Self::Joined,
            Status::Idle => Self::Fresh,
        }
    }
}

impl<W: Handle, N: Copy> Drop for Delay<W, N> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.phase != Phase::Joined {
            return;
        }
        // SAFETY: by the phase.
        let wheel = unsafe { self.wheel.unwrap_unchecked() };
        // SAFETY: by the phase.
        let link = unsafe { self.link() };
        masked(|mask| wheel.wheel().at(mask, |lists| lists.order.unlink(link)));
        // SAFETY: by the phase.
        let node = unsafe { &mut self.room.node };
        // SAFETY: it is in no line, so nobody else looks at it; nor does anybody after this.
        unsafe { ManuallyDrop::drop(node) };
    }
}

impl Lists {
    /// Has a node wait with this waker, if it has not waited to the end; `waker` is then the one to drop. What became of it.
    #[inline(always)]
    fn wait(&mut self, link: Link, waker: &mut Option<Waker>) -> Status {
        let (status, deadline) = self.at(link, |node| (node.status, node.deadline));
        match status {
            Status::Fired | Status::Closed => return status,
            Status::Armed => {}
            Status::Idle if self.is_closed() => return Status::Closed,
            Status::Idle => self.order.link(link, deadline),
        }
        self.at(link, |node| {
            mem::swap(&mut node.waker, waker);
            node.status = Status::Armed;
        });
        Status::Armed
    }
}
