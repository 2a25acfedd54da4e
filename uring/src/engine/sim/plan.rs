//! A plan says how often a simulation shows each fault; counts say how often it did.

/// How often each fault comes: chances in a thousand.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Plan {
    /// An operation fails for good, with an errno that the kernel could give.
    pub errno: u32,
    /// An operation fails with an errno that means: again.
    pub transient: u32,
    /// A receive fills less of its buffer than there is; a send takes less than there is room for.
    pub short: u32,
    /// A receive ends with `ENOBUFS`, though there are buffers.
    pub no_buffers: u32,
    /// An accept ends with `EMFILE`.
    pub no_descriptors: u32,
    /// An operation is executed, or answered, late.
    pub late: u32,
    /// What is ready in one enter is executed in any order.
    pub reorder: u32,
    /// An operation's last answer is followed by copies of it, some of them changed.
    pub stale: u32,
    /// The completion queue has little room in this enter.
    pub overflow: u32,
    /// The failure of a quiet send finds no memory to be kept in: it is dropped, and counted.
    pub dropped: u32,
    /// An enter fails with `EINTR`, `EBUSY`, `EAGAIN` or `ENOMEM`, having taken nothing.
    pub refused: u32,
    /// An enter takes a part of the queue.
    pub partial: u32,
    /// Bytes that a socket holds in each direction.
    pub socket_bytes: usize,
}

impl Plan {
    /// Everything goes well.
    pub const CALM: Self = Self {
        errno: 0,
        transient: 0,
        short: 0,
        no_buffers: 0,
        no_descriptors: 0,
        late: 0,
        reorder: 0,
        stale: 0,
        overflow: 0,
        dropped: 0,
        refused: 0,
        partial: 0,
        socket_bytes: 64 * 1024,
    };

    /// Each fault that loses no connection, alone, by name.
    pub const EACH: [(&str, Self); 10] = [
        ("transient", Self { transient: 200, ..Self::CALM }),
        ("short", Self { short: 700, ..Self::CALM }),
        ("no_buffers", Self { no_buffers: 200, ..Self::CALM }),
        ("no_descriptors", Self { no_descriptors: 300, ..Self::CALM }),
        ("late", Self { late: 500, ..Self::CALM }),
        ("reorder", Self { reorder: 900, ..Self::CALM }),
        ("stale", Self { stale: 700, ..Self::CALM }),
        ("overflow", Self { overflow: 500, ..Self::CALM }),
        ("refused", Self { refused: 400, ..Self::CALM }),
        ("partial", Self { partial: 500, ..Self::CALM }),
    ];

    /// All of them at once, and small sockets.
    pub const ROUGH: Self = Self {
        errno: 0,
        transient: 50,
        short: 200,
        no_buffers: 50,
        no_descriptors: 100,
        late: 300,
        reorder: 500,
        stale: 200,
        overflow: 200,
        dropped: 0,
        refused: 150,
        partial: 150,
        socket_bytes: 5000,
    };

    /// With operations that fail for good, too.
    pub const CRUEL: Self = Self { errno: 20, ..Self::ROUGH };
}

/// What a simulation did so far.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Operations that failed by the plan.
    pub failed: u64,
    /// Answers or executions that were late.
    pub late: u64,
    /// Copies of last answers.
    pub stale: u64,
    /// Completions that were kept back.
    pub kept: u64,
    /// Failures of quiet sends that were dropped.
    pub dropped: u64,
    /// Enters that failed.
    pub refused: u64,
    /// Enters that took a part.
    pub partial: u64,
    /// Operations that were cancelled.
    pub cancelled: u64,
    /// Operations on a descriptor that stands for no socket of the simulation.
    pub astray: u64,
    /// Connections that were accepted and destroyed, for want of a free entry in the table of direct descriptors.
    pub destroyed: u64,
}
