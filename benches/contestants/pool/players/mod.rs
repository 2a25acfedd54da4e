//! The contestants: each brings what the operations need, as its documentation shows it.

mod by_hand;
mod glommio;
mod rayon;
mod tidemill;
mod tidemill_values;
mod tokio;

use tidemill_benches::core::{meter::Meter, operations::Kind};

/// Has a contestant go through an operation; hands the meter back where it cannot.
pub(crate) fn play(name: &str, kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let play = match name {
        "tidemill" => tidemill::play,
        "tokio-threads" => tokio::play,
        "rayon" => rayon::play,
        "glommio" => glommio::play,
        "std" => by_hand::play_std,
        "futex" => by_hand::play_futex,
        _ => return Err(meter),
    };
    play(kind, meter)
}
