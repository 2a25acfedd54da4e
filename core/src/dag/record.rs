//! What is written down of a value, an epoch, a task, and a place in an epoch.
//!
//! | phase   | is shown as                                         |
//! |---------|-----------------------------------------------------|
//! | Vacant  | `Started` in front, `Pending` behind                |
//! | Writing | `Writing` in front, `Pending` behind                |
//! | Ended   | `Ended`: its writer left before its turn            |
//! | Reading | `Reading`                                           |

use core::fmt;

use super::node::NodeInfo;

/// What a value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A value.
    Constructed,
    /// Nothing.
    Unconstructed,
    /// A failure.
    Invalid,
}

/// Where an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has no writer.
    Vacant,
    /// It has a writer.
    Writing,
    /// Its writer left before its turn.
    Ended,
    /// It was written, or will not be.
    Reading,
}

/// What somebody does in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads it.
    Reader,
    /// Writes it.
    Writer,
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It has had no turn.
    Constructed,
    /// It is in its turn.
    Running,
    /// It waits, or is queued.
    Suspended,
}

/// A value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ValueRecord {
    /// From its beginning.
    pub info: NodeInfo,
    /// What it holds.
    pub content: Content,
    /// The number of the epoch in front.
    pub front: u64,
}

/// An epoch of a value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EpochRecord {
    /// From its beginning.
    pub info: NodeInfo,
    /// The index of its value.
    pub value: u64,
    /// Its number among those of the value.
    pub number: u64,
    /// Where it stands.
    pub phase: Phase,
}

/// A task.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TaskRecord {
    /// From its beginning.
    pub info: NodeInfo,
    /// What it is doing.
    pub state: TaskState,
    /// How often that has changed.
    pub transitions: u64,
    /// The number of the event by which it did last.
    pub changed: u64,
}

/// The place of one who reads or writes an epoch, or will.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeatRecord {
    pub(super) index: u64,
    pub(super) value: u64,
    pub(super) number: u64,
    pub(super) role: Role,
    /// The task that it was given to when that was made.
    pub(super) argument_of: Option<u64>,
    /// The task that has awaited it.
    pub(super) awaited_by: Option<u64>,
    /// Whether that waits now.
    pub(super) waits: bool,
}

impl SeatRecord {
    /// Who has it, as far as that is known.
    pub(super) fn holder(&self) -> Option<u64> {
        self.awaited_by.or(self.argument_of)
    }
}

impl EpochRecord {
    /// As it is shown.
    pub(super) fn shown(&self, front: u64) -> &'static str {
        match self.phase {
            Phase::Reading => "Reading",
            Phase::Ended => "Ended",
            Phase::Vacant if self.number == front => "Started",
            Phase::Writing if self.number == front => "Writing",
            Phase::Vacant | Phase::Writing => "Pending",
        }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constructed => "constructed",
            Self::Unconstructed => "unconstructed",
            Self::Invalid => "invalid",
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
        })
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constructed => "constructed",
            Self::Running => "running",
            Self::Suspended => "suspended",
        })
    }
}
