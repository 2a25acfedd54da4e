//! An event: something that happened to a value, an epoch or a task, in the order in which it did.

use core::fmt;

use super::record::Role;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Somebody enrolled in the epoch.
    Enrolled(Role),
    /// The epoch is in front: its writer has its turn, or its readers may read.
    Front,
    /// The epoch has its writer.
    Writing,
    /// The writer of the epoch left before its turn.
    Ended,
    /// The epoch may be read.
    Reading,
    /// The epoch is over.
    Finished,
    /// A task waits in the epoch.
    Waits(Role),
    /// What a task waited for in the epoch has come.
    Arrived(Role),
    /// The task was made.
    Made,
    /// The task was queued for a turn.
    Woken,
    /// The task has its turn.
    Running,
    /// The turn of the task is over.
    Suspended,
    /// The task has ended.
    Over,
}

/// An entry of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// One more than that of the event before.
    pub number: u64,
    /// What happened.
    pub what: What,
    /// The value of the epoch that it happened in, if it did in one.
    pub value: Option<u64>,
    /// The number of that epoch among those of the value.
    pub epoch: u64,
    /// The task that it happened to, or that did it, if one did.
    pub task: Option<u64>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.number)?;
        if let Some(value) = self.value {
            write!(f, " data {value} gen {}", self.epoch)?;
        }
        if let Some(task) = self.task {
            write!(f, " task {task}")?;
        }
        match self.what {
            What::Enrolled(role) => write!(f, " enrolled a {role}"),
            What::Waits(role) => write!(f, " waits as {role}"),
            What::Arrived(role) => write!(f, " arrived as {role}"),
            What::Front => f.write_str(" is in front"),
            What::Writing => f.write_str(" Writing"),
            What::Ended => f.write_str(" Ended"),
            What::Reading => f.write_str(" Reading"),
            What::Finished => f.write_str(" Finished"),
            What::Made => f.write_str(" constructed"),
            What::Woken => f.write_str(" rescheduled"),
            What::Running => f.write_str(" running"),
            What::Suspended => f.write_str(" suspended"),
            What::Over => f.write_str(" over"),
        }
    }
}
