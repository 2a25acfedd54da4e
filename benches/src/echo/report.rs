//! What a run found: raw samples, and what follows from them.

use serde_json::{Map, Value, json};

use super::{
    roster::{Entry, LIMIT},
    settings::{Cell, Settings},
};
use crate::{
    machine::machine,
    statistics::{Spread, geometric_mean},
};

/// A visit of a server.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Requests per second.
    pub rate: f64,
    /// Nanoseconds of CPU per request, of all threads of the server.
    pub cpu: f64,
    /// Nanoseconds within which half of the answers came.
    pub p50: f64,
    /// Nanoseconds within which all but a hundredth came.
    pub p99: f64,
}

/// One of the values of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// [`Sample::cpu`]
    Cpu,
    /// [`Sample::rate`]
    Rate,
    /// [`Sample::p50`]
    P50,
    /// [`Sample::p99`]
    P99,
}

impl Metric {
    /// All, the most telling first.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Rate, Self::P50, Self::P99];

    /// Its value.
    pub fn of(self, sample: &Sample) -> f64 {
        match self {
            Self::Cpu => sample.cpu,
            Self::Rate => sample.rate,
            Self::P50 => sample.p50,
            Self::P99 => sample.p99,
        }
    }

    /// As a key of the results.
    pub fn key(self) -> &'static str {
        match self {
            Self::Cpu => "cpu_ns_per_request",
            Self::Rate => "requests_per_second",
            Self::P50 => "p50_ns",
            Self::P99 => "p99_ns",
        }
    }

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cpu => "CPU time per request",
            Self::Rate => "Requests per second",
            Self::P50 => "Latency, p50",
            Self::P99 => "Latency, p99",
        }
    }
}

/// A server through the cycles of a cell.
#[derive(Clone, Debug)]
pub struct Course {
    /// Whose.
    pub server: &'static str,
    /// By cycle.
    pub samples: Vec<(usize, Sample)>,
    /// Why there are no more.
    pub failure: Option<String>,
}

impl Course {
    /// Nothing seen yet.
    pub fn new(server: &'static str) -> Self {
        Self { server, samples: Vec::new(), failure: None }
    }

    /// Nothing to be seen.
    pub fn failed(server: &'static str, why: String) -> Self {
        Self { failure: Some(why), ..Self::new(server) }
    }

    /// The spread of a value.
    pub fn spread(&self, metric: Metric) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|(_, sample)| metric.of(sample)))
    }
}

/// All servers in a cell.
#[derive(Clone, Debug)]
pub struct CellReport {
    /// Which.
    pub cell: Cell,
    /// In the order of the roster.
    pub courses: Vec<Course>,
}

impl CellReport {
    /// The course of a server.
    pub fn course(&self, server: &str) -> Option<&Course> {
        self.courses.iter().find(|course| course.server == server)
    }

    /// A server's value as a ratio to the limit's of the same cycle.
    pub fn ratio(&self, server: &str, metric: Metric) -> Option<Spread> {
        let limit = &self.course(LIMIT)?.samples;
        Spread::of(self.course(server)?.samples.iter().filter_map(|(cycle, sample)| {
            let (_, beside) = limit.iter().find(|(other, _)| other == cycle)?;
            Some(metric.of(sample) / metric.of(beside))
        }))
    }
}

/// A number of a server, at so many connections.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Whose.
    pub server: &'static str,
    /// At how many connections.
    pub connections: usize,
    /// The number.
    pub value: f64,
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it was told.
    pub settings: Settings,
    /// The rate pass.
    pub cells: Vec<CellReport>,
    /// System calls per request, by the tracepoint.
    pub calls: Vec<Figure>,
    /// Enters per request, as the server counts them.
    pub enters: Vec<Figure>,
    /// Allocations per request, as the server counts them.
    pub counted: Vec<Figure>,
    /// User instructions per request.
    pub instructions: Vec<Figure>,
    /// Heap allocations per request, as valgrind counts them.
    pub allocations: Vec<Figure>,
    /// Bytes of user memory per idle connection, with the read buffer of those that hold one.
    pub memory: Vec<Figure>,
}

