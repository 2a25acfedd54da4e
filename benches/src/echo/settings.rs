//! What a run was told.

use std::{path::PathBuf, time::Duration};

use super::roster::{self, Entry};

/// How many connections, and how many bytes a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Connections to each server.
    pub connections: u32,
    /// Bytes of a request, and of its answer.
    pub bytes: u32,
}

impl Cell {
    /// As on the command line: `100x64`, `10x16k`.
    pub fn parse(text: &str) -> Option<Self> {
        let (connections, bytes) = text.split_once('x')?;
        let connections = connections.parse().ok()?;
        let bytes = match bytes.to_ascii_lowercase().strip_suffix('k') {
            Some(kilo) => kilo.parse::<u32>().ok()?.checked_mul(1024)?,
            None => bytes.parse().ok()?,
        };
        let fits = (1..=1000).contains(&connections) && (1..=16 * 1024).contains(&bytes);
        fits.then_some(Self { connections, bytes })
    }

    /// As in tables.
    pub fn name(self) -> String {
        let Self { connections, bytes } = self;
        match bytes {
            1024.. if bytes.is_multiple_of(1024) => format!("{connections}x{}K", bytes / 1024),
            _ => format!("{connections}x{bytes}"),
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// [`super::rate`]
    Rate,
    /// [`super::calls`]
    Calls,
    /// [`super::instructions`]
    Instructions,
    /// [`super::memory`]
    Memory,
}

impl Pass {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Rate, Self::Calls, Self::Instructions, Self::Memory];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Calls => "calls",
            Self::Instructions => "instructions",
            Self::Memory => "memory",
        }
    }
}

/// What a run was told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A run to see that all works, in a few minutes.
    pub quick: bool,
    /// What is measured.
    pub passes: Vec<Pass>,
    /// Whom.
    pub servers: Vec<&'static Entry>,
    /// With what load.
    pub cells: Vec<Cell>,
    /// How often each server is visited in a cell.
    pub cycles: usize,
    /// How long a visit is; twice as long at a thousand connections.
    pub slice: Duration,
    /// Requests of the short and of the long run under valgrind.
    pub requests: [u64; 2],
    /// Idle connections, few and many.
    pub idle: [usize; 2],
    /// Where the servers' programs are.
    pub programs: PathBuf,
    /// Where results go.
    pub out: PathBuf,
}

impl Settings {
    /// As a run is when nothing is said.
    pub fn new(quick: bool, programs: PathBuf, out: PathBuf) -> Self {
        let cells = [64, 1024, 16 * 1024].into_iter().flat_map(|bytes| {
            [1, 10, 100, 1000].into_iter().map(move |connections| Cell { connections, bytes })
        });
        Self {
            quick,
            passes: Pass::ALL.to_vec(),
            servers: roster::usual(),
            cells: cells.collect(),
            cycles: if quick { 5 } else { 25 },
            slice: Duration::from_millis(if quick { 60 } else { 100 }),
            requests: if quick { [1000, 3000] } else { [3000, 12_000] },
            idle: if quick { [2500, 5000] } else { [2500, 10_000] },
            programs,
            out,
        }
    }

    /// How long a visit is in a cell.
    pub fn slice_in(&self, cell: Cell) -> Duration {
        self.slice * if cell.connections >= 1000 { 2 } else { 1 }
    }

    /// Whether a pass is to run.
    pub fn has(&self, pass: Pass) -> bool {
        self.passes.contains(&pass)
    }
}
