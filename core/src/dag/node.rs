//! A node of the graph: what is known of it from its beginning.

use core::{fmt, panic::Location};

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A value on a timeline.
    Value,
    /// A step of one.
    Epoch,
    /// A task.
    Task,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "data",
            Self::Epoch => "epoch",
            Self::Task => "task",
        })
    }
}

/// A value, an epoch or a task, by what is known of it from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// What it is.
    pub kind: Kind,
    /// A number that no other node of the process has.
    pub index: u64,
    /// Where it lies: of an epoch, where its value does.
    pub address: usize,
    /// The type of the value, or of the task's future.
    pub type_name: &'static str,
    /// What it is called, if it was given a name.
    pub label: Option<&'static str>,
    /// The call that made it.
    pub location: &'static Location<'static>,
}

impl fmt::Display for NodeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.index)?;
        self.label.map_or(Ok(()), |label| write!(f, " ({label})"))
    }
}

/// The place in the source from which a call came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site(pub(super) &'static Location<'static>);

impl Site {
    /// That of whoever called the function that asks.
    #[track_caller]
    pub(crate) const fn here() -> Self {
        Self(Location::caller())
    }
}
