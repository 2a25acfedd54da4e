//! Values in epochs, whose operators are kernels of the pool that is entered.

use std::hint::black_box;

use tidemill_benches::core::{meter::Meter, operations::Kind, parallel::Parallel, part::Part};
use tidemill_core::{epoch::Async, error::Fault};
use tidemill_sched::pool::Pool;

/// Operations of a round.
const ROUND: usize = 1000;

type Value = Async<u64, Fault>;
type Change = fn(&mut Value);

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let simple: Change = |x| *x += 1;
    // The old value goes on until its kernels have run.
    let binary: Change = |x| *x = &*x + 1;
    let Kind::Parallel { work, workers } = kind else { return Err(meter) };
    let pool = || Pool::new(workers).expect("the system has threads");
    match work {
        Parallel::Simple(Part::Step) => Ok(steps(&pool(), meter, simple)),
        Parallel::Binary(Part::Step) => Ok(steps(&pool(), meter, binary)),
        Parallel::Simple(part) => Ok(chain(&pool(), meter, part, simple)),
        Parallel::Binary(part) => Ok(chain(&pool(), meter, part, binary)),
        Parallel::Wide => Ok(wide(&pool(), meter)),
        Parallel::Values(leaves) => Ok(values(&pool(), meter, leaves)),
        _ => Err(meter),
    }
}

/// What a value comes to, when it has.
fn end(pool: &Pool, value: &Value) -> u64 {
    *pool.block_on(value.read().get()).expect("all end").expect("it is there")
}

fn chain(pool: &Pool, mut meter: Meter, part: Part, change: Change) -> Meter {
    while meter.goes_on() {
        let mut x = Value::ready(0);
        if part != Part::Whole {
            pool.pause();
        }
        if part != Part::Run {
            meter.start();
        }
        pool.enter(|| (0..ROUND).for_each(|_| change(black_box(&mut x))));
        match part {
            Part::Build => meter.stop(ROUND as u64),
            Part::Run => meter.start(),
            Part::Whole | Part::Step => {}
        }
        pool.resume();
        let end = end(pool, &x);
        if part != Part::Build {
            meter.stop(ROUND as u64);
        }
        assert_eq!(end, ROUND as u64);
    }
    meter
}

/// In a task, which awaits what it made before it makes the next.
fn steps(pool: &Pool, mut meter: Meter, change: Change) -> Meter {
    let steps = pool.spawn(async move {
        while meter.goes_on() {
            let mut x = Value::ready(0);
            meter.start();
            for made in 1..=ROUND {
                change(black_box(&mut x));
                assert_eq!(*x.read().get().await.expect("it is there"), made as u64);
            }
            meter.stop(ROUND as u64);
        }
        meter
    });
    pool.block_on(steps.expect("it is there")).expect("it ends").expect("nothing panics")
}

/// Ten tasks have a hundred values each, and change each of them a hundred times, in turn.
fn wide(pool: &Pool, mut meter: Meter) -> Meter {
    const BUILDERS: usize = 10;
    const VALUES: usize = 100;
    const CHANGES: u64 = 100;
    let builder = || async {
        let mut values: Vec<_> = (0..VALUES).map(|_| Value::ready(0)).collect();
        for _ in 0..CHANGES {
            values.iter_mut().for_each(|x| *x += 1);
        }
        let mut sum = 0;
        for x in values {
            sum += *x.read().get().await.expect("it is there");
        }
        sum
    };
    while meter.goes_on() {
        meter.start();
        let builders: Vec<_> =
            (0..BUILDERS).map(|_| pool.spawn(builder()).expect("it is there")).collect();
        let sum = pool.block_on(async {
            let mut sum = 0;
            for builder in builders {
                sum += builder.await.expect("nothing panics");
            }
            sum
        });
        let all = BUILDERS as u64 * VALUES as u64 * CHANGES;
        meter.stop(all);
        assert_eq!(sum.expect("all end"), all);
    }
    meter
}

/// So many values, which are summed by halves.
fn values(pool: &Pool, mut meter: Meter, leaves: usize) -> Meter {
    let number = leaves as u64;
    while meter.goes_on() {
        let mut level: Vec<_> = (1..=number).map(Value::ready).collect();
        meter.start();
        pool.enter(|| {
            while level.len() > 1 {
                let half = |pair: &[Value]| &pair[0] + &pair[1];
                level = level.chunks_exact(2).map(half).collect();
            }
        });
        let sum = end(pool, &level[0]);
        meter.stop(number);
        assert_eq!(sum, number * (number + 1) / 2);
    }
    meter
}