impl Report {
    /// Nothing found yet.
    pub fn new(settings: Settings) -> Self {
        let (cells, calls, enters, counted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (instructions, allocations, memory) = (Vec::new(), Vec::new(), Vec::new());
        Self { settings, cells, calls, enters, counted, instructions, allocations, memory }
    }

    /// The geometric mean of a server's median ratios, over cells of ten connections or more; `None` where one is missing.
    pub fn mean(&self, server: &str, metric: Metric) -> Option<f64> {
        let cells = self.cells.iter().filter(|report| report.cell.connections >= 10);
        let ratios: Option<Vec<f64>> =
            cells.map(|report| report.ratio(server, metric).map(|spread| spread.median)).collect();
        geometric_mean(ratios?)
    }

    /// The servers, those that cost least first.
    pub fn order(&self) -> Vec<&'static Entry> {
        let mut servers = self.settings.servers.clone();
        let place = |entry: &&'static Entry| {
            let mean = self.mean(entry.name, Metric::Cpu);
            let instructions = self.instructions.iter().find(|figure| figure.server == entry.name);
            (entry.name != LIMIT, mean.or(instructions.map(|figure| figure.value)))
        };
        servers.sort_by(|one, other| {
            let ((one, one_mean), (other, other_mean)) = (place(one), place(other));
            let [one_mean, other_mean] = [one_mean, other_mean].map(|it| it.unwrap_or(f64::MAX));
            one.cmp(&other).then(one_mean.total_cmp(&other_mean))
        });
        servers
    }

    /// All of it, for programs.
    pub fn to_json(&self) -> Value {
        let settings = &self.settings;
        let singles = |figures: &[Figure]| -> Value {
            figures.iter().map(|it| {
                json!({ "server": it.server, "connections": it.connections, "value": it.value })
            }).collect()
        };
        json!({
            "benchmark": "echo",
            "reference": LIMIT,
            "quick": settings.quick,
            "cycles": settings.cycles,
            "slice_ms": settings.slice.as_millis() as u64,
            "machine": machine(),
            "cells": self.cells.iter().map(cell_json).collect::<Value>(),
            "geometric_mean_from_10_connections": self.means_json(),
            "system_calls_per_request": singles(&self.calls),
            "own_enters_per_request": singles(&self.enters),
            "own_allocations_per_request": singles(&self.counted),
            "user_instructions_per_request": singles(&self.instructions),
            "heap_allocations_per_request": singles(&self.allocations),
            "user_bytes_per_idle_connection": singles(&self.memory),
        })
    }

    fn means_json(&self) -> Value {
        let of = |entry: &&Entry| {
            let means = Metric::ALL.map(|metric| (metric.key(), self.mean(entry.name, metric)));
            (entry.name.to_owned(), means.into_iter().map(|(key, it)| (key, json!(it))).collect())
        };
        Value::Object(self.settings.servers.iter().map(of).collect())
    }
}

fn cell_json(report: &CellReport) -> Value {
    let spread = |spread: Option<Spread>| match spread {
        Some(it) => json!({ "q1": it.low, "median": it.median, "q3": it.high }),
        None => Value::Null,
    };
    let servers: Map<String, Value> = report
        .courses
        .iter()
        .map(|course| {
            let mut values = Map::new();
            for metric in Metric::ALL {
                let ratio = report.ratio(course.server, metric);
                let value = spread(course.spread(metric));
                let both = json!({ "value": value, "ratio": spread(ratio) });
                values.insert(metric.key().to_owned(), both);
            }
            values.insert("cycles".to_owned(), json!(course.samples.len()));
            values.insert("failure".to_owned(), json!(course.failure));
            (course.server.to_owned(), Value::Object(values))
        })
        .collect();
    let Cell { connections, bytes } = report.cell;
    json!({ "connections": connections, "bytes": bytes, "servers": servers })
}
