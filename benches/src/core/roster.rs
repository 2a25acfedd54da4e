//! The contestants that there are, and what each can do.

use super::{
    operations::{Ability, Operation},
    parallel::Skill,
};

/// Whose operations are measured.
#[derive(Debug, PartialEq, Eq)]
pub struct Contestant {
    /// What it is called, on the command line and in tables.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its cells, pipes and locks stay on their thread, and need no locks themselves.
    pub local: bool,
    /// What it can do.
    pub can: &'static [Ability],
}

/// Ours; what begins with it and a hyphen is ours too, in another form.
pub const OURS: &str = "tidemill";

/// A whole runtime.
const RUNTIME: &[Ability] = &[
    Ability::Spawn,
    Ability::Tasks,
    Ability::Crowds,
    Ability::Timers,
    Ability::ManyTimers,
    Ability::Sleepers,
];

const fn contestant(
    name: &'static str,
    about: &'static str,
    can: &'static [Ability],
) -> Contestant {
    Contestant { name, about, local: false, can }
}

const fn local(contestant: Contestant) -> Contestant {
    Contestant { local: true, ..contestant }
}

/// All of them.
pub static CONTESTANTS: &[Contestant] = &[
    contestant(
        OURS,
        "sched's Local on the clock of std; cells, pipes and locks for all threads",
        &[
            Ability::Spawn,
            Ability::Tasks,
            Ability::Crowds,
            Ability::Ready,
            Ability::Parked,
            Ability::Threads,
            Ability::Choose,
            Ability::Pipe,
            Ability::Mutex,
            Ability::Timers,
            Ability::ManyTimers,
            Ability::TailLoop,
            Ability::Epochs,
            Ability::Parallel(Skill::Kernels),
            Ability::Parallel(Skill::Tasks),
            Ability::Parallel(Skill::Wakes),
            Ability::Parallel(Skill::Blocking),
            Ability::Parallel(Skill::Joins),
        ],
    ),
    local(contestant(
        "tidemill-local",
        "the same with the cells, pipes and locks of one thread",
        &[
            Ability::Ready,
            Ability::Parked,
            Ability::Choose,
            Ability::Pipe,
            Ability::Mutex,
            Ability::Epochs,
        ],
    )),
    contestant(
        "tidemill-once",
        "ivar::once: two ends on the heap, one reader",
        &[Ability::Ready, Ability::Parked, Ability::Threads],
    ),
    contestant("tidemill-uring", "the runtime on its ring", RUNTIME),
    contestant(
        "tidemill-uring-slack",
        "the same, with a slack of 1 ms for timers",
        &[Ability::Sleepers],
    ),
    contestant(
        "tokio",
        "the current-thread runtime, with all its drivers",
        &[
            Ability::Spawn,
            Ability::Tasks,
            Ability::Crowds,
            Ability::Ready,
            Ability::Parked,
            Ability::Threads,
            Ability::Choose,
            Ability::Pipe,
            Ability::Mutex,
            Ability::Timers,
            Ability::ManyTimers,
            Ability::Sleepers,
        ],
    ),
    contestant("monoio", "as it comes, with timers", RUNTIME),
    contestant("compio", "as it comes", RUNTIME),
    local(contestant(
        "glommio",
        "as it comes, not bound; a task has at most 32,767 wakers",
        &[
            Ability::Spawn,
            Ability::Tasks,
            Ability::Crowds,
            Ability::Timers,
            Ability::Sleepers,
            Ability::Pipe,
            Ability::Mutex,
            Ability::Parallel(Skill::Wakes),
        ],
    )),
    contestant(
        "kimojio",
        "as it comes; it has at most 65,535 tasks",
        &[Ability::Spawn, Ability::Tasks, Ability::Timers],
    ),
    contestant(
        "futures",
        "LocalPool, and the channels and locks of futures",
        &[
            Ability::Spawn,
            Ability::Tasks,
            Ability::Crowds,
            Ability::Ready,
            Ability::Parked,
            Ability::Threads,
            Ability::Choose,
            Ability::Pipe,
            Ability::Mutex,
        ],
    ),
    local(contestant(
        "embassy",
        "embassy-executor on std, and embassy-sync without locks",
        &[
            Ability::Tasks,
            Ability::Crowds,
            Ability::Ready,
            Ability::Parked,
            Ability::Pipe,
            Ability::Mutex,
        ],
    )),
    contestant(
        "async-oneshot",
        "a cell with two ends",
        &[Ability::Ready, Ability::Parked, Ability::Threads],
    ),
    contestant("maitake", "the mutex of maitake-sync", &[Ability::Mutex]),
    contestant(
        "tokio-threads",
        "the multi-thread runtime, with all its drivers",
        &[
            Ability::Parallel(Skill::Tasks),
            Ability::Parallel(Skill::Wakes),
            Ability::Parallel(Skill::Blocking),
            Ability::Parallel(Skill::Joins),
        ],
    ),
    contestant("rayon", "a pool of its own, and join", &[Ability::Parallel(Skill::Joins)]),
    contestant(
        "std",
        "threads that park, or one that does it all",
        &[Ability::Parallel(Skill::Wakes), Ability::Parallel(Skill::Joins)],
    ),
    contestant("futex", "the limit: two threads and two words", &[Ability::Parallel(Skill::Wakes)]),
];

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
