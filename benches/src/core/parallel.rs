//! What is done on several threads.

use super::part::Part;

/// Something that is done on a pool, or between threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parallel {
    /// `x += 1`
    Simple(Part),
    /// `x = x + 1`
    Binary(Part),
    /// Many values, each changed again and again, by several tasks.
    Wide,
    /// So many values are summed by halves, by operators.
    Values(usize),
    /// Many tasks that do nothing are spawned by a thread that is none of the pool's.
    StormOutside,
    /// Many tasks that do nothing are spawned by a task, which awaits them all.
    StormInside,
    /// A task spawns one and awaits it, again and again.
    OneByOne,
    /// So many tasks yield in turn.
    Yield(usize),
    /// Many tasks, each of which wakes the next.
    Chain,
    /// A system thread and a worker wake each other, both asleep.
    WakeThread,
    /// Two workers wake each other, both asleep.
    WakeWorkers,
    /// A task has something done by a system thread, which may block, and awaits it.
    InThread,
    /// Leaves are summed by halves, a task for each.
    Sum {
        /// How many leaves there are.
        leaves: usize,
        /// Numbers of a leaf.
        each: usize,
    },
}

/// What a contestant must be able to do for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skill {
    /// Compute values in epochs on several threads.
    Kernels,
    /// Run tasks on several threads.
    Tasks,
    /// Wake across threads.
    Wakes,
    /// Have something done by a thread that may block.
    Blocking,
    /// Divide work, and join what comes of it.
    Joins,
}

impl Parallel {
    /// What a contestant must be able to do for it.
    pub fn skill(self) -> Skill {
        match self {
            Self::Simple(_) | Self::Binary(_) | Self::Wide | Self::Values(_) => Skill::Kernels,
            Self::StormOutside | Self::StormInside | Self::OneByOne => Skill::Tasks,
            Self::Yield(_) | Self::Chain => Skill::Tasks,
            Self::WakeThread | Self::WakeWorkers => Skill::Wakes,
            Self::InThread => Skill::Blocking,
            Self::Sum { .. } => Skill::Joins,
        }
    }

    /// Whether a round takes milliseconds.
    pub fn is_long(self) -> bool {
        match self {
            Self::Wide | Self::StormOutside | Self::StormInside => true,
            Self::Sum { leaves, .. } => leaves > 1000,
            _ => false,
        }
    }
}
