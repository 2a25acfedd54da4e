//! Sums of many leaves by halves: whoever has several gives the right half to another, and goes on with the left one.

use std::{future::Future, hint::black_box, ops::Range, sync::Arc};

use tidemill_benches::core::{meter::Meter, operations::Kind, parallel::Parallel};

use crate::contract::Pool;

/// Numbers in leaves.
pub(crate) struct Leaves {
    numbers: Vec<u32>,
    each: usize,
}

impl Leaves {
    /// Those of an operation, and what they come to.
    pub(crate) fn of(kind: Kind) -> Option<(Arc<Self>, u64)> {
        let Kind::Parallel { work: Parallel::Sum { leaves, each }, .. } = kind else { return None };
        let leaves = Self { numbers: (0..(leaves * each) as u32).collect(), each };
        let sum = leaves.halves(0..leaves.count());
        Some((Arc::new(leaves), sum))
    }

    pub(crate) fn count(&self) -> usize {
        self.numbers.len() / self.each
    }

    /// What a leaf comes to: a sum that takes its time, since each step waits for the one before.
    pub(crate) fn leaf(&self, leaf: usize) -> u64 {
        let numbers = &self.numbers[leaf * self.each..][..self.each];
        let mixed = numbers.iter().fold(0_u64, |sum, &it| (sum ^ u64::from(it)).wrapping_mul(31));
        mixed >> 8
    }

    /// By one thread.
    pub(crate) fn halves(&self, leaves: Range<usize>) -> u64 {
        match leaves.len() {
            1 => self.leaf(leaves.start),
            many => {
                let middle = leaves.start + many / 2;
                let left = self.halves(leaves.start..middle);
                left.wrapping_add(self.halves(middle..leaves.end))
            }
        }
    }
}

/// Whoever can sum leaves sums them.
pub(crate) fn measure(
    kind: Kind,
    mut meter: Meter,
    mut sum: impl FnMut(&Arc<Leaves>) -> u64,
) -> Result<Meter, Meter> {
    let Some((leaves, right)) = Leaves::of(kind) else { return Err(meter) };
    while meter.goes_on() {
        meter.start();
        let sum = sum(black_box(&leaves));
        meter.stop(leaves.count() as u64);
        assert_eq!(sum, right);
    }
    Ok(meter)
}

/// By tasks.
pub(crate) fn tasks<P: Pool>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let Kind::Parallel { work: Parallel::Sum { .. }, workers } = kind else { return Err(meter) };
    let pool = P::new(workers);
    measure(kind, meter, |leaves| {
        let all = pool.spawn(halves::<P>(leaves.clone(), 0..leaves.count()));
        P::value(pool.block_on(all))
    })
}

#[expect(
    clippy::manual_async_fn,
    reason = "it spawns its like, and says that it is `Send` before that can be seen"
)]
fn halves<P: Pool>(
    leaves: Arc<Leaves>,
    mut mine: Range<usize>,
) -> impl Future<Output = u64> + Send {
    async move {
        let mut others = Vec::with_capacity(mine.len().ilog2() as usize);
        while mine.len() > 1 {
            let middle = mine.start + mine.len() / 2;
            others.push(P::spawn_here(halves::<P>(leaves.clone(), middle..mine.end)));
            mine.end = middle;
        }
        let mut sum = leaves.leaf(mine.start);
        // The last one is the least.
        while let Some(other) = others.pop() {
            sum = sum.wrapping_add(P::value(other.await));
        }
        sum
    }
}
