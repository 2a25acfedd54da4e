//! A picture of a report: a row for each server, those that cost least above; a dot for each cell where its CPU time per request stands beside the
//! limit's, with the middle half of the cycles as a bar through it; and to the right what a runtime itself costs.

use std::fmt::Write;

use super::{
    report::{Figure, Metric, Report},
    roster::{Entry, LIMIT, OURS},
    settings::Cell,
};
use crate::{
    canvas::{Canvas, FAINT, INK, OUR, PEER, SOFT, TINT, WORSE},
    machine::machine,
    server::BUFFER_BYTES,
};

const ROW: f64 = 34.0;
const LEFT: f64 = 172.0;
const TOP: f64 = 152.0;
const CELL: f64 = 80.0;
/// Between two sizes of requests.
const GAP: f64 = 26.0;
const MEAN: f64 = 64.0;
const BAR: f64 = 150.0;
const MARGIN: f64 = 28.0;
/// The ratios that a cell shows.
const RANGE: (f64, f64) = (0.75, 2.0);

/// The picture, as SVG.
pub fn svg(report: &Report) -> String {
    let mut plate = Plate { canvas: Canvas::new(), report, rows: report.order() };
    let columns = plate.columns();
    let bars_at = columns.last().map_or(LEFT, |(at, _)| at + CELL + GAP);
    let bars = plate.bars();
    let width = bars_at + MEAN + GAP + bars.len() as f64 * (BAR + GAP) + MARGIN;
    let height = TOP + ROW * plate.rows.len() as f64 + 78.0;
    plate.frame(width, height);
    for (at, cell) in &columns {
        plate.column(*at, *cell);
    }
    plate.groups(&columns);
    plate.means(bars_at);
    for (number, bar) in bars.iter().enumerate() {
        plate.bar(bars_at + MEAN + GAP + number as f64 * (BAR + GAP), bar);
    }
    plate.foot(height);
    plate.canvas.end()
}

/// A column of bars.
struct Bar<'r> {
    title: &'static str,
    figures: &'r [Figure],
    connections: Option<usize>,
    digits: usize,
    /// The read buffer of those that hold one is taken off, and named.
    beside_buffer: bool,
}

struct Plate<'r> {
    canvas: Canvas,
    report: &'r Report,
    rows: Vec<&'static Entry>,
}

impl<'r> Plate<'r> {
    /// Where each cell begins.
    fn columns(&self) -> Vec<(f64, Cell)> {
        let mut at = LEFT;
        let mut before: Option<Cell> = None;
        let place = |report: &super::report::CellReport| {
            let cell = report.cell;
            if let Some(before) = before {
                at += CELL + if before.bytes == cell.bytes { 0.0 } else { GAP };
            }
            before = Some(cell);
            (at, cell)
        };
        self.report.cells.iter().map(place).collect()
    }

