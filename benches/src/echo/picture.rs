//! A picture of a report.

use super::report::Report;

/// The picture, as SVG.
pub fn svg(_report: &Report) -> String {
    String::new()
}
