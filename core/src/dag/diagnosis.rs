//! A diagnosis: what keeps tasks waiting that wait in epochs.
//!
//! | finding         | is                                                                                          |
//! |-----------------|---------------------------------------------------------------------------------------------|
//! | blocked task    | it waits in an epoch                                                                        |
//! | missing writer  | somebody waits to read an epoch that nobody has enrolled to write                           |
//! | cycle           | places in which tasks wait, each for the next one: it is before it, or whoever is before it waits there; and so back to the first |
//!
//! [X1] Who waits behind the epoch in front waits for all who are in that; who waits to read the epoch in front, for its writer. So where all
//!      tasks are blocked, and all places are known to be somebody's, one who follows those before goes in a circle, or comes to a writer
//!      that is missing.

use core::{fmt, mem};

use super::{
    graph::Graph,
    node::NodeInfo,
    record::{Phase, Role, SeatRecord},
    registry::snapshot,
    table::{FEW, Few, List},
    turn::Task,
};

/// What is wrong among tasks that wait in epochs. Without `alloc` it names the first four of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    blocked: usize,
    missing: Few<NodeInfo>,
    cycle: Few<NodeInfo>,
    cycle_values: Few<NodeInfo>,
}

impl Graph {
    /// What is wrong among them.
    pub fn diagnose(&self) -> Diagnosis {
        Diagnosis::new(self, |_| true)
    }
}

impl Diagnosis {
    /// Of these tasks, as they are now.
    pub(crate) fn of(tasks: impl Iterator<Item = Task>) -> Self {
        let graph = snapshot();
        let mut known: List<u64> = tasks.filter_map(Task::index).take(graph.tasks.len()).collect();
        known.sort_unstable();
        Self::new(&graph, |task| known.binary_search(&task).is_ok())
    }

    /// Of those tasks of a graph that count.
    fn new(graph: &Graph, counts: impl Fn(u64) -> bool) -> Self {
        let waiting = |seat: &&SeatRecord| {
            seat.waits
                && seat.awaited_by.is_none_or(|task| graph.task(task).is_some() && counts(task))
        };
        let mut waits: List<SeatRecord> = graph.seats.iter().filter(waiting).copied().collect();
        let mut missing: List<u64> = waits.iter().filter_map(|it| missing(graph, it)).collect();
        missing.sort_unstable();
        waits.retain(|seat| seat.awaited_by.is_some());
        waits.sort_unstable_by_key(|seat| (seat.awaited_by, seat.index));
        let mut last = None;
        let blocked = waits.iter().filter(|it| last.replace(it.awaited_by) != Some(it.awaited_by));
        let blocked = blocked.count();
        let mut found = Self {
            blocked,
            missing: distinct(&missing)
                .filter_map(|it| Some(graph.value(it)?.info))
                .take(FEW)
                .collect(),
            cycle: Few::new(),
            cycle_values: Few::new(),
        };
        Search { graph, waits: &waits }.run(&mut found);
        found
    }

    /// How many tasks wait in epochs.
    pub fn blocked(&self) -> usize {
        self.blocked
    }

    /// Values of which somebody waits to read an epoch that nobody has enrolled to write.
    pub fn missing_writers(&self) -> &[NodeInfo] {
        &self.missing
    }

    /// Tasks that wait in a circle, each for the next one and the last for the first; none if there is no circle.
    pub fn cycle(&self) -> &[NodeInfo] {
        &self.cycle
    }

    /// The values in which the tasks of the circle wait.
    pub fn cycle_values(&self) -> &[NodeInfo] {
        &self.cycle_values
    }
}

/// The value that nobody will write, if somebody waits for that.
fn missing(graph: &Graph, seat: &SeatRecord) -> Option<u64> {
    let epoch = graph.epoch(seat.value, seat.number)?;
    (seat.role == Role::Reader && epoch.phase == Phase::Vacant).then_some(seat.value)
}