    fn bars(&self) -> Vec<Bar<'r>> {
        let report = self.report;
        let bar = |title, figures, connections, digits| Bar {
            title,
            figures,
            connections,
            digits,
            beside_buffer: false,
        };
        let memory = bar("bytes per idle connection", &report.memory, None, 0);
        [
            bar("user instructions per request", &report.instructions, Some(1), 0),
            bar("system calls at 1 connection", &report.calls, Some(1), 2),
            Bar { beside_buffer: true, ..memory },
        ]
        .into_iter()
        .filter(|bar| !bar.figures.is_empty())
        .collect()
    }

    fn frame(&mut self, width: f64, height: f64) {
        self.canvas.begin(width, height);
        self.canvas.text(
            MARGIN,
            40.0,
            21.0,
            INK,
            "start\" font-weight=\"600",
            "TCP echo: CPU time per request, beside io_uring by hand",
        );
        let about = "One core each. Dot: median ratio to the hand-written limit (the line at 1) within a cycle; bar: the middle half of the cycles. \
                     Further left is better.";
        self.canvas.text(MARGIN, 63.0, 13.0, SOFT, "start", about);
        for (row, entry) in self.rows.clone().into_iter().enumerate() {
            let y = middle(row);
            if is_ours(entry) {
                let wide = width - 2.0 * MARGIN + 16.0;
                self.canvas.rect(MARGIN - 8.0, y - ROW / 2.0, wide, ROW, TINT);
            } else {
                self.canvas.line(MARGIN, y + ROW / 2.0, width - MARGIN, y + ROW / 2.0, FAINT);
            }
            let weight = if is_ours(entry) { "start\" font-weight=\"700" } else { "start" };
            self.canvas.text(MARGIN, y + 4.5, 13.5, colour_of_name(entry), weight, entry.name);
        }
    }

    /// A cell: its axis and a dot for each server.
    fn column(&mut self, at: f64, cell: Cell) {
        let bottom = TOP + ROW * self.rows.len() as f64;
        for (ratio, colour) in [(1.5, FAINT), (2.0, FAINT), (1.0, INK)] {
            self.canvas.line(x(at, ratio), TOP, x(at, ratio), bottom, colour);
        }
        let plural =
            if cell.connections == 1 { "1".to_owned() } else { cell.connections.to_string() };
        self.canvas.text(x(at, 1.375), TOP - 12.0, 13.0, INK, "middle", &plural);
        for (ratio, name) in [(1.0, "1"), (1.5, "1.5"), (2.0, "2")] {
            self.canvas.text(x(at, ratio), bottom + 16.0, 10.0, SOFT, "middle", name);
        }
        let Some(report) = self.report.cells.iter().find(|report| report.cell == cell) else {
            return;
        };
        for (row, entry) in self.rows.clone().into_iter().enumerate() {
            let y = middle(row);
            let Some(ratio) = report.ratio(entry.name, Metric::Cpu) else {
                self.canvas.text(x(at, 1.375), y + 4.0, 10.0, WORSE, "middle", "failed");
                continue;
            };
            let colour = colour(entry);
            let (low, high) = (x(at, ratio.low), x(at, ratio.high));
            let _ = writeln!(
                self.canvas.out,
                "<rect x=\"{low:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"5\" rx=\"2.5\" fill=\"{colour}\" opacity=\"0.35\"/>",
                y - 2.5,
                (high - low).max(1.0)
            );
            if ratio.median > RANGE.1 {
                let value = format!("{:.1} \u{25b8}", ratio.median);
                self.canvas.text(x(at, RANGE.1) + 2.0, y - 5.0, 10.0, colour, "end", &value);
            } else {
                let centre = x(at, ratio.median);
                let radius = if is_ours(entry) { 5.5 } else { 4.5 };
                let _ = writeln!(
                    self.canvas.out,
                    "<circle cx=\"{centre:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"1\"/>"
                );
            }
        }
    }

    /// A heading over the cells of one size.
    fn groups(&mut self, columns: &[(f64, Cell)]) {
        for group in columns.chunk_by(|one, other| one.1.bytes == other.1.bytes) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let size = match first.1.bytes {
                bytes @ 1024.. => format!("{} KiB", bytes / 1024),
                bytes => format!("{bytes} B"),
            };
            let (from, to) = (first.0 + 6.0, last.0 + CELL - 6.0);
            self.canvas.text(
                (from + to) / 2.0,
                TOP - 50.0,
                14.0,
                INK,
                "middle\" font-weight=\"600",
                &size,
            );
            self.canvas.line(from, TOP - 42.0, to, TOP - 42.0, SOFT);
            self.canvas.text((from + to) / 2.0, TOP - 28.0, 10.5, SOFT, "middle", "connections");
        }
    }

    fn means(&mut self, at: f64) {
        if self.report.cells.is_empty() {
            return;
        }
        let right = at + MEAN;
        self.canvas.text(right, TOP - 27.0, 11.0, SOFT, "end", "mean from 10");
        self.canvas.text(right, TOP - 12.0, 11.0, SOFT, "end", "connections");
        for (row, entry) in self.rows.clone().into_iter().enumerate() {
            if let Some(mean) = self.report.mean(entry.name, Metric::Cpu) {
                let text = format!("{mean:.2}");
                let anchor = "end\" font-weight=\"600";
                self.canvas.text(
                    right,
                    middle(row) + 5.0,
                    15.0,
                    colour_of_name(entry),
                    anchor,
                    &text,
                );
            }
        }
    }

    fn bar(&mut self, at: f64, bar: &Bar<'_>) {
        self.canvas.text(at, TOP - 12.0, 11.0, SOFT, "start", bar.title);
        let value = |entry: &Entry| {
            let fits = |it: &&Figure| {
                it.server == entry.name
                    && bar.connections.is_none_or(|count| it.connections == count)
            };
            let value = bar.figures.iter().find(fits)?.value;
            let buffer = if bar.beside_buffer && entry.buffer { BUFFER_BYTES as f64 } else { 0.0 };
            Some((value - buffer).max(0.0))
        };
        let most = self.rows.iter().filter_map(|entry| value(entry)).fold(1e-9, f64::max);
        for (row, entry) in self.rows.clone().into_iter().enumerate() {
            let Some(value) = value(entry) else { continue };
            let y = middle(row);
            let long = (value / most * (BAR - 62.0)).max(1.0);
            self.canvas.rect(at, y - 6.0, long, 12.0, colour(entry));
            let mut text = format!("{value:.*}", bar.digits);
            if bar.beside_buffer && entry.buffer {
                text += " + 16 KiB";
            }
            self.canvas.text(at + long + 6.0, y + 4.0, 11.5, INK, "start", &text);
        }
    }

    fn foot(&mut self, height: f64) {
        let settings = &self.report.settings;
        let quick = if settings.quick { ", a quick look" } else { "" };
        let line = format!(
            "{}. Median of {} cycles of {} ms slices{quick}.",
            machine(),
            settings.cycles,
            settings.slice.as_millis()
        );
        self.canvas.text(MARGIN, height - 24.0, 11.0, SOFT, "start", &line);
    }
}

/// The middle of a row.
fn middle(row: usize) -> f64 {
    TOP + ROW * (row as f64 + 0.5)
}

/// Where a ratio stands in the cell that begins at `at`.
fn x(at: f64, ratio: f64) -> f64 {
    let (low, high) = RANGE;
    at + 6.0 + (ratio.clamp(low, high) - low) / (high - low) * (CELL - 12.0)
}

fn is_ours(entry: &Entry) -> bool {
    entry.name.starts_with(OURS)
}

fn colour(entry: &Entry) -> &'static str {
    match entry.name {
        LIMIT => INK,
        _ if is_ours(entry) => OUR,
        _ => PEER,
    }
}

fn colour_of_name(entry: &Entry) -> &'static str {
    if is_ours(entry) { OUR } else { INK }
}
