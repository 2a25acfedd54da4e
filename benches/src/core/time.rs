//! Nanoseconds of an operation: in every cycle each contestant is visited for each operation, and the next one begins.

use std::time::Duration;

use super::{meter::Plan, report::Report, settings::Settings, visit::visit};
use crate::progress::Progress;

/// Seconds that a process takes to begin and end.
const START: f64 = 0.02;
/// Seconds that a heavy one takes.
const HEAVY: f64 = 1.0;

/// Seconds that the pass is planned to take.
pub fn planned(settings: &Settings) -> f64 {
    let one = |(operation, _): (&'static super::operations::Operation, _)| {
        let weight = if operation.is_heavy() { HEAVY } else { START };
        let visit = settings.slice_ms as f64 * 1e-3 + weight;
        visit * settings.cycles_of(operation) as f64
    };
    settings.pairs().map(one).sum()
}

/// Measures all.
pub fn measure(
    settings: &Settings,
    report: &mut Report,
    progress: &mut Progress,
    keep: &mut impl FnMut(&Report),
) {
    let plan = Plan::For(Duration::from_millis(settings.slice_ms));
    let share = planned(settings) / settings.cycles as f64;
    for cycle in 0..settings.cycles {
        for &operation in &settings.operations {
            if cycle >= settings.cycles_of(operation) {
                continue;
            }
            let players = settings.players(operation);
            for step in 0..players.len() {
                let contestant = players[(step + cycle) % players.len()];
                if report.has_failed(operation, contestant) {
                    continue;
                }
                let name = &operation.name;
                progress.say(&format!("cycle {}, {name} of {}", cycle + 1, contestant.name));
                match visit(settings, operation, contestant, plan) {
                    Ok(figures) => figures
                        .iter()
                        .filter(|(figure, _)| *figure != "operations")
                        .for_each(|(figure, value)| {
                            report.add(operation, contestant, figure, (cycle, value));
                        }),
                    Err(error) => {
                        progress.note(&format!("{name} of {}: {error}", contestant.name));
                        report.fail(operation, contestant, error.to_string());
                    }
                }
            }
        }
        progress.add(share);
        keep(report);
    }
}
