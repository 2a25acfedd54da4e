//! A canvas: what pictures of results are drawn on, and in which colours.

use std::fmt::Write;

/// Text, and what all else is measured by.
pub const INK: &str = "#16202b";
/// Text beside the matter.
pub const SOFT: &str = "#6b7785";
/// Lines of a grid.
pub const FAINT: &str = "#e6eaee";
/// Others.
pub const PEER: &str = "#7c8a99";
/// Ours.
pub const OUR: &str = "#00798c";
/// Behind ours.
pub const TINT: &str = "#e4f4f5";
/// What went wrong, or is beyond.
pub const WORSE: &str = "#c8553d";

/// A picture, as SVG.
#[derive(Debug, Default)]
pub struct Canvas {
    /// What is drawn so far.
    pub out: String,
}

impl Canvas {
    /// Nothing drawn yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sheet.
    pub fn begin(&mut self, width: f64, height: f64) {
        let _ = write!(
            self.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"Inter, 'Helvetica Neue', 'DejaVu Sans', sans-serif\" font-size=\"13\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
    }

    /// All of it.
    pub fn end(mut self) -> String {
        self.out += "</svg>\n";
        self.out
    }

    /// Text that begins, ends or has its middle (`anchor`) at a point of its base line.
    pub fn text(&mut self, x: f64, y: f64, size: f64, colour: &str, anchor: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    /// A line.
    pub fn line(&mut self, x1: f64, y1: f64, x2: f64, y2: f64, colour: &str) {
        let _ = writeln!(
            self.out,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
        );
    }

    /// A box with round corners.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        let _ = writeln!(
            self.out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\" fill=\"{colour}\"/>"
        );
    }
}
