//! The graph for Graphviz.
//!
//! | drawn                     | is                                                                                 |
//! |---------------------------|------------------------------------------------------------------------------------|
//! | cylinder                  | a value                                                                            |
//! | oval                      | an epoch: `epochs` leads from a value to its first one, `next` from one to the next |
//! | rounded box               | a task                                                                             |
//! | `arg read`, `arg write`   | what a task was given when it was made                                             |
//! | `co_await read`, `co_await write` | what it has awaited since                                                  |
//! | `await read`, `await write` | the epoch in which it waits now                                                  |
//! | red                       | a value whose writer is missing; what is in a cycle                                |
//! | note                      | what is wrong                                                                      |

use core::fmt::{self, Display, Write};

use super::{
    diagnosis::Diagnosis,
    graph::Graph,
    node::NodeInfo,
    record::{EpochRecord, Role, SeatRecord, TaskRecord, ValueRecord},
};

impl Graph {
    /// Writes the graph as Graphviz reads it, with what is wrong in it: `dot -Tsvg` makes a picture.
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// Source: the words and shapes of uni20's dump.
    pub fn write_dot(&self, out: &mut impl Write) -> fmt::Result {
        let found = self.diagnose();
        writeln!(out, "digraph tidemill_dag {{")?;
        writeln!(out, "  rankdir=LR;")?;
        writeln!(out, "  node [fontname=\"Helvetica\", fontsize=10];")?;
        writeln!(out, "  edge [fontname=\"Helvetica\", fontsize=9];")?;
        self.values.iter().try_for_each(|value| value_dot(value, &found, out))?;
        self.epochs.iter().try_for_each(|epoch| self.epoch_dot(epoch, out))?;
        self.tasks.iter().try_for_each(|task| self.task_dot(task, &found, out))?;
        self.chains(out)?;
        self.seats.iter().try_for_each(|seat| self.seat_dot(seat, out))?;
        note(&found, out)?;
        writeln!(out, "}}")
    }

    fn epoch_dot(&self, epoch: &EpochRecord, out: &mut impl Write) -> fmt::Result {
        let front = self.value(epoch.value).map_or(epoch.number, |value| value.front);
        let (index, phase) = (epoch.info.index, epoch.shown(front));
        let generation = epoch.number;
        writeln!(
            out,
            "  epoch_{index} [shape=oval, label=\"epoch {index}\\ngen={generation}\\nphase={phase}\"];"
        )
    }

    fn task_dot(&self, task: &TaskRecord, found: &Diagnosis, out: &mut impl Write) -> fmt::Result {
        let index = task.info.index;
        write!(out, "  task_{index} [shape=box, style=rounded, label=\"")?;
        named(&task.info, out)?;
        write!(out, "\\n{}\\ntransitions={}", task.state, task.transitions)?;
        write!(out, "\\nptr={:#x}", task.info.address)?;
        for (role, word) in [(Role::Reader, "read"), (Role::Writer, "write")] {
            let mine = |it: &SeatRecord| it.waits && it.awaited_by == Some(index);
            if self.seats.iter().any(|it| mine(it) && it.role == role) {
                write!(out, "\\nblocked: {word}")?;
            }
        }
        writeln!(out, "\"{}];", red(found.cycle(), &task.info))
    }

    /// From each value to its epochs, one after the other.
    fn chains(&self, out: &mut impl Write) -> fmt::Result {
        let mut before: Option<&EpochRecord> = None;
        for epoch in &self.epochs {
            let to = epoch.info.index;
            match before.filter(|before| before.value == epoch.value) {
                Some(from) => {
                    writeln!(out, "  epoch_{} -> epoch_{to} [label=\"next\"];", from.info.index)?;
                }
                None => {
                    let from = epoch.value;
                    writeln!(out, "  data_{from} -> epoch_{to} [label=\"epochs\", style=dotted];")?;
                }
            }
            before = Some(epoch);
        }
        Ok(())
    }

