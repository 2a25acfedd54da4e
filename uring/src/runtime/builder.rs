//! A builder sets a runtime up.

use std::io;
#[cfg(any(test, feature = "sim"))]
use std::{cell::RefCell, rc::Rc};

use super::{crew::Plan, runtime::Runtime, workers::Workers};
use crate::{engine::Config, ring::Way};
#[cfg(any(test, feature = "sim"))]
use crate::{
    engine::{Engine, Plan as Faults, World},
    ring::{Time, Worker},
};

/// Sets a runtime up.
#[derive(Clone, Debug)]
pub struct Builder {
    plan: Plan,
    workers: Workers,
    mailbox: usize,
}

impl Default for Builder {
    fn default() -> Self {
        let plan =
            Plan { config: Config::default(), buffer_bytes: 16 * 1024, bell: Way::default() };
        Self { plan, workers: Workers::One, mailbox: 1024 }
    }
}

impl Runtime {
    /// A runtime as it comes: one worker, the calling thread.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// A runtime that can be set up.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// How many workers, each with all that is set here (default one: the calling thread).
    ///
    /// ```
    /// use tidemill_uring::runtime::{Runtime, Workers};
    ///
    /// let runtime = Runtime::builder().workers(Workers::PerCore).build()?;
    /// println!("{} workers", runtime.workers());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn workers(mut self, workers: Workers) -> Self {
        self.workers = workers;
        self
    }

    /// Tasks that may be on their way to a worker at a time (default 1024; at least 1).
    pub fn mailbox(mut self, tasks: usize) -> Self {
        self.mailbox = tasks.max(1);
        self
    }

    /// Buffers that the kernel may fill at a time, rounded up to a power of two (default 1024; at least 16, at most 16384). Four times as many are reserved,
    /// of which untouched ones cost address space alone.
    pub fn buffers(mut self, count: u16) -> Self {
        self.plan.config.buffers = count.clamp(16, 16 * 1024).next_power_of_two();
        self
    }

    /// Bytes of a buffer, rounded up to a multiple of 4096 (default 16 KiB; at most 1 MiB).
    pub fn buffer_bytes(mut self, bytes: u32) -> Self {
        self.plan.buffer_bytes = bytes.clamp(1, 1 << 20).next_multiple_of(4096);
        self
    }

    /// Entries of the submission queue (default 256): what one cycle submits with a single call of the kernel.
    pub fn submissions(mut self, entries: u32) -> Self {
        self.plan.config.submissions = entries.clamp(4, 16 * 1024).next_power_of_two();
        self
    }

    /// Entries of the completion queue (default 4096): a burst beyond it costs extra calls of the kernel.
    pub fn completions(mut self, entries: u32) -> Self {
        self.plan.config.completions = entries.clamp(8, 64 * 1024).next_power_of_two();
        self
    }

    /// Connections that the listeners of a worker accept and that are open at a time (default: no limit; at least 1). Further ones wait in the listeners' backlogs,
    /// where the system refuses what does not fit; each that closes lets one in. Connections that wait for an `accept` count, those made by `connect` do not.
    ///
    /// A listener accepts at full speed while more are free than its backlog and 64.
    pub fn connections(mut self, most: u32) -> Self {
        self.plan.config.connections = most.max(1);
        self
    }

    /// Hardening (default off): each ring is told once, before its first use, which operations this crate asks for, and refuses all others with `EACCES`,
    /// whoever asks.
    pub fn restrict(mut self, restrict: bool) -> Self {
        self.plan.config.restrict = restrict;
        self
    }

    /// To be measured: whether a first send answers only where it falls short (default true).
    #[doc(hidden)]
    pub fn quiet_sends(mut self, quiet: bool) -> Self {
        self.plan.config.quiet_sends = quiet;
        self
    }

    /// To be measured: whether a wait is for one completion more than the sends just submitted bring, for 50 us at most (default false). It has an
    /// effect without quiet sends only.
    #[doc(hidden)]
    pub fn expect_sends(mut self, expect: bool) -> Self {
        self.plan.config.expect_sends = expect;
        self
    }

    /// To be measured: whether the next deadline goes with the enter (default false: as an operation). Linux 6.12 has it; before, it has no effect.
    #[doc(hidden)]
    pub fn enter_deadline(mut self, enter: bool) -> Self {
        self.plan.config.enter_deadline = enter;
        self
    }

    /// To be measured: whether accepted connections are entries of a table of the ring's own, of so many (default zero: plain descriptors). They have
    /// no address, and no descriptor for system calls.
    #[doc(hidden)]
    pub fn direct_descriptors(mut self, entries: u32) -> Self {
        self.plan.config.direct = entries;
        self
    }

    /// To be measured: how sleeping workers are woken.
    #[doc(hidden)]
    pub fn doorbell(mut self, way: Way) -> Self {
        self.plan.bell = way;
        self
    }

    /// Makes the runtime. The calling thread is worker 0; with several workers it is pinned until the runtime is dropped, and threads that it starts
    /// meanwhile are pinned likewise.
    ///
    /// # Errors
    /// The system refuses a ring, or has no memory or descriptor for it: a [`RingError`](crate::error::RingError) that names the cause and the remedy. Or it refuses a
    /// thread or a CPU. Where another worker than the first fails, all are ended, and the error is a [`WorkerError`](crate::error::WorkerError) around that.
    pub fn build(mut self) -> io::Result<Runtime> {
        let config = &mut self.plan.config;
        config.completions = config.completions.max(2 * config.submissions);
        Runtime::make(&self.plan, self.workers, self.mailbox)
    }
    /// Makes the runtime, of one worker, over a simulated ring: every choice comes from `seed`, and faults come as planned.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn simulate(
        mut self,
        seed: u64,
        faults: Faults,
    ) -> io::Result<(Runtime, Rc<RefCell<World>>)> {
        let config = &mut self.plan.config;
        config.completions = config.completions.max(2 * config.submissions);
        let world = World::new(*config, seed, faults);
        let time = Time::Virtual(world.borrow().clock());
        let (engine, bytes) = (Engine::Sim(world.clone()), self.plan.buffer_bytes);
        // Other ways ask the ring first, which may refuse as planned.
        let worker = Worker::over(engine, time, *config, bytes, Way::Eventfd)?;
        Ok((Runtime::alone(worker, self.mailbox), world))
    }
}
