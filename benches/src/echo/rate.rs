//! Requests per second, CPU time per request and latency: every server is visited in each cycle, and compared with the limit of the same cycle.

use std::{io, ops::Range};

use super::{
    load::{Load, Until},
    process::{Rest, Server},
    report::{CellReport, Course, Sample},
    settings::{Cell, Settings},
};
use crate::progress::Progress;

/// A server in a cell.
struct Lane {
    server: Server,
    lanes: Range<u32>,
    course: Course,
}

/// Seconds that a cell is planned to take.
pub fn planned(settings: &Settings, cell: Cell) -> f64 {
    let visit = settings.slice_in(cell).as_secs_f64() + 0.002;
    let connect = 0.05 + f64::from(cell.connections) * 0.0002;
    settings.servers.len() as f64 * (connect + (settings.cycles + 1) as f64 * visit)
}

/// Measures a cell, with servers that are started for it.
///
/// # Errors
/// The load itself fails. A server that fails is reported and left out.
pub fn measure(
    settings: &Settings,
    cell: Cell,
    load: &mut Load,
    progress: &mut Progress,
) -> io::Result<CellReport> {
    load.prepare(cell.bytes, cell.connections)?;
    let mut failed = Vec::new();
    let mut running = Vec::new();
    for entry in &settings.servers {
        progress.say(&format!("{}, {} starts", cell.name(), entry.name));
        let started = Server::start(entry, &settings.programs, &[]).and_then(|server| {
            let lanes = load.connect(server.address, cell.connections)?;
            Ok(Lane { server, lanes, course: Course::new(entry.name) })
        });
        match started {
            Ok(lane) => running.push(lane),
            Err(error) => {
                progress.note(&format!("{}: {}: {error}", cell.name(), entry.name));
                load.give_up_from(running.last().map_or(0, |lane: &Lane| lane.lanes.end));
                failed.push(Course::failed(entry.name, error.to_string()));
            }
        }
    }
    let share = planned(settings, cell) / (settings.cycles + 1) as f64;
    for cycle in 0..=settings.cycles {
        progress.say(&format!("{}, cycle {cycle} of {}", cell.name(), settings.cycles));
        let count = running.len().max(1);
        for step in 0..running.len() {
            let lane = &mut running[(step + cycle) % count];
            if lane.course.failure.is_some() {
                continue;
            }
            match visit(settings, cell, load, lane) {
                // The first round warms up.
                Ok(_) if cycle == 0 => {}
                Ok(sample) => lane.course.samples.push((cycle, sample)),
                Err(error) => {
                    progress.note(&format!("{}: {}: {error}", cell.name(), lane.course.server));
                    load.give_up(lane.lanes.clone());
                    lane.course.failure = Some(error.to_string());
                }
            }
        }
        progress.add(share);
    }
    let mut courses: Vec<Course> = running.into_iter().map(|lane| lane.course).collect();
    courses.extend(failed);
    load.end()?;
    Ok(CellReport { cell, courses })
}

fn visit(settings: &Settings, cell: Cell, load: &mut Load, lane: &Lane) -> io::Result<Sample> {
    let before = lane.server.at_rest()?;
    let slice = load.drive(lane.lanes.clone(), Until::Passed(settings.slice_in(cell)))?;
    let after: Rest = lane.server.at_rest()?;
    let requests = slice.requests as f64;
    Ok(Sample {
        rate: requests / slice.elapsed.as_secs_f64(),
        cpu: after.since(&before).as_nanos() as f64 / requests,
        p50: slice.p50.as_nanos() as f64,
        p99: slice.p99.as_nanos() as f64,
    })
}
