//! Allocations of an operation, and bytes of the heap that it still uses when it is done: those of a timer that waits, or those that somebody forgot.

use super::{meter::Plan, report::Report, settings::Settings, visit::visit};
use crate::progress::Progress;

/// Seconds that a visit is planned to take.
const PLANNED: f64 = 0.1;

/// Seconds that the pass is planned to take.
pub fn planned(settings: &Settings) -> f64 {
    settings.pairs().filter(|(it, _)| settings.weighs(it)).count() as f64 * PLANNED
}

/// Counts for all.
pub fn measure(settings: &Settings, report: &mut Report, progress: &mut Progress) {
    for (operation, contestant) in settings.pairs().filter(|(it, _)| settings.weighs(it)) {
        let name = &operation.name;
        progress.say(&format!("memory, {name} of {}", contestant.name));
        match visit(settings, operation, contestant, Plan::Heap(operation.heap)) {
            Ok(figures) => {
                for figure in ["allocations", "kept"] {
                    if let Some(value) = figures.get(figure) {
                        report.add(operation, contestant, figure, (0, value));
                    }
                }
            }
            Err(error) => {
                progress.note(&format!("{name} of {}, heap: {error}", contestant.name));
                report.fail(operation, contestant, format!("heap: {error}"));
            }
        }
        progress.add(PLANNED);
    }
}
