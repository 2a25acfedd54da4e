//! The contestants: each brings what the operations need, as its documentation shows it.

mod compio;
mod embassy;
mod futures;
mod glommio;
mod kimojio;
mod monoio;
mod primitives;
mod tidemill;
mod tidemill_forms;
mod tidemill_uring;
mod tokio;

use tidemill_benches::core::{meter::Meter, operations::Kind};

/// Has a contestant go through an operation; hands the meter back where it cannot.
pub(crate) fn play(name: &str, kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let play = match name {
        "tidemill" => tidemill::play,
        "tidemill-local" => tidemill_forms::play_local,
        "tidemill-once" => tidemill_forms::play_once,
        "tidemill-uring" => tidemill_uring::play,
        "tidemill-uring-slack" => tidemill_uring::play_slack,
        "tokio" => tokio::play,
        "monoio" => monoio::play,
        "glommio" => glommio::play,
        "compio" => compio::play,
        "kimojio" => kimojio::play,
        "futures" => futures::play,
        "embassy" => embassy::play,
        "async-oneshot" => primitives::play_async_oneshot,
        "maitake" => primitives::play_maitake,
        _ => return Err(meter),
    };
    play(kind, meter)
}
