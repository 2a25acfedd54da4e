//! System calls per request, counted by the tracepoint `raw_syscalls:sys_enter`; ours counts its own enters and allocations in the same slice.

use std::{
    io,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    load::{Load, Until},
    process::Server,
    report::{Figure, Report},
    roster::Entry,
    settings::{Cell, Settings},
};
use crate::progress::Progress;

const EVENT: &str = "raw_syscalls:sys_enter";
/// How long perf takes until it counts.
const START: Duration = Duration::from_millis(300);
/// How long a slice is.
const SLICE: Duration = Duration::from_millis(300);
/// Seconds that one server takes in one cell.
const PLANNED: f64 = 1.0;

/// Where it is counted.
const CELLS: [Cell; 4] = [
    Cell { connections: 1, bytes: 64 },
    Cell { connections: 10, bytes: 64 },
    Cell { connections: 100, bytes: 64 },
    Cell { connections: 1000, bytes: 64 },
];

/// Seconds that the pass is planned to take.
pub fn planned(settings: &Settings) -> f64 {
    (CELLS.len() * settings.servers.len()) as f64 * PLANNED
}

/// Why perf cannot count here, if so.
pub fn missing() -> Option<String> {
    let args = ["stat", "-x,", "-e", EVENT, "true"];
    match Command::new("perf").args(args).stdout(Stdio::null()).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let first = text.lines().map(str::trim).find(|line| !line.is_empty());
            Some(format!("perf cannot count {EVENT}: {}", first.unwrap_or("no reason given")))
        }
        Err(error) => Some(format!("perf cannot be run: {error}")),
    }
}

/// Counts for all servers.
///
/// # Errors
/// The load itself fails.
pub fn measure(
    settings: &Settings,
    load: &mut Load,
    report: &mut Report,
    progress: &mut Progress,
) -> io::Result<()> {
    let missing = missing();
    if let Some(why) = &missing {
        progress.note(why);
    }
    for cell in CELLS {
        for entry in &settings.servers {
            progress.say(&format!("system calls of {} at {}", entry.name, cell.name()));
            if missing.is_none() || entry.counts {
                load.prepare(cell.bytes, cell.connections)?;
                let perf = missing.is_none();
                if let Err(error) = visit(settings, cell, entry, perf, load, report) {
                    progress.note(&format!("{}: {}: {error}", cell.name(), entry.name));
                }
                load.end()?;
            }
            progress.add(PLANNED);
        }
    }
    Ok(())
}

fn visit(
    settings: &Settings,
    cell: Cell,
    entry: &'static Entry,
    perf: bool,
    load: &mut Load,
    report: &mut Report,
) -> io::Result<()> {
    let server = Server::start(entry, &settings.programs, &[])?;
    let lanes = load.connect(server.address, cell.connections)?;
    // The first slice warms up.
    load.drive(lanes.clone(), Until::Passed(SLICE / 3))?;
    let figure =
        |value| Figure { server: entry.name, connections: cell.connections as usize, value };
    if perf {
        server.at_rest()?;
        let perf = Perf::of(server.id())?;
        let slice = load.drive(lanes.clone(), Until::Passed(SLICE))?;
        server.at_rest()?;
        report.calls.push(figure(perf.count()? / slice.requests as f64));
    }
    if entry.counts {
        // What asking costs is seen by asking twice.
        let [first, second] = [server.counts()?, server.counts()?];
        let slice = load.drive(lanes, Until::Passed(SLICE))?;
        let third = server.counts()?;
        let spent = |first: f64, second: f64, third: f64| {
            let asking = second - first;
            (third - second - asking).max(0.0) / slice.requests as f64
        };
        report.enters.push(figure(spent(first.enters, second.enters, third.enters)));
        let counted = [first.allocations, second.allocations, third.allocations];
        report.counted.push(figure(spent(counted[0], counted[1], counted[2])));
    }
    Ok(())
}

/// A running perf.
struct Perf(Child);

impl Perf {
    fn of(id: u32) -> io::Result<Self> {
        let mut command = Command::new("perf");
        command.args(["stat", "-x,", "-e", EVENT, "-p", &id.to_string()]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        thread::sleep(START);
        Ok(Self(child))
    }

    /// What it counted.
    fn count(mut self) -> io::Result<f64> {
        let pid = Pid::from_raw(self.0.id() as i32).ok_or(io::ErrorKind::NotFound)?;
        kill_process(pid, Signal::INT)?;
        let mut text = String::new();
        if let Some(mut out) = self.0.stderr.take() {
            io::Read::read_to_string(&mut out, &mut text)?;
        }
        let line = text.lines().find(|line| line.contains(EVENT)).unwrap_or_default();
        let count = line.split(',').next().and_then(|word| word.parse().ok());
        count.ok_or_else(|| io::Error::other(format!("perf counted nothing: {text}")))
    }
}

impl Drop for Perf {
    fn drop(&mut self) {
        // It has ended where it was asked for its count.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
