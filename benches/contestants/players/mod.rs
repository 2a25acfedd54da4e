//! The contestants: each brings what the operations need, as its documentation shows it.

mod tidemill;

use tidemill_benches::core::{meter::Meter, operations::Kind};

/// Has a contestant go through an operation; hands the meter back where it cannot.
pub(crate) fn play(name: &str, kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match name {
        "tidemill" => tidemill::play(kind, meter),
        _ => Err(meter),
    }
}
