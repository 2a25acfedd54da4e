//! A stray is an error that nobody awaits: what went wrong, and where. Those that reached the top of a tree unanswered are why it failed.

use core::{error, fmt};

use alloc::vec::Vec;

use crate::{context::info::TaskInfo, error::Fault};

/// How many strays of a tree are kept; later ones are counted.
const TOLD: usize = 8;

/// An error that nobody awaits, and where it was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stray {
    /// What went wrong.
    pub fault: Fault,
    /// The number of the worker on whose thread it was sent, where a runtime numbers its workers: see `Monitor::as_root`.
    pub worker: Option<usize>,
    /// The task whose panic it is, if it is one.
    pub task: Option<TaskInfo>,
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(worker) = self.worker {
            write!(f, "worker {worker}: ")?;
        }
        if let Some(task) = self.task {
            write!(f, "{task} panicked: ")?;
        }
        self.fault.fmt(f)
    }
}

/// Why a tree of monitors failed: the errors that reached its top and that nobody had detached. The first of them is where shutdown begins.
#[derive(Clone, Debug)]
pub struct Failed {
    /// At least one, once it is given out.
    strays: Vec<Stray>,
    more: u64,
}

impl Failed {
    /// The error that came first.
    pub fn first(&self) -> &Stray {
        &self.strays[0]
    }

    /// Those that came after it, in order: at most 7.
    pub fn others(&self) -> &[Stray] {
        &self.strays[1..]
    }

    /// How many came after those, of which nothing else is known.
    pub fn more(&self) -> u64 {
        self.more
    }

    pub(super) const fn new() -> Self {
        Self { strays: Vec::new(), more: 0 }
    }

    pub(super) fn push(&mut self, stray: &Stray) {
        if self.strays.len() < TOLD {
            self.strays.push(stray.clone());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn begun(&self) -> Option<&Self> {
        (!self.strays.is_empty()).then_some(self)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody answered for an error: {}", self.first())?;
        for other in self.others() {
            write!(f, "; then {other}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl error::Error for Failed {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.first().fault {
            Fault::Error(error) => Some(&**error),
            Fault::Code(_) | Fault::Text(_) => None,
        }
    }
}
