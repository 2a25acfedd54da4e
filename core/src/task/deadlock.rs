//! A deadlock: tasks wait for what never comes, since nothing is ready, and nothing will be.
//!
//! | it names                                | with      | else                              |
//! |-----------------------------------------|-----------|-----------------------------------|
//! | the tasks that wait                     | `alloc`   | the first four, and how many more |
//! | values that nobody will write, and tasks that wait in a circle | `dag` | nothing        |

use core::{error, fmt};

use super::attributes::TaskInfo;
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
const FEW: usize = 4;

/// Tasks that wait for what never comes, as they were when that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Deadlock {
    named: Named,
    more: usize,
    diagnosis: Diagnosis,
}

impl Deadlock {
    /// Of these tasks, the oldest first: for executors, that find that nothing is ready and no timer is set.
    pub fn of(tasks: impl Iterator<Item = TaskInfo>) -> Self {
        let mut tasks = tasks;
        let named: Named = tasks.by_ref().take(FEW).collect();
        let diagnosis = Diagnosis::of(named.iter().map(|task| task.node));
        Self { named, more: tasks.count(), diagnosis }
    }

    /// Who waits, the oldest task first. Without `alloc`, the first four of them.
    pub fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        self.named.iter().copied()
    }

    /// How many wait beside those.
    pub fn more(&self) -> usize {
        self.more
    }

    /// What keeps them waiting, as far as they wait for values.
    #[cfg(feature = "dag")]
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
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
        self.diagnosis.fmt(f)
    }
}

impl error::Error for Deadlock {}
