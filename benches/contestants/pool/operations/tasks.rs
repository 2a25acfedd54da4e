//! Tasks: storms of them, one after the other, yielding, waking the next, and waiting for a thread that may block.

use std::{hint::black_box, sync::Arc};

use tidemill_benches::core::{meter::Meter, operations::Kind, parallel::Parallel};

use super::latch::Latch;
use crate::contract::{Blocking, Ends, Pool};

/// Tasks of a storm.
const STORM: usize = 200_000;
/// Tasks of a chain of wakes.
const CHAIN: usize = 10_000;
/// Operations of a round of others.
const ROUND: u64 = 1000;

pub(crate) fn play<P: Ends>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let Kind::Parallel { work, workers } = kind else { return Err(meter) };
    match work {
        Parallel::StormOutside => Ok(storm_outside(&P::new(workers), meter)),
        Parallel::StormInside => Ok(inside(&P::new(workers), storm_inside::<P>(meter))),
        Parallel::OneByOne => Ok(inside(&P::new(workers), one_by_one::<P>(meter))),
        Parallel::Yield(tasks) => Ok(inside(&P::new(workers), yields::<P>(meter, tasks as u64))),
        Parallel::Chain => Ok(chain(&P::new(workers), meter)),
        _ => Err(meter),
    }
}

pub(crate) fn blocking<P: Blocking>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Parallel { work: Parallel::InThread, workers } => {
            Ok(inside(&P::new(workers), in_thread::<P>(meter)))
        }
        _ => Err(meter),
    }
}

/// Runs an operation as a task.
fn inside<P, F>(pool: &P, operation: F) -> F::Output
where
    P: Pool,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let task = pool.spawn(operation);
    P::value(pool.block_on(task))
}

fn storm_outside<P: Pool>(pool: &P, mut meter: Meter) -> Meter {
    while meter.goes_on() {
        let latch = Arc::new(Latch::new(STORM));
        meter.start();
        for _ in 0..STORM {
            let latch = latch.clone();
            drop(pool.spawn(async move { latch.pass() }));
        }
        latch.wait();
        meter.stop(STORM as u64);
    }
    meter
}

async fn storm_inside<P: Pool>(mut meter: Meter) -> Meter {
    let mut handles = Vec::with_capacity(STORM);
    while meter.goes_on() {
        meter.start();
        for number in 0..STORM {
            handles.push(P::spawn_here(async move { black_box(number) }));
        }
        for (number, handle) in (0..).zip(handles.drain(..)) {
            assert_eq!(P::value(handle.await), number);
        }
        meter.stop(STORM as u64);
    }
    meter
}

async fn one_by_one<P: Pool>(mut meter: Meter) -> Meter {
    while meter.goes_on() {
        meter.start();
        for number in 0..ROUND {
            let handle = P::spawn_here(async move { black_box(number) });
            assert_eq!(P::value(handle.await), number);
        }
        meter.stop(ROUND);
    }
    meter
}

/// So many tasks that yield in turn.
async fn yields<P: Pool>(mut meter: Meter, tasks: u64) -> Meter {
    let each = 100;
    let mut handles = Vec::with_capacity(tasks as usize);
    while meter.goes_on() {
        meter.start();
        for _ in 0..tasks {
            handles.push(P::spawn_here(yielding::<P>(each)));
        }
        for handle in handles.drain(..) {
            assert_eq!(P::value(handle.await), each);
        }
        meter.stop(tasks * each);
    }
    meter
}

async fn yielding<P: Pool>(times: u64) -> u64 {
    let mut yielded = 0;
    while yielded < times {
        P::yield_now().await;
        yielded += 1;
    }
    black_box(yielded)
}

/// All of them wait, then the first is woken.
fn chain<P: Ends>(pool: &P, mut meter: Meter) -> Meter {
    while meter.goes_on() {
        let wait = Arc::new(Latch::new(CHAIN));
        let (first, mut before) = P::pair();
        for _ in 0..CHAIN {
            let ((fill, after), wait) = (P::pair(), wait.clone());
            let read = std::mem::replace(&mut before, after);
            drop(pool.spawn(async move {
                wait.pass();
                drop(wait);
                let length = P::read(read).await;
                P::fill(fill, length + 1);
            }));
        }
        wait.wait();
        meter.start();
        P::fill(first, 0);
        let length = pool.block_on(P::read(before));
        meter.stop(CHAIN as u64);
        assert_eq!(length, CHAIN as u64);
    }
    meter
}

async fn in_thread<P: Blocking>(mut meter: Meter) -> Meter {
    while meter.goes_on() {
        meter.start();
        for number in 0..ROUND / 10 {
            assert_eq!(P::in_thread(move || black_box(number)).await, number);
        }
        meter.stop(ROUND / 10);
    }
    meter
}
