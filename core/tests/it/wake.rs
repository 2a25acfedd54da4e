//! `WakeCell` and `WakeBatch`, one thread at a time. The models in `loom-tests` try them with several.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Wake, Waker},
};

use tidemill_core::wait::{WakeBatch, WakeCell};

use crate::{
    alloc::allocations,
    bell::{Event, Log, hooked},
};

#[test]
fn a_registered_waker_is_woken_once() {
    static CELL: WakeCell = WakeCell::new();
    let log = Log::default();
    CELL.wake();
    CELL.register(&log.bell("woken"));
    CELL.wake();
    CELL.wake();
    assert_eq!(log.take(), ["woken"]);
}

#[test]
fn the_last_registered_waker_takes_the_place_of_the_one_before() {
    let (cell, log) = (WakeCell::new(), Log::default());
    cell.register(&log.bell("old"));
    cell.register(&log.bell("new"));
    cell.wake();
    assert_eq!(log.take(), ["new"]);
}

#[test]
fn a_waker_taken_out_is_not_woken_by_the_cell() {
    let (cell, log) = (WakeCell::new(), Log::default());
    cell.register(&log.bell("woken"));
    let taken = cell.take();
    cell.wake();
    assert!(log.take().is_empty());
    taken.unwrap().wake();
    assert_eq!(log.take(), ["woken"]);
    assert!(cell.take().is_none());
}

thread_local! {
    static EVENTS: Cell<[usize; 3]> = const { Cell::new([0; 3]) };
}

fn count(event: Event) {
    let mut events = EVENTS.get();
    events[event as usize] += 1;
    EVENTS.set(events);
}

#[test]
fn registering_the_same_waker_again_neither_clones_nor_allocates() {
    let (cell, waker) = (WakeCell::new(), hooked(count));
    let allocated = allocations(|| {
        cell.register(&waker);
        cell.register(&waker);
        cell.register(&waker);
    });
    assert_eq!((allocated, EVENTS.get()), (0, [1, 0, 0]));
    cell.wake();
    assert_eq!(EVENTS.get(), [1, 1, 1]);
}

#[test]
fn a_cell_drops_the_waker_that_it_holds() {
    let cell = WakeCell::new();
    cell.register(&hooked(count));
    assert_eq!(EVENTS.get(), [1, 0, 1]);
    drop(cell);
    assert_eq!(EVENTS.get(), [1, 0, 2]);
}

#[test]
fn a_batch_wakes_in_order_and_holds_sixteen() {
    let (log, mut batch) = (Log::default(), WakeBatch::new());
    for n in 0..WakeBatch::CAPACITY {
        assert!(!batch.is_full());
        batch.push(log.bell(n.to_string()));
    }
    assert!(batch.is_full() && log.take().is_empty());
    batch.wake();
    assert_eq!(log.take(), (0..16).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_batch_that_is_dropped_wakes_what_is_in_it() {
    let (log, mut batch) = (Log::default(), WakeBatch::new());
    batch.push(log.bell("woken"));
    drop(batch);
    assert_eq!(log.take(), ["woken"]);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_does_not_cost_the_rest_of_its_batch_their_wake() {
    let (log, mut batch) = (Log::default(), WakeBatch::new());
    batch.push(log.bell("before"));
    batch.push(Waker::from(Arc::new(Panics)));
    batch.push(log.bell("after"));
    assert!(catch_unwind(AssertUnwindSafe(|| batch.wake())).is_err());
    assert_eq!(log.take(), ["before", "after"]);
}
