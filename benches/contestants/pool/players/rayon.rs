//! rayon: a pool of its own, and join.

use std::ops::Range;

use rayon::{ThreadPoolBuilder, join};
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::operations::sums::{Leaves, measure};

pub(crate) fn play(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    let Kind::Parallel { workers, .. } = kind else { return Err(meter) };
    let pool = ThreadPoolBuilder::new().num_threads(workers).build();
    let pool = pool.expect("the system has threads");
    measure(kind, meter, |leaves| pool.install(|| halves(leaves, 0..leaves.count())))
}

fn halves(leaves: &Leaves, mine: Range<usize>) -> u64 {
    match mine.len() {
        1 => leaves.leaf(mine.start),
        many => {
            let middle = mine.start + many / 2;
            let left = || halves(leaves, mine.start..middle);
            let (left, right) = join(left, || halves(leaves, middle..mine.end));
            left.wrapping_add(right)
        }
    }
}
