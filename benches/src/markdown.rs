//! Tables in Markdown, lined up so that they can be read as they are.

use std::fmt::Write;

/// A table under its heading.
pub fn section(title: &str, rows: &[Vec<String>]) -> String {
    format!("### {title}\n\n{}\n", lines(rows))
}

/// A table: rows of one width, the first of them the heading.
pub fn lines(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(&widths).enumerate().map(pad).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if number == 0 {
            let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width + 2)).collect();
            let _ = writeln!(out, "|{}|", rule.join("|"));
        }
    }
    out
}

/// Names to the left, numbers to the right.
fn pad((column, (text, &width)): (usize, (&String, &usize))) -> String {
    if column == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
}
