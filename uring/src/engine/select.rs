//! The engine is the ring that a worker was given: the kernel's, or a simulated one.

#[cfg(any(test, feature = "sim"))]
use std::{cell::RefCell, rc::Rc, task::Waker};
use std::{
    io,
    os::fd::{OwnedFd, RawFd},
    time::Duration,
};

#[cfg(any(test, feature = "sim"))]
use super::sim::World;
use super::{
    config::{Config, Until},
    kernel::Kernel,
    op::{Completion, Op},
    probe::Setup,
};

/// A ring.
pub(crate) enum Engine {
    /// The kernel's.
    Kernel(Kernel),
    /// A simulated one.
    #[cfg(any(test, feature = "sim"))]
    Sim(Rc<RefCell<World>>),
    /// None any more: what is asked is dropped, nothing comes.
    Closed,
}

impl Engine {
    /// Makes a ring of the kernel's, for the calling thread alone.
    pub(crate) fn kernel(config: Config) -> io::Result<Self> {
        Kernel::new(config).map(Self::Kernel)
    }

    /// Queues `op`; false where the queue is full, until the next enter.
    #[inline]
    pub(crate) fn push(&mut self, op: Op, token: u64) -> bool {
        match self {
            Self::Kernel(ring) => ring.push(op, token),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().push(op, token),
            Self::Closed => true,
        }
    }

    /// Submits what is queued, publishes what was provided, and waits.
    ///
    /// # Errors
    /// What is left of the queue stays queued. `EBUSY` passes once completions were reaped, `EAGAIN` and `ENOMEM` once the system has memory; `EBADR` says that
    /// completions were lost.
    #[inline]
    pub(crate) fn enter(&mut self, until: Until) -> io::Result<()> {
        match self {
            Self::Kernel(ring) => ring.enter(until),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().enter(until),
            Self::Closed => Ok(()),
        }
    }

    /// Waits for a completion, for at most `span`, and submits nothing: for when the kernel has no memory for what is queued.
    #[cold]
    pub(crate) fn rest(&mut self, span: Duration) {
        match self {
            Self::Kernel(ring) => ring.rest(span),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().rest(span),
            Self::Closed => {}
        }
    }

    /// Learns which completions there are, to be taken with [`next`](Self::next).
    #[inline]
    pub(crate) fn look(&mut self) {
        if let Self::Kernel(ring) = self {
            ring.look();
        }
    }

    /// The oldest completion that was not taken.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Completion> {
        match self {
            Self::Kernel(ring) => ring.next(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().next(),
            Self::Closed => None,
        }
    }

    /// Gives the places of the completions that were taken back.
    #[inline]
    pub(crate) fn looked(&mut self) {
        if let Self::Kernel(ring) = self {
            ring.look();
        }
    }

    /// All completions, oldest first.
    #[cfg(test)]
    pub(crate) fn reap(&mut self) -> Vec<Completion> {
        self.look();
        let all = std::iter::from_fn(|| self.next()).collect();
        self.looked();
        all
    }

    /// Whether there is nothing to submit and nothing to reap, so that an enter that does not wait would do nothing.
    #[inline]
    pub(crate) fn is_idle(&mut self) -> bool {
        match self {
            Self::Kernel(ring) => ring.is_idle(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().is_idle(),
            Self::Closed => true,
        }
    }

    /// Whether nothing is left to submit.
    #[inline]
    pub(crate) fn is_submitted(&mut self) -> bool {
        match self {
            Self::Kernel(ring) => ring.is_submitted(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().is_submitted(),
            Self::Closed => true,
        }
    }

    /// Whether the kernel keeps completions that found no room in the queue.
    #[inline]
    pub(crate) fn is_overflowing(&mut self) -> bool {
        match self {
            Self::Kernel(ring) => ring.is_overflowing(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().is_overflowing(),
            Self::Closed => false,
        }
    }

    /// How many completions the kernel had no memory to keep back, and dropped. An enter tells of it only where it submits nothing.
    #[inline]
    pub(crate) fn dropped(&self) -> u32 {
        match self {
            Self::Kernel(ring) => ring.dropped(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow().dropped(),
            Self::Closed => 0,
        }
    }

    /// Gives the buffer `id` to the one group of receives, from the next enter on.
    ///
    /// At most `Config::buffers` may be given at a time; the caller counts.
    #[inline]
    pub(crate) fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        match self {
            Self::Kernel(ring) => ring.provide(id, addr, len),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().provide(id, addr, len),
            Self::Closed => {}
        }
    }

    /// Whether an enter can wait until a moment.
    #[inline]
    pub(crate) fn keeps_deadlines(&self) -> bool {
        match self {
            Self::Kernel(ring) => ring.keeps_deadlines(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(_) => false,
            Self::Closed => false,
        }
    }

    /// What a ring of the kernel's turned out to have.
    pub(crate) fn setup(&self) -> Setup {
        match self {
            Self::Kernel(ring) => ring.setup(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(_) => Setup::default(),
            Self::Closed => Setup::default(),
        }
    }

    /// How often the kernel was entered.
    pub(crate) fn enters(&self) -> u64 {
        match self {
            Self::Kernel(ring) => ring.enters(),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().enters(),
            Self::Closed => 0,
        }
    }

    /// The descriptor that others may post messages to.
    pub(crate) fn raw(&self) -> Option<RawFd> {
        match self {
            Self::Kernel(ring) => Some(ring.raw()),
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(_) => None,
            Self::Closed => None,
        }
    }

    /// A socket for operations of this ring: what `make` makes, or in a simulation what stands for one.
    pub(crate) fn socket(
        &mut self,
        make: impl FnOnce() -> io::Result<OwnedFd>,
    ) -> io::Result<OwnedFd> {
        match self {
            #[cfg(any(test, feature = "sim"))]
            Self::Sim(world) => world.borrow_mut().socket(),
            Self::Kernel(_) | Self::Closed => make(),
        }
    }

    /// Closes the ring, and what is in its table.
    pub(crate) fn close(self) {
        #[cfg(any(test, feature = "sim"))]
        if let Self::Sim(world) = &self {
            world.borrow_mut().close();
        }
        drop(self);
    }

    /// Tasks of simulated peers that are to be woken.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn woken(&mut self) -> Vec<Waker> {
        match self {
            Self::Sim(world) => world.borrow_mut().woken(),
            Self::Kernel(_) | Self::Closed => Vec::new(),
        }
    }

    /// Whether there is no ring any more.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}
