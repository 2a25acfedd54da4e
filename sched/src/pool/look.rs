//! Looking for a task: where a worker looks, and in which order.
//!
//! | it looks         | in                                                                                                 |
//! |------------------|----------------------------------------------------------------------------------------------------|
//! | first            | what was woken last; its own queue; what is bound to its node; its node's injector; Low ones there |
//! | now and then     | the same, from the other end: so that none of them starves                                         |
//! | then, searching  | the queues of its node; injectors and queues of other nodes, near before far                       |

use super::{
    inject::{Kind, Task},
    worker::Worker,
};

/// One turn in so many goes to whoever waits where a worker looks last.
const FAIR: usize = 61;
/// So often in a row the task that was woken last runs next.
const ROW: usize = 4;
/// So many tasks are taken from an injector or a neighbour at once, at most.
const BATCH: usize = 32;

impl Worker {
    /// The next task.
    pub(super) fn take(&self) -> Option<Task> {
        if self.shared().is_paused() {
            return None;
        }
        let task = self.look_near().or_else(|| self.look_far())?;
        if self.searching.take() && self.shared().idle.found() {
            self.shared().wake_one(self.desk.group);
        }
        Some(task)
    }

    /// A task of this worker or its node.
    fn look_near(&self) -> Option<Task> {
        let ticks = self.ticks.get().wrapping_add(1);
        self.ticks.set(ticks);
        if ticks.is_multiple_of(FAIR) {
            let last = [Kind::Low, Kind::Normal, Kind::Bound];
            let task = last.into_iter().find_map(|kind| self.injected(kind, 0));
            return task.or_else(|| self.own()).or_else(|| self.latest());
        }
        if self.row.get() < ROW
            && let Some(task) = self.latest()
        {
            self.row.set(self.row.get() + 1);
            return Some(task);
        }
        self.row.set(0);
        self.own()
            .or_else(|| self.latest())
            .or_else(|| self.injected(Kind::Bound, 0))
            .or_else(|| self.injected(Kind::Normal, BATCH))
            .or_else(|| self.injected(Kind::Low, 0))
    }

    fn latest(&self) -> Option<Task> {
        self.desk.next.take()
    }

    fn own(&self) -> Option<Task> {
        self.shared().seats[self.desk.worker].queue.pop()
    }

    /// A task that its node's injector has, and its share of more, up to `more`.
    fn injected(&self, kind: Kind, more: usize) -> Option<Task> {
        let group = &self.shared().groups[self.desk.group];
        let share = group.injector.len(kind) / group.workers.len();
        self.from(self.desk.group, kind, more.min(share))
    }

    fn from(&self, group: usize, kind: Kind, more: usize) -> Option<Task> {
        let injector = &self.shared().groups[group].injector;
        let mut spilled = None;
        let first = injector.take(kind, more, |task| {
            if let Err(task) = self.shared().seats[self.desk.worker].queue.push(task) {
                // It was empty, or nearly so, and the batch is smaller than it.
                spilled = Some(task);
            }
        });
        debug_assert!(spilled.is_none());
        first
    }

    /// A task of others.
    fn look_far(&self) -> Option<Task> {
        let shared = self.shared();
        if !self.searching.replace(true) {
            shared.idle.search();
        }
        let near = shared.groups[self.desk.group].near.iter().copied();
        self.steal(self.desk.group).or_else(|| {
            near.into_iter().find_map(|group| {
                self.from(group, Kind::Normal, 0)
                    .or_else(|| self.steal(group))
                    .or_else(|| self.from(group, Kind::Low, 0))
            })
        })
    }

    /// Takes half of what a worker of a group has queued.
    fn steal(&self, group: usize) -> Option<Task> {
        let shared = self.shared();
        let workers = shared.groups[group].workers.clone();
        let begin = self.victim.get();
        self.victim.set(begin.wrapping_add(1));
        let (first, len) = (workers.start, workers.len());
        (0..len).map(|n| first + (begin + n) % len).find_map(|victim| {
            if victim == self.desk.worker {
                return None;
            }
            let queue = &shared.seats[victim].queue;
            let task = queue.pop()?;
            let more = (queue.len() / 2).min(BATCH);
            let mine = &shared.seats[self.desk.worker].queue;
            let moved = (0..more).map_while(|_| mine.push(queue.pop()?).ok()).count();
            shared.seats[self.desk.worker].counts.steals.add(moved + 1);
            Some(task)
        })
    }
}
