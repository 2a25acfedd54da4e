//! An entry of a timing wheel: one wait for one moment, pinned, which holds on to its wheel through a handle.
//!
//! | status   | means                                          | left by                                |
//! |----------|------------------------------------------------|----------------------------------------|
//! | `Idle`   | waits for nothing                              | `arm`                                  |
//! | `Armed`  | waits on the wheel                             | the wheel, `disarm`                    |
//! | `Fired`  | its moment came, its waker was taken           | `arm`, `disarm`, `rearm`               |
//! | `Closed` | the wheel closed before, its waker was taken   | `disarm`, `rearm`                      |
//!
//! [E1] `wheel` answers with one and the same wheel for as long as the entry lives (contract of [`WheelRef`]).
//! [E2] Where `joined` is not set, the node is linked nowhere, and its status is `Idle`. Who shares an entry only ever sets it.
//! [E3] Dropping an entry that has joined takes it out. Forgetting one leaves it in pinned memory for ever, handle and all.

#![expect(unsafe_code, reason = "promises the wheel to take each node out before it dies")]

use core::{fmt, mem, pin::Pin, task::Waker};

use pin_project_lite::pin_project;

use crate::{
    clock::Instant,
    error::WheelClosed,
    sync::{AtomicBool, Ordering::Relaxed},
    time::{
        node::{Link, Node},
        source::WheelRef,
        status::Status,
    },
};

pin_project! {
    /// One wait for one moment on the wheel that `W` names.
    ///
    /// Dropping it takes it off the wheel: O(1), as all that it does.
    pub struct Entry<W: WheelRef> {
        #[pin]
        node: Node,
        wheel: W,
        joined: AtomicBool,
        ahead: bool,
    }

    impl<W: WheelRef> PinnedDrop for Entry<W> {
        fn drop(this: Pin<&mut Self>) {
            this.disarm();
        }
    }
}

// SAFETY: the node is reached under the wheel's lock alone ([L1] of `node`), which excludes other threads if it is `Sync`; what
// else the entry has is `W`, and the waker, which may go anywhere.
unsafe impl<W: WheelRef<Lock: Sync> + Send> Send for Entry<W> {}

// SAFETY: as above; a shared entry offers `wheel`, which asks `W`, and `status`, which takes the lock.
unsafe impl<W: WheelRef<Lock: Sync> + Sync> Sync for Entry<W> {}

impl<W: WheelRef> Entry<W> {
    /// An entry that waits for nothing.
    pub fn new(wheel: W) -> Self {
        Self { node: Node::new(), wheel, joined: AtomicBool::new(false), ahead: false }
    }

    /// The same, of which it is known that the moment for which it will wait lies ahead.
    pub(super) fn ahead(wheel: W) -> Self {
        let mut entry = Self::new(wheel);
        entry.ahead = true;
        entry
    }

    /// Whether that was known, and is asked for the first time.
    pub(super) fn take_ahead(self: Pin<&mut Self>) -> bool {
        mem::take(self.project().ahead)
    }

    /// Its handle on the wheel.
    pub fn handle(&self) -> &W {
        &self.wheel
    }

    /// What became of it.
    pub fn status(self: Pin<&Self>) -> Status {
        let this = self.project_ref();
        // ordering: Relaxed, as everywhere here: what it stands for lies under the lock of the wheel.
        if !this.joined.load(Relaxed) {
            return Status::Idle;
        }
        // SAFETY: [E1] it is its own wheel, [E3] dropping it takes the node out.
        let link = unsafe { Link::new(this.node) };
        this.wheel.wheel().status(link)
    }

    /// Has it wait for `deadline` and wake `waker` then, wherever it waited before.
    ///
    /// The waker is cloned unless it is already the one that waits for this deadline.
    ///
    /// # Errors
    /// The wheel is closed.
    pub fn arm(self: Pin<&mut Self>, deadline: Instant, waker: &Waker) -> Result<(), WheelClosed> {
        let this = self.project();
        // SAFETY: [E1] it is its own wheel, [E3] dropping it takes the node out.
        let link = unsafe { Link::new(this.node.into_ref()) };
        let (wheel, deadline) = (this.wheel.wheel(), deadline.as_nanos());
        if this.joined.load(Relaxed) && wheel.has(link, deadline, waker) {
            return Ok(());
        }
        let mut waker = Some(waker.clone());
        this.joined.store(true, Relaxed);
        wheel.join(link, deadline, &mut waker)
    }

    /// If it waits, has it wait for `deadline` with the waker that it has; else it is `Idle` now. Says whether it waits.
    pub fn rearm(self: Pin<&mut Self>, deadline: Instant) -> bool {
        let mut this = self.project();
        if !this.joined.load(Relaxed) {
            return false;
        }
        // SAFETY: [E1] it is its own wheel, [E3] dropping it takes the node out.
        let link = unsafe { Link::new(this.node.as_mut().into_ref()) };
        let wheel = this.wheel.wheel();
        let waits = wheel.shift(link, deadline.as_nanos());
        if !waits {
            this.joined.store(false, Relaxed);
            drop(wheel.leave(link));
        }
        waits
    }

    /// Takes it off the wheel: it is `Idle` now, and its waker is dropped.
    pub fn disarm(self: Pin<&mut Self>) {
        let this = self.project();
        if !this.joined.load(Relaxed) {
            return;
        }
        this.joined.store(false, Relaxed);
        // SAFETY: [E1] it is its own wheel, [E3] dropping it takes the node out.
        let link = unsafe { Link::new(this.node.into_ref()) };
        drop(this.wheel.wheel().leave(link));
    }
}

/// What a timer does with its entry, which it shares: each answers `None` where the entry has fired, and then does nothing. No user code
/// runs in here: wakers come in as clones, and go out to be dropped or woken.
impl<W: WheelRef> Entry<W> {
    /// Has it wait for `deadline` with the waker, wherever it waited before. `waker` is then the one to drop.
    pub(super) fn join(
        self: Pin<&Self>,
        deadline: Instant,
        waker: &mut Option<Waker>,
    ) -> Option<Result<(), WheelClosed>> {
        self.joined.store(true, Relaxed);
        self.wheel.wheel().join_unless_fired(self.link(), deadline.as_nanos(), waker)
    }

    /// Whether it waits for `deadline`, and would wake whom `waker` wakes.
    pub(super) fn has(self: Pin<&Self>, deadline: Instant, waker: &Waker) -> bool {
        self.joined.load(Relaxed) && self.wheel.wheel().has(self.link(), deadline.as_nanos(), waker)
    }

    /// If it waits, has it wait for `deadline`. Says whether it waits.
    pub(super) fn shift(self: Pin<&Self>, deadline: Instant) -> Option<bool> {
        if !self.joined.load(Relaxed) {
            return Some(false);
        }
        self.wheel.wheel().shift_unless_fired(self.link(), deadline.as_nanos())
    }

    /// Takes it off the wheel, as `Idle`. The waker is there if it waited until now.
    #[must_use]
    pub(super) fn leave(self: Pin<&Self>) -> Option<Option<Waker>> {
        if !self.joined.load(Relaxed) {
            return Some(None);
        }
        self.wheel.wheel().leave_unless_fired(self.link())
    }

    fn link(self: Pin<&Self>) -> Link {
        // SAFETY: [E1] it is its own wheel, [E3] dropping it takes the node out.
        unsafe { Link::new(self.project_ref().node) }
    }
}

impl<W: WheelRef> fmt::Debug for Entry<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("joined", &self.joined).finish_non_exhaustive()
    }
}
