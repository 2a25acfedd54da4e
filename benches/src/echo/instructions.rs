//! User instructions and heap allocations per request, under valgrind: the slope between a short run and a long one, in lock-step: a request on every
//! connection, then the answers of all. It sees no kernel and no noise. With one connection it repeats to the instruction; with several it depends a
//! little on how many requests a server finds at a time.

use std::io;

use super::{
    load::{Load, Until},
    process::Server,
    report::{Figure, Report},
    roster::Entry,
    settings::Settings,
};
use crate::{
    progress::Progress,
    valgrind::{self, ALLOCATIONS, INSTRUCTIONS, Tool},
};

const BYTES: u32 = 64;
const CONNECTIONS: [u32; 2] = [1, 16];
/// Seconds that a run is planned to take.
const PLANNED: f64 = 3.0;

/// Seconds that the pass is planned to take.
pub fn planned(settings: &Settings) -> f64 {
    settings.servers.len() as f64 * 2.0 * 3.0 * PLANNED
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
    if let Some(why) = valgrind::missing() {
        progress.note(&why);
        progress.add(planned(settings));
        return Ok(());
    }
    for entry in &settings.servers {
        for connections in CONNECTIONS {
            progress.say(&format!("instructions of {}, {connections} connections", entry.name));
            let slope = slope(settings, entry, &INSTRUCTIONS, connections, load);
            keep(&mut report.instructions, entry, connections, slope, progress);
            progress.add(2.0 * PLANNED);
        }
        let connections = CONNECTIONS[1];
        progress.say(&format!("allocations of {}", entry.name));
        let slope = slope(settings, entry, &ALLOCATIONS, connections, load);
        keep(&mut report.allocations, entry, connections, slope, progress);
        progress.add(2.0 * PLANNED);
    }
    Ok(())
}

fn keep(
    figures: &mut Vec<Figure>,
    entry: &'static Entry,
    connections: u32,
    value: io::Result<f64>,
    progress: &mut Progress,
) {
    let (server, connections) = (entry.name, connections as usize);
    match value {
        Ok(value) => figures.push(Figure { server, connections, value }),
        Err(error) => progress.note(&format!("{server} under valgrind: {error}")),
    }
}

/// The tool's count per request.
fn slope(
    settings: &Settings,
    entry: &'static Entry,
    tool: &Tool,
    connections: u32,
    load: &mut Load,
) -> io::Result<f64> {
    let mut points = [(0.0, 0.0); 2];
    for (point, requests) in points.iter_mut().zip(settings.requests) {
        let counted = run(settings, entry, tool, connections, requests, load);
        load.end()?;
        let requests = requests / u64::from(connections) * u64::from(connections);
        *point = (requests as f64, counted?);
    }
    let [(few, short), (many, long)] = points;
    Ok((long - short) / (many - few))
}

fn run(
    settings: &Settings,
    entry: &'static Entry,
    tool: &Tool,
    connections: u32,
    requests: u64,
    load: &mut Load,
) -> io::Result<f64> {
    let log = settings.out.join("valgrind.log");
    let under = tool.words(&log);
    load.prepare(BYTES, connections)?;
    let server = Server::start(entry, &settings.programs, &under)?;
    let lanes = load.connect(server.address, connections)?;
    load.drive(lanes, Until::Rounds(requests / u64::from(connections)))?;
    load.give_up_from(0);
    server.wait()?;
    tool.count(&log)
}
