//! User instructions of an operation: the slope between a run of few rounds and one of more, under valgrind. They see no kernel and no noise, and no caches:
//! what has too many tasks or timers for those is left out. Where every round begins with another operation, the instructions of that are taken off.

use std::io;

use super::{
    operations::Operation, report::Report, roster::Contestant, settings::Settings, suite::find,
    visit::visit_under,
};
use crate::{
    progress::Progress,
    valgrind::{self, INSTRUCTIONS},
};

/// Seconds that two runs are planned to take.
const PLANNED: f64 = 1.5;

/// Seconds that the pass is planned to take.
pub fn planned(settings: &Settings) -> f64 {
    let counted = settings.operations.iter().filter(|operation| operation.counts.is_some());
    counted.map(|operation| settings.counted(operation).len() as f64 * PLANNED).sum()
}

/// Counts for all.
pub fn measure(settings: &Settings, report: &mut Report, progress: &mut Progress) {
    if let Some(why) = valgrind::missing() {
        progress.note(&why);
        progress.add(planned(settings));
        return;
    }
    for &operation in &settings.operations {
        if operation.counts.is_none() {
            continue;
        }
        for contestant in settings.counted(operation) {
            let name = &operation.name;
            progress.say(&format!("instructions, {name} of {}", contestant.name));
            match of(settings, operation, contestant) {
                Ok(count) => report.add(operation, contestant, "instructions", (0, count)),
                Err(error) => {
                    progress.note(&format!("{name} of {}, valgrind: {error}", contestant.name));
                    report.fail(operation, contestant, format!("under valgrind: {error}"));
                }
            }
            progress.add(PLANNED);
        }
    }
}

/// Those of an operation, without what each round does before.
fn of(settings: &Settings, operation: &Operation, contestant: &Contestant) -> io::Result<f64> {
    let whole = slope(settings, operation, contestant)?;
    match operation.less.as_deref().and_then(find) {
        Some(before) => Ok(whole - slope(settings, before, contestant)?),
        None => Ok(whole),
    }
}

fn slope(settings: &Settings, operation: &Operation, contestant: &Contestant) -> io::Result<f64> {
    let rounds = operation.counts.ok_or(io::ErrorKind::Unsupported)?;
    let mut points = [(0.0, 0.0); 2];
    for (point, rounds) in points.iter_mut().zip(rounds) {
        let (figures, count) = visit_under(&INSTRUCTIONS, settings, operation, contestant, rounds)?;
        *point = (figures.get("operations").ok_or(io::ErrorKind::InvalidData)?, count);
    }
    let [(few, short), (many, long)] = points;
    Ok((long - short) / (many - few))
}
