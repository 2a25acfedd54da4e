//! The contestants that there are, and what each can do.

use super::operations::{Ability, Operation};

/// Whose operations are measured.
#[derive(Debug, PartialEq, Eq)]
pub struct Contestant {
    /// What it is called, on the command line and in tables.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What it can do.
    pub can: &'static [Ability],
}

/// Ours; what begins with it and a hyphen is ours too, in another form.
pub const OURS: &str = "tidemill";

/// All of them.
pub static CONTESTANTS: &[Contestant] = &[Contestant {
    name: OURS,
    about: "sched's Local on the clock of std; cells, pipes and locks in the form for all threads",
    can: &[
        Ability::Tasks,
        Ability::Crowds,
        Ability::Ready,
        Ability::Parked,
        Ability::Threads,
        Ability::Choose,
        Ability::Pipe,
        Ability::Mutex,
        Ability::Timers,
        Ability::TailLoop,
    ],
}];

impl Contestant {
    /// Whether it can do that.
    pub fn plays(&self, operation: &Operation) -> bool {
        self.can.contains(&operation.ability())
    }

    /// Whether it is ours.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with(OURS)
    }
}

/// The contestant of that name.
pub fn find(name: &str) -> Option<&'static Contestant> {
    CONTESTANTS.iter().find(|contestant| contestant.name == name)
}
