//! Many who read one value, and one who reads many.

use std::array;

use tidemill_benches::core::{meter::Meter, operations::Epochs};
use tidemill_core::{epoch::all, lock::RawLock};

use crate::stage::{Stage, Value};

/// Readers of a round, or nearly.
const ROUND: usize = 1000;

pub(crate) fn play<L: RawLock>(kind: Epochs, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Epochs::Ready => Ok(ready::<L>(meter)),
        Epochs::FanOut(count) => Ok(fan::<L>(meter, count, readers)),
        Epochs::Looks(looks) => Ok(fan::<L>(meter, looks, look)),
        Epochs::Asks(asks) => Ok(fan::<L>(meter, asks, ask)),
        Epochs::Readers => Ok(fan::<L>(meter, 100, await_all::<L, 100>)),
        Epochs::All2 => Ok(gather::<L, 2>(meter)),
        Epochs::All8 => Ok(gather::<L, 8>(meter)),
        _ => Err(meter),
    }
}

/// Makes tasks that read a value, and add what they see to what they return.
fn readers<L: RawLock>(stage: &Stage, x: &Value<u64, L>, count: usize) {
    for _ in 0..count {
        let reader = x.read();
        let reads = async move { assert_eq!(*reader.get().await.expect("it is there"), 7) };
        drop(stage.0.spawn(reads));
    }
}

fn ready<L: RawLock>(mut meter: Meter) -> Meter {
    let stage = Stage::new();
    let x: Value<u64, L> = Value::ready_in(7);
    while meter.goes_on() {
        meter.start();
        readers(&stage, &x, ROUND);
        stage.run();
        meter.stop(ROUND as u64);
    }
    meter
}

/// Makes small kernels that look at a value.
fn look<L: RawLock>(stage: &Stage, x: &Value<u64, L>, count: usize) {
    stage.build(|| {
        for _ in 0..count {
            drop(x.inspect(|x| assert_eq!(*x, 7)).expect("an executor is current"));
        }
    });
}

/// Has functions see a value when it comes.
fn ask<L: RawLock>(stage: &Stage, x: &Value<u64, L>, count: usize) {
    stage.build(|| {
        for _ in 0..count {
            let sees = |x: Result<&u64, _>| assert_eq!(*x.expect("it is there"), 7);
            x.upon(sees).expect("an executor is current");
        }
    });
}

/// Makes one task that awaits so many readers of a value.
fn await_all<L: RawLock, const N: usize>(stage: &Stage, x: &Value<u64, L>, _: usize) {
    let readers: [_; N] = array::from_fn(|_| x.read());
    drop(stage.0.spawn(async move {
        for seen in all(readers.each_ref()).await {
            assert_eq!(*seen.expect("it is there"), 7);
        }
    }));
}

/// They are made by `make` and wait; then the value comes.
fn fan<L: RawLock>(
    mut meter: Meter,
    count: usize,
    make: impl Fn(&Stage, &Value<u64, L>, usize),
) -> Meter {
    let stage = Stage::new();
    let groups = ROUND / count;
    while meter.goes_on() {
        let mut values: Vec<Value<u64, L>> = (0..groups).map(|_| Value::empty_in()).collect();
        meter.start();
        for x in &mut values {
            make(&stage, x, count);
            stage.settle();
            assert_ne!(stage.0.live(), 0, "they wait");
            // As by a task of this executor, which it most often is.
            stage.build(|| {
                let mut write = x.write();
                write.try_slot().expect("it is its turn").set(7);
            });
            stage.run();
        }
        meter.stop((groups * count) as u64);
    }
    meter
}

/// A task awaits so many values, which come one after the other.
fn gather<L: RawLock, const N: usize>(mut meter: Meter) -> Meter {
    const TASKS: usize = 100;
    let stage = Stage::new();
    while meter.goes_on() {
        let make = || array::from_fn::<Value<u64, L>, N, _>(|_| Value::empty_in());
        let mut groups: Vec<_> = (0..TASKS).map(|_| make()).collect();
        meter.start();
        for values in &mut groups {
            let buffers = values.each_ref().map(Value::read);
            drop(stage.0.spawn(async move {
                let seen = all(buffers.each_ref()).await;
                assert!(seen.into_iter().all(|value| value.is_ok_and(|value| *value == 7)));
            }));
            stage.settle();
            for x in values {
                let mut write = x.write();
                write.try_slot().expect("it is its turn").set(7);
            }
            stage.run();
        }
        meter.stop(TASKS as u64);
    }
    meter
}
