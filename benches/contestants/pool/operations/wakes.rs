//! Wakes: one who sleeps is woken by another, who then sleeps, and is woken in turn; each on a core of its own.

use std::sync::{Arc, mpsc};

use tidemill_benches::{
    core::{meter::Meter, operations::Kind, parallel::Parallel},
    server::pin,
};

use crate::{contract::Side, game::Game};

pub(crate) fn play<S: Side>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let Kind::Parallel { work, .. } = kind else { return Err(meter) };
    match work {
        Parallel::WakeThread => Ok(thread::<S>(meter)),
        Parallel::WakeWorkers => Ok(workers::<S>(meter)),
        _ => Err(meter),
    }
}

/// Has a worker return every ball.
fn answering<S: Side>(game: &Arc<Game>) -> S {
    let theirs = game.clone();
    pin(0).expect("there is a core");
    let side = S::start(0, async move { theirs.answer().await });
    pin(1).expect("there are two cores");
    side
}

fn thread<S: Side>(meter: Meter) -> Meter {
    let game = Arc::new(Game::default());
    let other = answering::<S>(&game);
    other.block_on(game.serve(meter))
}

fn workers<S: Side>(meter: Meter) -> Meter {
    let game = Arc::new(Game::default());
    let _other = answering::<S>(&game);
    let (told, tell) = mpsc::channel();
    let _one = S::start(1, async move {
        let meter = game.serve(meter).await;
        told.send(meter).expect("it is waited for");
    });
    tell.recv().expect("it plays to the end")
}
