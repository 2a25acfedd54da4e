//! User memory per idle connection: the slope of resident memory between few and many connections, each of which has echoed 16 KiB once and rests.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::server::{BUFFER_BYTES, raise_descriptors};

use super::{
    process::Server,
    report::{Figure, Report},
    roster::Entry,
    settings::Settings,
};
use crate::progress::Progress;

/// Seconds that a server is planned to take.
const PLANNED: f64 = 4.0;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seconds that the pass is planned to take.
pub fn planned(settings: &Settings) -> f64 {
    settings.servers.len() as f64 * PLANNED
}

/// Measures all servers, one after the other.
pub fn measure(settings: &Settings, report: &mut Report, progress: &mut Progress) {
    let room = raise_descriptors().saturating_sub(100) as usize;
    let [few, many] = settings.idle;
    let many = many.min(room);
    if many < settings.idle[1] {
        progress.note(&format!("memory at {many} connections only: no more descriptors"));
    }
    for entry in &settings.servers {
        progress.say(&format!("memory of {} at {many} idle connections", entry.name));
        match visit(settings, entry, few.min(many / 2), many) {
            Ok(value) => {
                report.memory.push(Figure { server: entry.name, connections: many, value });
            }
            Err(error) => progress.note(&format!("{} with {many} idle: {error}", entry.name)),
        }
        progress.add(PLANNED);
    }
}

fn visit(settings: &Settings, entry: &'static Entry, few: usize, many: usize) -> io::Result<f64> {
    let server = Server::start(entry, &settings.programs, &[])?;
    let mut streams = Vec::with_capacity(many);
    connect(&server, &mut streams, few)?;
    server.at_rest()?;
    let before = server.resident()?;
    connect(&server, &mut streams, many)?;
    server.at_rest()?;
    let after = server.resident()?;
    Ok((after as f64 - before as f64) / (many - few) as f64)
}

/// Connects up to `count`, each of which echoes a full buffer once.
fn connect(server: &Server, streams: &mut Vec<TcpStream>, count: usize) -> io::Result<()> {
    let sent = vec![0x5a; BUFFER_BYTES];
    let mut came = vec![0; BUFFER_BYTES];
    while streams.len() < count {
        let mut stream = TcpStream::connect_timeout(&server.address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&sent)?;
        stream.read_exact(&mut came)?;
        if came != sent {
            return Err(io::Error::other("a byte came back wrong"));
        }
        streams.push(stream);
    }
    Ok(())
}