/// Those of a sorted list, once each.
fn distinct(sorted: &[u64]) -> impl Iterator<Item = u64> {
    let mut last = None;
    sorted.iter().copied().filter(move |&it| last.replace(it) != Some(it))
}

/// Looks for a circle of places in which tasks wait, depth first, on a stack of its own.
struct Search<'g> {
    graph: &'g Graph,
    /// By task.
    waits: &'g [SeatRecord],
}

/// A place on the way, how far those before it were followed, and how far the places in which the last one's holder waits.
#[derive(Clone, Copy)]
struct Step {
    wait: usize,
    before: usize,
    of_holder: usize,
}

impl Search<'_> {
    fn run(&self, found: &mut Diagnosis) {
        let mut seen: List<bool> = self.waits.iter().map(|_| false).collect();
        let mut path: List<Step> = List::new();
        for wait in 0..self.waits.len() {
            if self.follow(wait, &mut path, &mut seen) {
                return self.tell(&path, found);
            }
        }
    }

    /// The next place for which that of this step waits: one before it, if it waits too; else those in which the one who has it waits.
    fn next(&self, step: &mut Step) -> Option<usize> {
        let (before, role) = self.graph.before(&self.waits[step.wait]);
        while let Some(it) = before.get(step.before) {
            if role.is_none_or(|role| role == it.role)
                && let Some(next) = self.by_holder(it, step)
            {
                return Some(next);
            }
            (step.before, step.of_holder) = (step.before + 1, 0);
        }
        None
    }

    fn by_holder(&self, it: &SeatRecord, step: &mut Step) -> Option<usize> {
        let task = it.holder()?;
        let nth = step.of_holder;
        step.of_holder += 1;
        if it.waits {
            let key = (Some(task), it.index);
            let at = self.waits.binary_search_by_key(&key, |it| (it.awaited_by, it.index));
            return at.ok().filter(|_| nth == 0);
        }
        let at = self.waits.partition_point(|it| it.awaited_by < Some(task)) + nth;
        self.waits.get(at).filter(|it| it.awaited_by == Some(task)).map(|_| at)
    }

    /// Follows from a place. `true`: there is a circle, which is `path`.
    fn follow(&self, wait: usize, path: &mut List<Step>, seen: &mut [bool]) -> bool {
        path.clear();
        let mut next = Some(wait);
        loop {
            match next {
                Some(wait) if !mem::replace(&mut seen[wait], true) => {
                    path.extend([Step { wait, before: 0, of_holder: 0 }]);
                }
                Some(wait) => {
                    if let Some(at) = path.iter().position(|step| step.wait == wait) {
                        path.rotate_left(at);
                        path.truncate(path.len() - at);
                        return true;
                    }
                }
                None => {
                    path.pop();
                }
            }
            match path.last_mut() {
                Some(step) => next = self.next(step),
                None => return false,
            }
        }
    }

    fn tell(&self, path: &[Step], found: &mut Diagnosis) {
        let seats = || path.iter().map(|step| &self.waits[step.wait]);
        let mut tasks: List<u64> = seats().filter_map(|seat| seat.awaited_by).collect();
        let mut values: List<u64> = seats().map(|seat| seat.value).collect();
        tasks.sort_unstable();
        values.sort_unstable();
        let task = |it| Some(self.graph.task(it)?.info);
        found.cycle = distinct(&tasks).filter_map(task).take(FEW).collect();
        let value = |it| Some(self.graph.value(it)?.info);
        found.cycle_values = distinct(&values).filter_map(value).take(FEW).collect();
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.missing.is_empty() {
            f.write_str(" missing writers:")?;
            self.missing.iter().try_for_each(|it| write!(f, " {it};"))?;
        }
        if !self.cycle.is_empty() {
            let (tasks, values) = (self.cycle.len(), self.cycle_values.len());
            write!(f, " dependency cycle: {tasks} task(s), {values} data node(s):")?;
            let nodes = self.cycle.iter().chain(&self.cycle_values);
            nodes.into_iter().try_for_each(|it| write!(f, " {it};"))?;
        }
        Ok(())
    }
}
