//! Values of values: kernels and operators, a function that calls itself, a sum by halves, a gradient.

use std::hint::black_box;

use tidemill_benches::core::{meter::Meter, operations::Epochs};
use tidemill_core::{
    epoch::{ReverseValue, all},
    error::Fault,
    kernel::kernel,
    lock::RawLock,
};

use crate::{
    numbers::Numbers,
    stage::{Stage, Value, end},
};

/// Nodes of a round.
const ROUND: u64 = 1000;

pub(crate) fn play<L: Numbers>(kind: Epochs, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Epochs::Fused => Ok(nodes(meter, fused::<L>)),
        Epochs::Operators => Ok(nodes(meter, operators::<L>)),
        Epochs::Fib(number) => Ok(calls::<L>(meter, number)),
        Epochs::Sum(leaves) => Ok(sum::<L>(meter, leaves)),
        Epochs::Reverse => Ok(reverse::<L>(meter)),
        _ => Err(meter),
    }
}

type Number<L> = Value<u64, L>;

/// `x * y + w`, in one kernel.
fn fused<L: RawLock>(x: &Number<L>, y: &Number<L>, w: &Number<L>) -> Number<L> {
    let mut z = Value::empty_in();
    let inputs = (x.read(), y.read(), w.read());
    let task = kernel(inputs, z.write(), async |(x, y, w), z| {
        let (x, y, w) = all((&x, &y, &w)).await;
        z.set(x? * y? + w?).await;
        Ok(())
    });
    task.expect("an executor is current").detach();
    z
}

/// The same by operators, with a value between.
fn operators<L: Numbers>(x: &Number<L>, y: &Number<L>, w: &Number<L>) -> Number<L> {
    L::sum(&L::product(x, y), w)
}

/// Values made of three others, each by itself: built, then run.
fn nodes<L: RawLock>(
    mut meter: Meter,
    node: impl Fn(&Number<L>, &Number<L>, &Number<L>) -> Number<L>,
) -> Meter {
    let stage = Stage::new();
    let (x, y, w) = (Value::ready_in(3), Value::ready_in(5), Value::ready_in(2));
    while meter.goes_on() {
        let mut made = Vec::with_capacity(ROUND as usize);
        meter.start();
        stage.build(|| (0..ROUND).for_each(|_| made.push(node(black_box(&x), &y, &w))));
        stage.run();
        meter.stop(ROUND);
        assert!(made.iter().all(|z| end(z) == 17));
    }
    meter
}

/// A kernel for each call.
fn fib<L: RawLock>(number: u64) -> Number<L> {
    if number < 2 {
        return Value::ready_in(number);
    }
    let mut result = Value::empty_in();
    let task = kernel((), result.write(), async move |(), result| {
        let (one, other) = (fib::<L>(number - 1), fib::<L>(number - 2));
        let (one, other) = (one.read(), other.read());
        let (one, other) = all((&one, &other)).await;
        result.set(one? + other?).await;
        Ok(())
    });
    task.expect("an executor is current").detach();
    result
}

/// How many kernels that makes.
fn kernels(number: u64) -> u64 {
    if number < 2 { 0 } else { 1 + kernels(number - 1) + kernels(number - 2) }
}

fn calls<L: RawLock>(mut meter: Meter, number: u64) -> Meter {
    let stage = Stage::new();
    let (mut one, mut next) = (0_u64, 1);
    for _ in 0..number {
        (one, next) = (next, one + next);
    }
    while meter.goes_on() {
        meter.start();
        let result = stage.build(|| fib::<L>(number));
        stage.run();
        meter.stop(kernels(number));
        assert_eq!(end(&result), one);
    }
    meter
}

/// So many leaves, whose squares are summed by halves.
fn sum<L: Numbers>(mut meter: Meter, leaves: usize) -> Meter {
    let stage = Stage::new();
    let number = leaves as u64;
    while meter.goes_on() {
        meter.start();
        let result = stage.build(|| {
            let leaves = (1..=number).map(Value::<u64, L>::ready_in);
            let mut level: Vec<_> = leaves.map(|leaf| L::product(&leaf, &leaf)).collect();
            while level.len() > 1 {
                let half = |pair: &[Number<L>]| match pair {
                    [one, other] => L::sum(one, other),
                    _ => L::plus(&pair[0], 0),
                };
                level = level.chunks(2).map(half).collect();
            }
            level.pop().expect("there is a leaf")
        });
        stage.run();
        meter.stop(number);
        assert_eq!(end(&result), number * (number + 1) * (2 * number + 1) / 6);
    }
    meter
}

/// A gradient that is added to while the reverse of a computation is written down, and then seeded.
fn reverse<L: Numbers>(mut meter: Meter) -> Meter {
    let stage = Stage::new();
    let addend: Value<u64, L> = Value::ready_in(2);
    while meter.goes_on() {
        let mut gradient: ReverseValue<u64, Fault, L> = ReverseValue::new_in();
        let last = gradient.read();
        meter.start();
        stage.build(|| (0..ROUND).for_each(|_| L::contribute(&mut gradient, black_box(&addend))));
        let complete = gradient.seed(1);
        stage.run();
        meter.stop(ROUND);
        let last = last.try_get().expect("all have ended").copied();
        assert!(last.is_ok_and(|sum| sum == 1 + 2 * ROUND));
        drop(complete);
    }
    meter
}
