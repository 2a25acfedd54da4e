//! What a task carries in its header: by it the registry is told of its turns and wakes.

use super::{
    event::What,
    node::{Kind, NodeInfo, Site},
    record::{TaskRecord, TaskState},
    registry::with,
    thread::replace,
};

/// What a task tells the registry by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Task(u64);

impl Task {
    /// One that is not written down.
    pub(crate) const NONE: Self = Self(0);

    /// Writes a task down whose future is of this type and lies there, made by whoever called.
    pub(crate) fn new(type_name: &'static str, address: usize, site: Site) -> Self {
        with(|registry| {
            let index = registry.number();
            let changed = registry.tell_task(What::Made, index);
            let (kind, location) = (Kind::Task, site.0);
            let info = NodeInfo { kind, index, address, type_name, label: None, location };
            let record =
                TaskRecord { info, state: TaskState::Constructed, transitions: 0, changed };
            let found = registry.tasks.insert(index, record);
            registry.count(found);
            Self(index)
        })
    }

    /// Names it.
    pub(crate) fn label(self, label: Option<&'static str>) {
        with(|registry| registry.tasks.get(self.0).map(|task| task.info.label = label));
    }

    pub(super) fn index(self) -> Option<u64> {
        (self.0 != 0).then_some(self.0)
    }

    fn change(self, state: TaskState, what: What) {
        with(|registry| {
            let changed = registry.tell_task(what, self.0);
            if let Some(task) = registry.tasks.get(self.0) {
                (task.state, task.changed) = (state, changed);
                task.transitions += 1;
            }
        });
    }

    /// It has its turn until what this returns is dropped.
    pub(crate) fn turn(self) -> Turn {
        if self == Self::NONE {
            return Turn { task: self, before: replace(None) };
        }
        self.change(TaskState::Running, What::Running);
        Turn { task: self, before: replace(Some(self.0)) }
    }

    /// It was queued.
    pub(crate) fn wakes(self) {
        if self != Self::NONE {
            with(|registry| registry.tell_task(What::Woken, self.0));
        }
    }

    /// It has ended.
    pub(crate) fn ends(self) {
        with(|registry| {
            if registry.tasks.remove(self.0).is_some() {
                registry.tell_task(What::Over, self.0);
            }
        });
    }
}

/// The turn of a task.
#[derive(Debug)]
pub(crate) struct Turn {
    task: Task,
    before: Option<u64>,
}

impl Turn {
    /// It is over.
    pub(crate) fn over(self) {}
}

impl Drop for Turn {
    fn drop(&mut self) {
        replace(self.before);
        if self.task != Task::NONE {
            self.task.change(TaskState::Suspended, What::Suspended);
        }
    }
}