    fn seat_dot(&self, seat: &SeatRecord, out: &mut impl Write) -> fmt::Result {
        let (value, role) = (seat.value, seat.role);
        let known = |task: &u64| self.task(*task).is_some();
        if let Some(task) = seat.argument_of.filter(known) {
            edge(role, ("data", value), task, ("arg", ", style=dashed"), out)?;
        }
        let Some(task) = seat.awaited_by.filter(known) else { return Ok(()) };
        edge(role, ("data", value), task, ("co_await", ""), out)?;
        match self.epoch(value, seat.number).filter(|_| seat.waits) {
            Some(epoch) => edge(role, ("epoch", epoch.info.index), task, ("await", ""), out),
            None => Ok(()),
        }
    }
}

fn value_dot(value: &ValueRecord, found: &Diagnosis, out: &mut impl Write) -> fmt::Result {
    let info = &value.info;
    write!(out, "  data_{} [shape=cylinder, label=\"", info.index)?;
    named(info, out)?;
    write!(out, "\\nstorage={:#x}\\nstate={}", info.address, value.content)?;
    let bad = [found.missing_writers(), found.cycle_values()];
    writeln!(out, "\"{}];", bad.iter().map(|bad| red(bad, info)).max().unwrap_or(""))
}

/// Its label, its number, its type, and the call that made it.
fn named(info: &NodeInfo, out: &mut impl Write) -> fmt::Result {
    if let Some(label) = info.label {
        write!(out, "{}\\n", Escaped(label))?;
    }
    let (type_name, rest) = short(info.type_name);
    write!(out, "{} {}\\n{}{rest}\\n", info.kind, info.index, Escaped(type_name))?;
    write!(out, "{}:{}", Escaped(info.location.file()), info.location.line())
}

/// What a small kernel is in, when it waits.
const WAIT: &str = "tidemill_core::epoch::arrival::Arrival<";

/// The name of a type, or where that is long its end, and a mark for its parameters. A wait is called like what it waits for.
fn short(name: &str) -> (&str, &str) {
    let name = name.strip_prefix(WAIT).unwrap_or(name);
    if name.len() <= 32 {
        return (name, "");
    }
    let head = name.split('<').next().unwrap_or(name);
    let start = head.rmatch_indices("::").nth(1).map_or(0, |(at, _)| at + 2);
    (&head[start..], if head.len() < name.len() { "<..>" } else { "" })
}

/// How a node is drawn that is one of these.
fn red(bad: &[NodeInfo], info: &NodeInfo) -> &'static str {
    if bad.iter().any(|it| it.index == info.index) { ", color=red" } else { "" }
}

/// What is read leads to the task, what is written comes from it.
fn edge(
    role: Role,
    (kind, index): (&str, u64),
    task: u64,
    (word, style): (&str, &str),
    out: &mut impl Write,
) -> fmt::Result {
    match role {
        Role::Reader => {
            writeln!(out, "  {kind}_{index} -> task_{task} [label=\"{word} read\"{style}];")
        }
        Role::Writer => {
            writeln!(out, "  task_{task} -> {kind}_{index} [label=\"{word} write\"{style}];")
        }
    }
}

fn note(found: &Diagnosis, out: &mut impl Write) -> fmt::Result {
    let missing = found.missing_writers().len();
    write!(out, "  diagnostics [shape=note, label=\"blocked tasks: {}", found.blocked())?;
    write!(out, "\\nmissing writers: {missing}")?;
    let (tasks, values) = (found.cycle().len(), found.cycle_values().len());
    if tasks > 0 {
        write!(out, "\\ndependency cycle: {tasks} task(s), {values} data node(s)")?;
    }
    let bad = missing + tasks > 0;
    writeln!(out, "\"{}];", if bad { ", color=red" } else { "" })
}

/// A text within quotes.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Quoting(f), "{}", self.0)
    }
}

struct Quoting<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Quoting<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| match letter {
            '"' => self.0.write_str("\\\""),
            '\\' => self.0.write_str("\\\\"),
            '\n' => self.0.write_str("\\n"),
            letter => self.0.write_char(letter),
        })
    }
}
