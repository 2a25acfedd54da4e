//! One value, changed again and again, and what it is asked for by itself.

use std::hint::black_box;

use tidemill_benches::core::{meter::Meter, operations::Epochs, part::Part};
use tidemill_core::lock::RawLock;

use crate::{
    numbers::Numbers,
    stage::{Stage, Value, end},
};

/// Operations of a round.
const ROUND: usize = 1000;

pub(crate) fn play<L: Numbers>(kind: Epochs, meter: Meter) -> Result<Meter, Meter> {
    let simple = |x: &mut Value<u64, L>| L::increase(x, 1);
    // The old value goes on until its kernels have run.
    let binary = |x: &mut Value<u64, L>| *x = L::plus(x, 1);
    match kind {
        Epochs::Simple(part) => Ok(chain(meter, part, simple)),
        Epochs::Binary(part) => Ok(chain(meter, part, binary)),
        Epochs::Open => Ok(open::<L>(meter)),
        Epochs::Reader => Ok(reader::<L>(meter)),
        Epochs::Cancel(epochs) => Ok(cancel::<L>(meter, epochs)),
        Epochs::Pending(changes) => Ok(pending::<L>(meter, changes, simple)),
        _ => Err(meter),
    }
}

fn chain<L: RawLock>(
    mut meter: Meter,
    part: Part,
    mut change: impl FnMut(&mut Value<u64, L>),
) -> Meter {
    let stage = Stage::new();
    while meter.goes_on() {
        let mut x = Value::ready_in(0);
        match part {
            Part::Build | Part::Whole => meter.start(),
            Part::Run => {}
            Part::Step => return steps(meter, stage, change),
        }
        stage.build(|| (0..ROUND).for_each(|_| change(black_box(&mut x))));
        match part {
            Part::Build => meter.stop(ROUND as u64),
            Part::Run => meter.start(),
            Part::Whole | Part::Step => {}
        }
        stage.run();
        if part != Part::Build {
            meter.stop(ROUND as u64);
        }
        assert_eq!(end(&x), ROUND as u64);
    }
    meter
}

fn steps<L: RawLock>(
    mut meter: Meter,
    stage: Stage,
    mut change: impl FnMut(&mut Value<u64, L>),
) -> Meter {
    while meter.goes_on() {
        let mut x = Value::ready_in(0);
        meter.start();
        for _ in 0..ROUND {
            stage.build(|| change(black_box(&mut x)));
            stage.settle();
        }
        meter.stop(ROUND as u64);
        assert_eq!(end(&x), ROUND as u64);
    }
    meter
}

fn open<L: RawLock>(mut meter: Meter) -> Meter {
    let mut x: Value<u64, L> = Value::ready_in(0);
    while meter.goes_on() {
        meter.start();
        (0..ROUND).for_each(|_| drop(black_box(&mut x).write()));
        meter.stop(ROUND as u64);
    }
    assert!(x.read().try_get().is_some_and(|seen| seen.is_err()));
    meter
}

fn reader<L: RawLock>(mut meter: Meter) -> Meter {
    let x: Value<u64, L> = Value::ready_in(7);
    while meter.goes_on() {
        meter.start();
        (0..ROUND).for_each(|_| drop(black_box(&x).read()));
        meter.stop(ROUND as u64);
    }
    assert_eq!(end(&x), 7);
    meter
}

/// So many epochs whose writers have left wait behind a reader, which goes.
fn cancel<L: RawLock>(mut meter: Meter, epochs: usize) -> Meter {
    while meter.goes_on() {
        let mut x: Value<u64, L> = Value::ready_in(0);
        let first = x.read();
        (0..epochs).for_each(|_| drop(x.write()));
        let last = x.read();
        meter.start();
        drop(first);
        meter.stop(epochs as u64);
        assert!(last.try_get().is_some_and(|seen| seen.is_err()));
    }
    meter
}

/// So many changes are built; what they take is counted before they run.
fn pending<L: RawLock>(
    mut meter: Meter,
    changes: usize,
    mut change: impl FnMut(&mut Value<u64, L>),
) -> Meter {
    while meter.goes_on() {
        let stage = Stage::new();
        let mut x = Value::ready_in(0);
        meter.start();
        stage.build(|| (0..changes).for_each(|_| change(&mut x)));
        meter.stop(changes as u64);
        stage.run();
        assert_eq!(end(&x), changes as u64);
    }
    meter
}
