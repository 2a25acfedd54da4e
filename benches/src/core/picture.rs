//! A picture of a report: a row for each operation, with a dot for each contestant where its median stands, on a scale of powers of ten, the middle half of
//! our visits as a bar, and a mark for what is to be reached; to the right ours beside the best peer, and user instructions.

use std::fmt::Write;

use super::{
    operations::Operation,
    report::Report,
    roster::{CONTESTANTS, Contestant, OURS},
    table::number,
};
use crate::{
    canvas::{Canvas, FAINT, INK, OUR, SOFT, TINT, WORSE},
    machine::machine,
};

const ROW: f64 = 26.0;
const TOP: f64 = 150.0;
const MARGIN: f64 = 28.0;
const LEFT: f64 = 430.0;
/// How many powers of ten there are.
const DECADES: f64 = 4.0;
const DECADE: f64 = 150.0;
const RIGHT: f64 = LEFT + DECADES * DECADE + 30.0;
const WIDTH: f64 = RIGHT + 520.0;
/// Others than ours, each in a colour of its own.
const COLOURS: [&str; 10] = [
    "#c1666b", "#d4a259", "#7d8f3a", "#4a6fa5", "#8e6c9e", "#5b5b5b", "#a0785a", "#3f7d6e",
    "#b48ead", "#999999",
];

/// The picture, as SVG.
pub fn svg(report: &Report) -> String {
    let operations = report.settings.operations.iter().copied();
    let seen = operations.filter(|&operation| report.best(operation, "ns").is_some());
    let mut plate = Plate { canvas: Canvas::new(), report, rows: seen.collect() };
    let height = TOP + ROW * plate.rows.len() as f64 + 70.0;
    plate.canvas.begin(WIDTH, height);
    plate.head();
    plate.scale();
    for row in 0..plate.rows.len() {
        plate.row(row);
    }
    plate.foot(height);
    plate.canvas.end()
}

struct Plate<'r> {
    canvas: Canvas,
    report: &'r Report,
    rows: Vec<&'static Operation>,
}

