//! The engine is the ring that a worker was given: the kernel's today.

use std::{io, os::fd::RawFd};

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
            Self::Closed => true,
        }
    }

    /// Submits what is queued, publishes what was provided, and waits.
    ///
    /// # Errors
    /// What is left of the queue stays queued. `EBUSY` and `EAGAIN` pass once completions were reaped, `EBADR` says that some were lost.
    #[inline]
    pub(crate) fn enter(&mut self, until: Until) -> io::Result<()> {
        match self {
            Self::Kernel(ring) => ring.enter(until),
            Self::Closed => Ok(()),
        }
    }

    /// Moves all completions into `into`, oldest first.
    #[inline]
    pub(crate) fn reap(&mut self, into: &mut Vec<Completion>) {
        match self {
            Self::Kernel(ring) => ring.reap(into),
            Self::Closed => {}
        }
    }

    /// Whether there is nothing to submit and nothing to reap, so that an enter that does not wait would do nothing.
    #[inline]
    pub(crate) fn is_idle(&mut self) -> bool {
        match self {
            Self::Kernel(ring) => ring.is_idle(),
            Self::Closed => true,
        }
    }

    /// Whether nothing is left to submit.
    #[inline]
    pub(crate) fn is_submitted(&mut self) -> bool {
        match self {
            Self::Kernel(ring) => ring.is_submitted(),
            Self::Closed => true,
        }
    }

    /// Whether the kernel keeps completions that found no room in the queue.
    #[inline]
    pub(crate) fn is_overflowing(&mut self) -> bool {
        match self {
            Self::Kernel(ring) => ring.is_overflowing(),
            Self::Closed => false,
        }
    }

    /// Gives the buffer `id` to the one group of receives, from the next enter on.
    ///
    /// At most `Config::buffers` may be given at a time; the caller counts.
    #[inline]
    pub(crate) fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        match self {
            Self::Kernel(ring) => ring.provide(id, addr, len),
            Self::Closed => {}
        }
    }

    /// Whether an enter can wait until a moment.
    #[inline]
    pub(crate) fn keeps_deadlines(&self) -> bool {
        match self {
            Self::Kernel(ring) => ring.keeps_deadlines(),
            Self::Closed => false,
        }
    }

    /// What a ring of the kernel's turned out to have.
    pub(crate) fn setup(&self) -> Setup {
        match self {
            Self::Kernel(ring) => ring.setup(),
            Self::Closed => Setup::default(),
        }
    }

    /// How often the kernel was entered.
    pub(crate) fn enters(&self) -> u64 {
        match self {
            Self::Kernel(ring) => ring.enters(),
            Self::Closed => 0,
        }
    }

    /// The descriptor that others may post messages to.
    pub(crate) fn raw(&self) -> Option<RawFd> {
        match self {
            Self::Kernel(ring) => Some(ring.raw()),
            Self::Closed => None,
        }
    }

    /// Whether there is no ring any more.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}
