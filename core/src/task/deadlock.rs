//! A deadlock: tasks wait for what never comes, since nothing is ready, and nothing will be.
//!
//! | it names                                | with      | else                              |
//! |-----------------------------------------|-----------|-----------------------------------|
//! | the tasks that wait                     | `alloc`   | the first three, and how many more |
//! | values that nobody will write, and tasks that wait in a circle | `dag` | nothing        |

use core::{error, fmt};

use crate::context::TaskInfo;
use crate::dag::Diagnosis;

/// Those that are named.
#[cfg(feature = "alloc")]
type Named = alloc::vec::Vec<TaskInfo>;
/// Those that are named.
#[cfg(not(feature = "alloc"))]
type Named = heapless::Vec<TaskInfo, FEW>;

/// How many are named.
#[cfg(feature = "alloc")]
const FEW: usize = usize::MAX;
/// How many are named.
#[cfg(not(feature = "alloc"))]
const FEW: usize = 3;

/// What was found to be wrong.
#[cfg(feature = "alloc")]
type Kept = Diagnosis;
/// Nothing is kept: without an allocator it would be large, and it is sought again when it is asked for.
#[cfg(not(feature = "alloc"))]
#[derive(Clone, PartialEq, Eq)]
struct Kept;

/// What is wrong among them.
fn found(tasks: &Named) -> Diagnosis {
    Diagnosis::of(tasks.iter().map(|task| task.node))
}

#[cfg(feature = "alloc")]
fn keep(tasks: &Named) -> Kept {
    found(tasks)
}
#[cfg(not(feature = "alloc"))]
fn keep(_: &Named) -> Kept {
    Kept
}

/// Tasks that wait for what never comes, as they were when that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Deadlock {
    named: Named,
    more: usize,
    kept: Kept,
}

impl Deadlock {
    /// Of these tasks, in their order: for executors, that find that nothing is ready and no timer is set.
    pub fn of(tasks: impl Iterator<Item = TaskInfo>) -> Self {
        let mut tasks = tasks;
        let named: Named = tasks.by_ref().take(FEW).collect();
        let kept = keep(&named);
        Self { named, more: tasks.count(), kept }
    }

    /// Who waits, the oldest task first. Without `alloc`, the first three of them.
    pub fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        self.named.iter().copied()
    }

    /// How many wait beside those.
    pub fn more(&self) -> usize {
        self.more
    }

    /// What keeps them waiting, as far as they wait for values: without `alloc`, as it is now.
    #[cfg(feature = "dag")]
    pub fn diagnosis(&self) -> Diagnosis {
        self.found()
    }

    #[cfg(feature = "alloc")]
    fn found(&self) -> Diagnosis {
        self.kept.clone()
    }

    #[cfg(not(feature = "alloc"))]
    fn found(&self) -> Diagnosis {
        found(&self.named)
    }
}

impl fmt::Debug for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadlock: nothing is ready and no timer is set; these wait:")?;
        self.tasks().try_for_each(|task| write!(f, " {task};"))?;
        if self.more > 0 {
            write!(f, " and {} more;", self.more)?;
        }
        self.found().fmt(f)
    }
}

impl error::Error for Deadlock {}