impl Plate<'_> {
    fn head(&mut self) {
        let title = self.report.settings.suite.title;
        self.canvas.text(MARGIN, 40.0, 21.0, INK, "start\" font-weight=\"600", title);
        let about = "Dot: median over visits in alternation; bar: the middle half of ours; the upright mark: at most so much. Further left is better.";
        self.canvas.text(MARGIN, 63.0, 13.0, SOFT, "start", about);
        let mut at = MARGIN + 6.0;
        for contestant in self.report.settings.contestants.clone() {
            self.dot(at, 90.0, contestant);
            self.canvas.text(at + 10.0, 94.0, 12.0, INK, "start", contestant.name);
            at += 30.0 + 7.0 * contestant.name.len() as f64;
        }
        let heads = [
            (0.0, "ours", "end"),
            (70.0, "best peer", "end"),
            (86.0, "", "start"),
            (250.0, "ratio", "end"),
            (360.0, "instructions", "end"),
            (480.0, "best peer's", "end"),
        ];
        for (x, text, anchor) in heads {
            self.canvas.text(RIGHT + 30.0 + x, TOP - 14.0, 11.0, SOFT, anchor, text);
        }
    }

    fn scale(&mut self) {
        let bottom = TOP + ROW * self.rows.len() as f64;
        let [first, last] = self.report.settings.suite.decades;
        let names = ["1", "10", "100", "1000", "10,000", "100,000"];
        for (decade, name) in (first..=last).zip(&names[first as usize..]) {
            let at = self.x(10f64.powi(decade));
            self.canvas.line(at, TOP - 6.0, at, bottom, FAINT);
            self.canvas.text(at, TOP - 14.0, 11.0, SOFT, "middle", &format!("{name} ns"));
        }
    }

    fn row(&mut self, row: usize) {
        let (operation, y) = (self.rows[row], TOP + ROW * (row as f64 + 0.5));
        if row.is_multiple_of(2) {
            self.canvas.rect(MARGIN - 8.0, y - ROW / 2.0, WIDTH - 2.0 * MARGIN + 16.0, ROW, TINT);
        }
        self.canvas.text(MARGIN, y + 4.0, 12.0, INK, "start", &operation.name);
        self.canvas.text(MARGIN + 145.0, y + 4.0, 11.0, SOFT, "start", operation.title);
        if let Some(target) = operation.target {
            let at = self.x(target);
            let _ = writeln!(
                self.canvas.out,
                "<line x1=\"{at:.1}\" y1=\"{:.1}\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"{INK}\" stroke-width=\"2\"/>",
                y - 10.0,
                y + 10.0
            );
        }
        if let Some(it) = self.report.spread(operation, OURS, "ns") {
            let low = self.x(it.low);
            let wide = (self.x(it.high) - low).max(1.0);
            self.canvas.rect(low, y - 2.5, wide, 5.0, OUR);
        }
        // Ours on top of the others.
        for contestant in self.report.settings.contestants.clone().into_iter().rev() {
            if let Some(it) = self.report.spread(operation, contestant.name, "ns") {
                let at = self.x(it.median);
                self.dot(at, y, contestant);
            }
        }
        self.figures(operation, y);
    }

    /// Ours beside the best peer, in figures.
    fn figures(&mut self, operation: &'static Operation, y: f64) {
        let at = RIGHT + 30.0;
        if let Some(ours) = self.report.spread(operation, OURS, "ns") {
            let bold = "end\" font-weight=\"600";
            self.canvas.text(at, y + 4.0, 13.0, OUR, bold, &number(ours.median));
        }
        if let Some((name, best)) = self.report.best_peer(operation, "ns", ours()) {
            self.canvas.text(at + 70.0, y + 4.0, 12.0, INK, "end", &number(best.median));
            self.canvas.text(at + 86.0, y + 4.0, 12.0, SOFT, "start", name);
            if let Some(ratio) = self.report.ratio(operation, (OURS, name), "ns") {
                let colour = if ratio.median > 1.05 { WORSE } else { OUR };
                let text = format!("{:.2}", ratio.median);
                self.canvas.text(at + 250.0, y + 4.0, 13.0, colour, "end", &text);
            }
        }
        if let Some(ours) = self.report.spread(operation, OURS, "instructions") {
            let text = format!("{:.0}", ours.median);
            self.canvas.text(at + 360.0, y + 4.0, 12.0, OUR, "end", &text);
        }
        if let Some((name, best)) = self.report.best_peer(operation, "instructions", ours()) {
            let text = format!("{:.0} {name}", best.median);
            self.canvas.text(at + 480.0, y + 4.0, 11.0, SOFT, "end", &text);
        }
    }

    fn dot(&mut self, x: f64, y: f64, contestant: &Contestant) {
        let radius = if contestant.name == OURS { 5.5 } else { 4.2 };
        let (fill, edge) = match contestant.is_ours() {
            true if contestant.name == OURS => (OUR, "#fff"),
            true => ("#fff", OUR),
            false => (self.colour(contestant), "#fff"),
        };
        let _ = writeln!(
            self.canvas.out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"1.2\"><title>{}</title></circle>",
            contestant.name
        );
    }

    /// Where so many nanoseconds stand.
    fn x(&self, nanos: f64) -> f64 {
        let first = f64::from(self.report.settings.suite.decades[0]);
        LEFT + (nanos.log10() - first).clamp(0.0, DECADES) * DECADE
    }

    fn colour(&self, contestant: &Contestant) -> &'static str {
        let peers = self.report.settings.contestants.iter().filter(|it| !it.is_ours());
        let place = peers.map(|it| it.name).position(|name| name == contestant.name);
        COLOURS[place.unwrap_or(0) % COLOURS.len()]
    }

    fn foot(&mut self, height: f64) {
        let settings = &self.report.settings;
        let quick = if settings.quick { ", a quick look" } else { "" };
        let line = format!(
            "{}. Medians of {} visits of {} ms{quick}.",
            machine(),
            settings.cycles,
            settings.slice_ms
        );
        self.canvas.text(MARGIN, height - 24.0, 11.0, SOFT, "start", &line);
    }
}

fn ours() -> &'static Contestant {
    &CONTESTANTS[0]
}
