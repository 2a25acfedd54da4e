//! Kernels allocate nothing once their executor is warm, and what a pending one takes is bounded.

use std::{cell::Cell, pin::pin, rc::Rc};

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

#[test]
fn functions_that_wait_for_a_value_allocate_nothing_once_warm() {
    const CROWD: u64 = 1000;
    let local = Local::new(Virtual::new());
    let mut x = Async::<u64>::ready(0);
    let sum = Rc::new(Cell::new(0));
    let mut round = |count: u64| {
        let mut write = x.write();
        local.enter(|| {
            for n in 0..count {
                let sum = sum.clone();
                x.upon(move |x| sum.set(sum.get() + n * x.unwrap())).unwrap();
            }
            write.try_slot().unwrap().set(2);
        });
        drop(write);
        while local.live() > 0 {
            local.tick();
        }
    };
    round(CROWD);
    assert_eq!(allocations(|| [CROWD, 1, 2, CROWD].into_iter().for_each(&mut round)), 0);
    assert_eq!(sum.get(), 3 * CROWD * (CROWD - 1) + 2);
}

#[test]
fn a_function_that_waits_takes_no_more_than_a_block() {
    const CROWD: isize = 10_000;
    let local = Local::new(Virtual::new());
    let mut x = Async::<u64>::empty();
    let before = live_bytes();
    local.enter(|| {
        (0..CROWD).for_each(|n| x.upon(move |x| assert!(*x.unwrap() > n as u64)).unwrap())
    });
    let each = (live_bytes() - before) / CROWD;
    assert!(each <= if cfg!(feature = "dag") { 1024 } else { 128 }, "{each} bytes for each");
    x.write().try_slot().unwrap().set(CROWD as u64);
    while local.live() > 0 {
        local.tick();
    }
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
