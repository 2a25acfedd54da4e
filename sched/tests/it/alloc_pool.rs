//! Memory of tasks that end on other threads than those that made them.

#![expect(unsafe_code, reason = "gives blocks back")]

use std::{alloc::Layout, collections::HashSet, ptr::NonNull, thread};

use tidemill_core::context::{Blocks, Size};
use tidemill_sched::pool::Pool;

use crate::alloc::{allocations, live_bytes};

#[test]
fn tasks_that_are_spawned_from_outside_allocate_nothing_once_warm() {
    let pool = Pool::new(1).unwrap();
    let storm = || {
        pool.pause();
        let count = allocations(|| {
            for _ in 0..64 {
                // Of a size that no other test has.
                let large = [0u8; 7000];
                drop(pool.spawn(async move { large.len() }));
            }
        });
        pool.resume();
        pool.run_all().unwrap();
        count
    };
    // The worker keeps as many as an executor does, 128 of this size; what is more than that comes back.
    assert_eq!(storm(), 64);
    let storms = |count| (0..count).map(|_| storm()).sum::<usize>();
    assert!(storms(10) < 640);
    assert_eq!(storms(10), 0);
}

/// A class of which this test alone has blocks: of 12 KiB, of which 85 are kept in a list, and 64 in the depot.
const SIZE: Size = Size::of(Layout::new::<[u8; 12_000]>());

fn take(blocks: &Blocks, count: usize, taken: &mut Vec<usize>) {
    taken.extend((0..count).map(|_| blocks.take(SIZE).expose_provenance().get()));
}

fn put(blocks: &Blocks, taken: &[usize]) {
    for block in taken {
        let block = NonNull::with_exposed_provenance((*block).try_into().unwrap());
        // SAFETY: `take` has it from another list, of this size.
        unsafe { blocks.put(block, SIZE) };
    }
}

#[test]
fn free_blocks_travel_between_threads_in_batches_up_to_a_bound() {
    let each = 12_280;
    let (here, mut taken) = (Blocks::new(), Vec::with_capacity(200));
    let before = live_bytes();
    take(&here, 200, &mut taken);
    assert_eq!(live_bytes() - before, 200 * each);
    put(&here, &taken);
    // Of four batches that found no room here two found none there either.
    assert_eq!(live_bytes() - before, (200 - 64) * each);
    let there = thread::spawn(|| {
        let (blocks, mut taken) = (Blocks::new(), Vec::with_capacity(65));
        assert_eq!(allocations(|| take(&blocks, 64, &mut taken)), 0);
        assert_eq!(allocations(|| take(&blocks, 1, &mut taken)), 1);
        put(&blocks, &taken[64..]);
        taken.truncate(64);
        taken
    });
    let travelled = there.join().unwrap();
    put(&here, &travelled);
    let [known, travelled] = [taken, travelled].map(HashSet::<usize>::from_iter);
    assert!(travelled.len() == 64 && travelled.is_subset(&known));
}
