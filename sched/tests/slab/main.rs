//! Where blocks of tasks come from: slabs, in which they lie side by side, and which go when none of their blocks is taken. A program of its own, so that no
//! other test takes any.
#![cfg(feature = "std")]
#![expect(unsafe_code, reason = "gives blocks back")]

use std::{future::Ready, ptr::NonNull, thread};

use tidemill_core::{
    context::{Blocks, Size},
    task::size_of_task,
};

#[path = "../it/counting.rs"]
mod counting;

use counting::{allocations, live_bytes};

/// Of these 4681 are kept in a list, and 4672 in the depot; a slab has 4096.
const BLOCK: usize = 224;
const SLAB: isize = 1 << 20;

fn size() -> Size {
    size_of_task::<Ready<[u8; 100]>, ()>()
}

fn take(blocks: &Blocks, count: usize) -> Vec<usize> {
    let mut taken = Vec::with_capacity(count);
    taken.extend((0..count).map(|_| blocks.take(size()).expose_provenance().get()));
    taken
}

fn put(blocks: &Blocks, taken: &[usize]) {
    for block in taken {
        let block = NonNull::with_exposed_provenance((*block).try_into().unwrap());
        // SAFETY: `take` has it from another list, of this size.
        unsafe { blocks.put(block, size()) };
    }
}

/// The blocks, in the order of their addresses; each ends before the next begins.
fn apart(mut blocks: Vec<usize>) -> Vec<usize> {
    blocks.sort_unstable();
    assert!(blocks.windows(2).all(|two| two[1] - two[0] >= BLOCK));
    assert!(blocks.iter().all(|block| block % 16 == 0));
    blocks
}

#[test]
fn blocks_of_tasks_lie_apart_in_slabs_that_go_when_none_is_taken() {
    let (here, before) = (Blocks::new(), live_bytes());
    let (mut first, mut all) = (Vec::new(), Vec::new());
    assert_eq!(allocations(|| first = take(&here, 1)), 2, "a slab, and the list of this test");
    put(&here, &first);
    assert_eq!(allocations(|| first = take(&here, 32)), 1, "what came in one batch");
    assert_eq!(allocations(|| all = take(&here, 24_000)), 6, "five slabs");
    all.extend(&first);
    let slabs = (live_bytes() - before) / SLAB;
    assert!(slabs >= 5, "{slabs} of them");
    // What a list and the depot keep is of the first three.
    let all = apart(all);
    put(&here, &all);
    here.clear();
    let kept = live_bytes() - before - 8 * (all.capacity() + first.capacity()) as isize;
    assert!(kept <= 4 * SLAB, "{kept} bytes");
    // Whoever comes takes what was given back, wherever that was.
    let again = thread::spawn(|| {
        let there = Blocks::new();
        let mut taken = Vec::new();
        assert_eq!(allocations(|| taken = take(&there, 4400)), 1);
        let taken = apart(taken);
        put(&there, &taken[2400..]);
        taken[..2400].to_vec()
    });
    let again = again.join().unwrap();
    assert!(again.iter().all(|block| all.binary_search(block).is_ok()));
    let mut rest = Vec::new();
    assert_eq!(allocations(|| rest = take(&here, 800)), 1);
    let both = apart([again, rest].concat());
    put(&here, &both);
}
