//! The priority of a task: which tasks take their turns first.
//!
//! | priority | in a cycle its tasks take their turns                                                        |
//! |----------|----------------------------------------------------------------------------------------------|
//! | Normal   | first, up to the budget of a cycle                                                           |
//! | Low      | after them, up to a budget of their own, which Normal ones cannot use up: they never starve  |
//!
//! Each is first in first out. They are Async's; there a writer flushes at Low, at the end of a cycle.

/// Which tasks take their turns first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
#[repr(u8)]
pub enum Priority {
    /// As tasks are.
    #[default]
    Normal,
    /// After the Normal ones of a cycle.
    Low,
}

impl Priority {
    /// All of them, in the order in which they take their turns.
    pub const ALL: [Self; 2] = [Self::Normal, Self::Low];
}
