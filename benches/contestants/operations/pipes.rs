//! Items from task to task, and a loop of many steps.

use tidemill_benches::core::{
    meter::Meter,
    operations::{ITEMS, Kind},
};

use crate::contract::{Pipe, Steps, run};

pub(crate) fn play<P: Pipe>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Pipe(room) => Ok(run::<P::On, _>(pipe::<P>(meter, room))),
        _ => Err(meter),
    }
}

pub(crate) fn steps<S: Steps>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::TailLoop(count) => Ok(run::<S, _>(tail_loop::<S>(meter, count))),
        _ => Err(meter),
    }
}

async fn pipe<P: Pipe>(mut meter: Meter, room: usize) -> Meter {
    let items = ITEMS as u64;
    while meter.goes_on() {
        meter.start();
        assert_eq!(P::pass(items, room).await, items * (items - 1) / 2);
        meter.stop(items);
    }
    meter
}

async fn tail_loop<S: Steps>(mut meter: Meter, count: usize) -> Meter {
    while meter.goes_on() {
        meter.start();
        assert_eq!(S::steps(count).await, count);
        meter.stop(count as u64);
    }
    meter
}
