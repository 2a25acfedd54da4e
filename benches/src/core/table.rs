//! Tables in text, as they stand in the documentation.

use std::fmt::Write;

use super::{operations::Operation, report::Report, roster::OURS};
use crate::{markdown::section, statistics::Spread};

/// All tables of a report.
pub fn text(report: &Report) -> String {
    let mut out = section("Nanoseconds, beside the best peer", &summary(report));
    let median = |it: Spread| number(it.median);
    let quartiles = |it: Spread| format!("{}-{}", number(it.low), number(it.high));
    let tables = [
        ("Nanoseconds, medians", all(report, "ns", median)),
        ("Nanoseconds, quartiles", all(report, "ns", quartiles)),
        ("User instructions", all(report, "instructions", median)),
        ("Allocations", all(report, "allocations", |it| format!("{:.3}", it.median))),
        ("Bytes still in use afterwards", all(report, "kept", median)),
    ];
    for (title, rows) in tables {
        if rows.len() > 1 {
            out += &section(title, &rows);
        }
    }
    for failure in &report.failures {
        let (operation, contestant) = (failure.operation, failure.contestant);
        let _ = writeln!(out, "{contestant} failed in {operation}: {}", failure.why);
    }
    out
}

/// Three digits that say something.
pub fn number(value: f64) -> String {
    match value.abs() {
        0.0..0.05 => "0".to_owned(),
        0.05..10.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Ours, what it is to reach, and the best of the others.
fn summary(report: &Report) -> Vec<Vec<String>> {
    let heading =
        ["operation", "at most", "tidemill", "quartiles", "best peer", "", "ratio", "instructions"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for &operation in &report.settings.operations {
        let Some(ours) = report.spread(operation, OURS, "ns") else { continue };
        let peer = report.best_peer(operation, "ns");
        let ratio = peer.and_then(|(name, _)| report.ratio(operation, (OURS, name), "ns"));
        let counted = report.spread(operation, OURS, "instructions");
        rows.push(vec![
            operation.name.clone(),
            operation.target.map_or(String::new(), number),
            number(ours.median),
            format!("{}-{}", number(ours.low), number(ours.high)),
            peer.map_or(String::new(), |(name, _)| name.to_owned()),
            peer.map_or(String::new(), |(_, it)| number(it.median)),
            ratio.map_or(String::new(), |it| format!("{:.2}", it.median)),
            counted.map_or(String::new(), |it| number(it.median)),
        ]);
    }
    rows
}

/// A figure of all, those operations left out of which nobody has it.
fn all(report: &Report, figure: &str, show: impl Fn(Spread) -> String) -> Vec<Vec<String>> {
    let names: Vec<_> = report.settings.contestants.iter().map(|it| it.name).collect();
    let title = |name: &&str| (*name).to_owned();
    let mut rows =
        vec![["operation".to_owned()].into_iter().chain(names.iter().map(title)).collect()];
    for &operation in &report.settings.operations {
        let cell = |name: &&str| report.spread(operation, name, figure).map(&show);
        let cells: Vec<_> = names.iter().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            rows.push(row(operation, cells));
        }
    }
    rows
}

fn row(operation: &Operation, cells: Vec<Option<String>>) -> Vec<String> {
    let cells = cells.into_iter().map(|cell| cell.unwrap_or("-".to_owned()));
    [operation.name.clone()].into_iter().chain(cells).collect()
}
