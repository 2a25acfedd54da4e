//! How large a ring is, and what an enter of it waits for.

/// How large a ring is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    /// Entries of the submission queue: what one cycle submits before it has to enter early.
    pub(crate) submissions: u32,
    /// Entries of the completion queue: a burst beyond it is kept by the kernel and costs an extra enter.
    pub(crate) completions: u32,
    /// Entries of the ring of provided buffers, a power of two.
    pub(crate) buffers: u16,
}

/// What an enter is to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing: submit, let completions run, come back.
    Now,
    /// At least one completion.
    Completion,
}
