//! Kernels allocate nothing once their executor is warm, and what a pending one takes is bounded.

use std::pin::pin;

use tidemill_core::{
    epoch::{Async, all},
    kernel::kernel_on,
    wait::{Park, Wait},
};
use tidemill_sched::{Local, debug::Virtual};

use crate::alloc::{allocations, live_bytes};

#[test]
fn kernels_and_changes_in_place_allocate_nothing_once_warm() {
    let local = Local::new(Virtual::new());
    let (mut x, y, mut z) = (Async::<i64>::ready(0), Async::ready(2), Async::ready(0));
    let mut round = || {
        local.enter(|| {
            (0..100).for_each(|_| x += 1);
            x += &y;
        });
        let (input, output) = ((x.read(), y.read()), z.write());
        let product = kernel_on(&local.here(), input, output, async |(x, y), z| {
            let (x, y) = all((&x, &y)).await;
            z.set(x? * y?).await;
            Ok(())
        });
        let product = product.expect("it is open");
        // Its block goes back where its executor is current.
        let ended = async { product.await.unwrap() };
        assert!(local.run_with(pin!(ended), &mut Stuck).is_ok());
    };
    round();
    assert_eq!(allocations(|| (0..5).for_each(|_| round())), 0);
    assert_eq!(*z.wait_on(&local).unwrap(), 6 * 102 * 2);
}

/// Nothing is ever waited for.
struct Stuck;

impl Park for Stuck {
    fn park(&mut self, wait: Wait) {
        assert_eq!(wait, Wait::Poll);
    }
}

#[test]
fn a_pending_change_takes_no_more_than_a_block_and_its_epoch() {
    const CHANGES: isize = 10_000;
    let local = Local::new(Virtual::new());
    let mut x = Async::<i64>::ready(0);
    let before = live_bytes();
    local.enter(|| (0..CHANGES).for_each(|_| x += 1));
    let each = (live_bytes() - before) / CHANGES;
    assert!(each <= 192, "{each} bytes for each");
    assert_eq!(*x.wait_on(&local).unwrap(), CHANGES as i64);
}
