//! How a ring is made, and what an enter of it waits for.

use tidemill_core::clock::Instant;

/// How a ring is made and used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// Entries of the submission queue: what one cycle submits before it has to enter early.
    pub(crate) submissions: u32,
    /// Entries of the completion queue: a burst beyond it is kept by the kernel and costs an extra enter.
    pub(crate) completions: u32,
    /// Entries of the ring of provided buffers, a power of two.
    pub(crate) buffers: u16,
    /// Entries of the ring's table of direct descriptors; zero: it has none.
    pub(crate) direct: u32,
    /// Accepted connections that a worker has open at a time; `u32::MAX`: as many as come.
    pub(crate) connections: u32,
    /// The ring refuses every operation that is not one of ours.
    pub(crate) restrict: bool,
    /// A first send answers only where it falls short.
    pub(crate) quiet_sends: bool,
    /// A wait is for one completion more than the sends just submitted will bring.
    pub(crate) expect_sends: bool,
    /// The next deadline goes with the enter, not through the submission queue. Where the kernel cannot, it is as if this were not set.
    pub(crate) enter_deadline: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            submissions: 256,
            completions: 4096,
            buffers: 1024,
            direct: 0,
            connections: u32::MAX,
            restrict: false,
            quiet_sends: true,
            expect_sends: false,
            enter_deadline: false,
        }
    }
}

/// What an enter is to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing: submit, let completions run, come back.
    Now,
    /// At least one completion.
    Completion,
    /// One completion, or this moment. Only for an engine that keeps deadlines.
    Deadline(Instant),
    /// This many completions that the submission itself brings and one more; any one of them where the others take long. Or the moment, for an
    /// engine that keeps deadlines.
    Expected(u32, Instant),
}
