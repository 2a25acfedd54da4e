//! Looking for a task: where a worker looks, and in which order.
//!
//! | it looks         | in                                                                                                 |
//! |------------------|----------------------------------------------------------------------------------------------------|
//! | first            | what was woken last; its own queue, what overflowed; what is bound to its node; its node's injector; Low ones there |
//! | now and then     | the same, from the other end: so that none of them starves                                         |
//! | then, searching  | the queues of its node; injectors and queues of other nodes, near before far                       |

use super::{
    inject::{Kind, Line, Task},
    shared::Seat,
    worker::Worker,
};

/// One turn in so many goes to whoever waits where a worker looks last.
const FAIR: usize = 61;
/// So often in a row the task that was woken last runs next.
const ROW: usize = 4;
/// So many more tasks come into an empty queue at once, at most.
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
            // Each is the first in its turn.
            let injector = &self.shared().groups[self.desk.group].injector;
            let [low, normal, bound] =
                [Kind::Low, Kind::Normal, Kind::Bound].map(|kind| injector.line(kind));
            let mut last = [low, normal, bound, &self.seat().overflow];
            last.rotate_left(ticks / FAIR % 4);
            let task = last.into_iter().find_map(|line| self.from(line, 0));
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

    fn seat(&self) -> &Seat {
        &self.shared().seats[self.desk.worker]
    }

    fn latest(&self) -> Option<Task> {
        self.desk.next.take()
    }

    fn own(&self) -> Option<Task> {
        let seat = self.seat();
        seat.queue.pop().or_else(|| self.from(&seat.overflow, BATCH))
    }

    /// A task that its node's injector has, and its share of more, up to `more`.
    fn injected(&self, kind: Kind, more: usize) -> Option<Task> {
        let group = &self.shared().groups[self.desk.group];
        let line = group.injector.line(kind);
        self.from(line, more.min(line.len() / group.workers.len()))
    }

    /// The first of a line; and up to `more` into the queue.
    fn from(&self, line: &Line, more: usize) -> Option<Task> {
        line.take(more, |task| self.keep(task))
    }

    /// Puts what was taken from elsewhere into its own queue. That was empty, and what is taken at once is less than it holds.
    fn keep(&self, task: Task) {
        let kept = self.seat().queue.push(task);
        debug_assert!(kept.is_ok());
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
                let injector = &shared.groups[group].injector;
                self.from(injector.line(Kind::Normal), 0)
                    .or_else(|| self.steal(group))
                    .or_else(|| self.from(injector.line(Kind::Low), 0))
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
            let Seat { queue, overflow, .. } = &shared.seats[victim];
            let half = |len: usize| (len / 2).min(BATCH);
            let mut more = 0;
            let mut keep = |task| {
                self.keep(task);
                more += 1;
            };
            let task = match queue.pop() {
                Some(task) => {
                    let left = half(queue.len());
                    (0..left).map_while(|_| queue.pop()).for_each(&mut keep);
                    task
                }
                None => overflow.take(half(overflow.len()), &mut keep)?,
            };
            self.seat().counts.steals.add(more + 1);
            Some(task)
        })
    }
}
