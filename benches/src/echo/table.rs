//! Tables in text, as they stand in the documentation.

use std::fmt::Write;

use super::{
    report::{Figure, Metric, Report},
    roster::LIMIT,
    settings::Cell,
};
use crate::{markdown::section, server::BUFFER_BYTES, statistics::Spread};

/// All tables of a report.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    if !report.cells.is_empty() {
        for metric in Metric::ALL {
            let title = format!("{} / limit, median of paired ratios", metric.title());
            out += &section(&title, &ratios(report, metric, |it| format!("{:.2}", it.median)));
        }
        let spread = |it: Spread| format!("{:.2}-{:.2}", it.low, it.high);
        let title = format!("{} / limit, quartiles", Metric::Cpu.title());
        out += &section(&title, &ratios(report, Metric::Cpu, spread));
        out += &section("Medians in absolute figures", &absolute(report));
    }
    out += &section("What a runtime itself costs, per request and per connection", &own(report));
    for course in report
        .cells
        .iter()
        .flat_map(|cell| cell.courses.iter().map(|course| (cell.cell, course)).collect::<Vec<_>>())
    {
        if let (cell, Some(why)) = (course.0, &course.1.failure) {
            let _ = writeln!(out, "{} failed at {}: {why}", course.1.server, cell.name());
        }
    }
    out
}

fn heading(report: &Report, last: &str) -> Vec<String> {
    let cells = report.cells.iter().map(|report| report.cell.name());
    ["server".to_owned()].into_iter().chain(cells).chain([last.to_owned()]).collect()
}

fn ratios(report: &Report, metric: Metric, show: impl Fn(Spread) -> String) -> Vec<Vec<String>> {
    let mut rows = vec![heading(report, "mean >= 10")];
    for entry in report.order() {
        let cells = report.cells.iter().map(|cell| match cell.ratio(entry.name, metric) {
            Some(ratio) => show(ratio),
            None => "-".to_owned(),
        });
        let mean = report.mean(entry.name, metric).map_or("-".to_owned(), |it| format!("{it:.2}"));
        rows.push([entry.name.to_owned()].into_iter().chain(cells).chain([mean]).collect());
    }
    rows
}

/// The limit's own figures, to which the ratios are.
fn absolute(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![heading(report, "")];
    let reference = if report.cells.iter().any(|cell| cell.course(LIMIT).is_some()) {
        vec![LIMIT]
    } else {
        report.settings.servers.iter().map(|entry| entry.name).collect()
    };
    for server in reference {
        for (metric, scale, unit) in [
            (Metric::Cpu, 1e-3, "us CPU"),
            (Metric::Rate, 1e-3, "1000/s"),
            (Metric::P50, 1e-3, "us p50"),
            (Metric::P99, 1e-3, "us p99"),
        ] {
            let cells = report.cells.iter().map(|cell| {
                let spread = cell.course(server).and_then(|course| course.spread(metric));
                spread.map_or("-".to_owned(), |it| format!("{:.1}", it.median * scale))
            });
            let name = format!("{server}, {unit}");
            rows.push([name].into_iter().chain(cells).chain([String::new()]).collect());
        }
    }
    rows
}

/// What was seen at so many connections; `None` at any.
fn figure(figures: &[Figure], server: &str, connections: Option<usize>) -> Option<f64> {
    let fits = |it: &&Figure| {
        it.server == server && connections.is_none_or(|count| it.connections == count)
    };
    figures.iter().find(fits).map(|it| it.value)
}

fn own(report: &Report) -> Vec<Vec<String>> {
    let heading = [
        "server",
        "instructions, 1 / 16",
        "allocations",
        "system calls, 1 / 10 / 100 / 1000",
        "bytes per idle connection",
        "and a buffer",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for entry in report.order() {
        let show = |figures: &[Figure], connections, digits: usize| {
            let value = figure(figures, entry.name, connections);
            value.map_or("-".to_owned(), |it| format!("{it:.digits$}"))
        };
        let instructions = [1, 16].map(|count| show(&report.instructions, Some(count), 0));
        let calls = [1, 10, 100, 1000].map(|count| show(&report.calls, Some(count), 2));
        let memory = figure(&report.memory, entry.name, None)
            .map(|bytes| if entry.buffer { bytes - BUFFER_BYTES as f64 } else { bytes });
        rows.push(vec![
            entry.name.to_owned(),
            instructions.join(" / "),
            show(&report.allocations, None, 3),
            calls.join(" / "),
            memory.map_or("-".to_owned(), |it| format!("{it:.0}")),
            if entry.buffer { "16 KiB" } else { "none" }.to_owned(),
        ]);
        if entry.counts && !report.enters.is_empty() {
            let enters = [1, 10, 100, 1000].map(|count| show(&report.enters, Some(count), 2));
            let mut row = vec![String::new(); rows[0].len()];
            row[0] = format!("{}, by its own count", entry.name);
            row[2] = show(&report.counted, Some(100), 3);
            row[3] = enters.join(" / ");
            rows.push(row);
        }
    }
    rows
}

/// Names of cells, for lists.
pub fn names(cells: &[Cell]) -> String {
    cells.iter().map(|cell| cell.name()).collect::<Vec<_>>().join(" ")
}
