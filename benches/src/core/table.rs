//! Tables in text, as they stand in the documentation.

use std::fmt::Write;

use super::{
    operations::Operation,
    report::Report,
    roster::{Contestant, OURS},
};
use crate::{markdown::section, statistics::Spread};

/// All tables of a report.
pub fn text(report: &Report) -> String {
    let mut out = section("Nanoseconds, beside the best peer", &summary(report));
    let median = |it: Spread| number(it.median);
    let quartiles = |it: Spread| format!("{}-{}", number(it.low), number(it.high));
    if let Some(rows) = beside_uni20(report) {
        out += &section("Beside uni20, as recorded", &rows);
    }
    let tables = [
        ("Nanoseconds, medians", all(report, "ns", median)),
        ("Nanoseconds, quartiles", all(report, "ns", quartiles)),
        ("Nanoseconds, all but a hundredth at most", all(report, "p99_ns", median)),
        ("User instructions", all(report, "instructions", median)),
        ("CPU time of a sleeper, us", all(report, "cpu_us", |it| format!("{:.2}", it.median))),
        ("How late half of the sleepers are at most, us", all(report, "late_p50_us", median)),
        ("How late all but a hundredth are at most, us", all(report, "late_p99_us", median)),
        ("Allocations", all(report, "allocations", |it| format!("{:.3}", it.median))),
        ("Bytes of the heap that it leaves in use", all(report, "kept", median)),
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

/// Ours, what it is to reach, and the best of the others: in every form of ours, each beside those that do as much.
fn summary(report: &Report) -> Vec<Vec<String>> {
    let heading = [
        "operation",
        "ours",
        "at most",
        "median",
        "quartiles",
        "best peer",
        "its median",
        "ratio",
        "quartiles",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for &operation in &report.settings.operations {
        for ours in report.settings.contestants.iter().filter(|it| it.is_ours()) {
            rows.extend(beside(report, operation, ours));
        }
    }
    rows
}

fn beside(report: &Report, operation: &Operation, ours: &Contestant) -> Option<Vec<String>> {
    let mine = report.spread(operation, ours.name, "ns")?;
    let peer = report.best_peer(operation, "ns", ours);
    let ratio = peer.and_then(|(name, _)| report.ratio(operation, (ours.name, name), "ns"));
    Some(vec![
        operation.name.clone(),
        ours.name.to_owned(),
        operation.target.map_or(String::new(), number),
        number(mine.median),
        format!("{}-{}", number(mine.low), number(mine.high)),
        peer.map_or(String::new(), |(name, _)| name.to_owned()),
        peer.map_or(String::new(), |(_, it)| number(it.median)),
        ratio.map_or(String::new(), |it| format!("{:.2}", it.median)),
        ratio.map_or(String::new(), |it| format!("{:.2}-{:.2}", it.low, it.high)),
    ])
}

/// Ours beside what was recorded of uni20; nothing where nothing was.
fn beside_uni20(report: &Report) -> Option<Vec<Vec<String>>> {
    let heading = [
        "operation",
        "instructions",
        "at most",
        "uni20",
        "allocations",
        "uni20",
        "ns",
        "uni20",
        "bytes kept",
        "uni20",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for &operation in &report.settings.operations {
        let Some(uni20) = operation.uni20 else { continue };
        let mine = |figure, show: fn(f64) -> String| {
            let spread = report.spread(operation, OURS, figure);
            spread.map_or("-".to_owned(), |it| show(it.median))
        };
        let known = |value: f64| if value > 0.0 { number(value) } else { "-".to_owned() };
        let kept = uni20.bytes.map(|_| mine("kept", number));
        rows.push(vec![
            operation.name.clone(),
            mine("instructions", number),
            operation.most_instructions.map_or(String::new(), number),
            known(uni20.instructions),
            mine("allocations", |it| format!("{it:.3}")),
            known(uni20.allocations),
            mine("ns", number),
            known(uni20.ns),
            kept.unwrap_or_default(),
            uni20.bytes.map_or(String::new(), number),
        ]);
    }
    (rows.len() > 1).then_some(rows)
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
