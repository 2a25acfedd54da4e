//! The graph in words: epochs, then tasks, a line for each thing that is known.

use core::fmt::{self, Write};

use super::{
    graph::Graph,
    record::{EpochRecord, SeatRecord, TaskRecord, ValueRecord},
    registry::trace,
};

impl Graph {
    /// Writes the graph in words, with what is wrong in it: values, epochs, tasks.
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// Source: the words of uni20's task registry; in place of its stack traces, the call that made a thing.
    pub fn write_text(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "Total tracked data nodes: {}", self.values.len())?;
        writeln!(out, "Total tracked epoch contexts: {}", self.epochs.len())?;
        writeln!(out, "Total tracked tasks: {}", self.tasks.len())?;
        if self.lost > 0 {
            writeln!(out, "Not tracked for want of room: {}", self.lost)?;
        }
        for (at, value) in (1..).zip(&self.values) {
            writeln!(out, "Data {at}:")?;
            self.value_text(value, out)?;
        }
        for (at, epoch) in (1..).zip(&self.epochs) {
            writeln!(out, "EpochContext {at}:")?;
            self.epoch_text(epoch, out)?;
        }
        for (at, task) in (1..).zip(&self.tasks) {
            writeln!(out, "Task {at}:")?;
            self.task_text(task, out)?;
        }
        let found = self.diagnose();
        writeln!(out, "blocked tasks: {}", found.blocked())?;
        writeln!(out, "missing writers: {}", found.missing_writers().len())?;
        let (tasks, values) = (found.cycle().len(), found.cycle_values().len());
        writeln!(out, "dependency cycle: {tasks} task(s), {values} data node(s)")
    }

    fn value_text(&self, value: &ValueRecord, out: &mut impl Write) -> fmt::Result {
        let info = &value.info;
        writeln!(out, "  data id: {}", info.index)?;
        if let Some(label) = info.label {
            writeln!(out, "  label: {label}")?;
        }
        writeln!(out, "  type: {}", info.type_name)?;
        writeln!(out, "  storage: {:#x}", info.address)?;
        writeln!(out, "  state: {}", value.content)?;
        writeln!(out, "  creation location: {}", info.location)
    }

    fn epoch_text(&self, epoch: &EpochRecord, out: &mut impl Write) -> fmt::Result {
        let front = self.value(epoch.value).map_or(epoch.number, |value| value.front);
        writeln!(out, "  epoch id: {}", epoch.info.index)?;
        writeln!(out, "  data id: {}", epoch.value)?;
        writeln!(out, "  generation: {}", epoch.number)?;
        writeln!(out, "  phase: {}", epoch.shown(front))?;
        match self.epoch(epoch.value, epoch.number + 1) {
            Some(next) => writeln!(out, "  next epoch id: {}", next.info.index)?,
            None => writeln!(out, "  next epoch id: none")?,
        }
        writeln!(out, "  creation location: {}", epoch.info.location)
    }

    fn task_text(&self, task: &TaskRecord, out: &mut impl Write) -> fmt::Result {
        let info = &task.info;
        let mine = |seat: &&SeatRecord| {
            let index = Some(info.index);
            seat.awaited_by == index || seat.argument_of == index
        };
        writeln!(out, "  task id: {}", info.index)?;
        writeln!(out, "  task pointer: {:#x}", info.address)?;
        writeln!(out, "  transition count: {}", task.transitions)?;
        writeln!(out, "  current state: {}", task.state)?;
        if let Some(label) = info.label {
            writeln!(out, "  label: {label}")?;
        }
        writeln!(out, "  type: {}", info.type_name)?;
        let waits = self.seats.iter().filter(|it| it.waits && it.awaited_by == Some(info.index));
        self.list("waiting on", waits, out)?;
        self.list("associated epoch contexts", self.seats.iter().filter(mine), out)?;
        writeln!(out, "  creation location: {}", info.location)?;
        writeln!(out, "  last state-change: event {}", task.changed)
    }

    fn list<'s>(
        &self,
        title: &str,
        seats: impl Iterator<Item = &'s SeatRecord>,
        out: &mut impl Write,
    ) -> fmt::Result {
        write!(out, "  {title}:")?;
        let mut any = false;
        for seat in seats {
            let Some(epoch) = self.epoch(seat.value, seat.number) else { continue };
            let comma = if any { "," } else { "" };
            write!(out, "{comma} {} ({})", epoch.info.index, seat.role)?;
            any = true;
        }
        writeln!(out, "{}", if any { "" } else { " none" })
    }
}

/// Writes the last events, a line for each.
///
/// # Errors
/// Those of `out`.
pub fn write_trace(out: &mut impl Write) -> fmt::Result {
    trace(0).try_for_each(|event| writeln!(out, "{event}"))
}
