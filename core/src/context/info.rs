//! What a task is known by, to people: its number, its name, its priority.

use core::fmt;

use crate::{context::priority::Priority, dag};

/// A task, by its number and name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub struct TaskInfo {
    /// A number that no other task of the same executor has.
    pub id: u32,
    /// Its name, if it was given one.
    pub name: Option<&'static str>,
    /// Its priority.
    pub priority: Priority,
    /// By what it is written down.
    pub(crate) node: dag::Task,
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        self.name.map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}
