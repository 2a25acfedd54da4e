//! Wakers and values whose code calls the very cell that it came from.

use std::{
    cell::Cell,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::{
    error::Filled,
    ivar::Ivar,
    local,
    lock::RawLock,
    wait::{WakeBatch, WakeCell},
};

use crate::bell::{Event, hooked, poll};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static CALLS: Cell<[usize; 3]> = const { Cell::new([0; 3]) };
}

/// Runs `again` inside an event, a few levels deep.
fn nested(event: Event, again: impl FnOnce()) {
    let mut calls = CALLS.get();
    calls[event as usize] += 1;
    CALLS.set(calls);
    if DEPTH.get() < 4 {
        DEPTH.set(DEPTH.get() + 1);
        again();
        DEPTH.set(DEPTH.get() - 1);
    }
}

fn assert_all_ran() {
    let calls = CALLS.get();
    assert!(calls.iter().all(|&calls| calls > 0), "clone, wake, drop ran {calls:?} times");
}

#[test]
fn a_wake_cell_is_entered_from_its_wakers() {
    static CELL: WakeCell = WakeCell::new();
    fn again(event: Event) {
        nested(event, || {
            CELL.register(&hooked(again));
            CELL.wake();
            CELL.register(Waker::noop());
            CELL.register(&hooked(again));
            drop(CELL.take());
        });
    }
    CELL.register(&hooked(again));
    CELL.register(&hooked(again));
    CELL.register(Waker::noop());
    CELL.register(&hooked(again));
    CELL.wake();
    assert_all_ran();
    drop(CELL.take());
}

/// Everything that can be done with an Ivar, with wakers that do it again.
fn meddle<T: From<u8>, L: RawLock>(ivar: &Ivar<T, L>, again: fn(Event)) {
    let waker = hooked(again);
    let mut read = pin!(ivar.read());
    let _ = poll(read.as_mut(), &waker);
    // Replaces the waker, and drops the one before.
    let _ = poll(read.as_mut(), Waker::noop());
    let _ = poll(read.as_mut(), &waker);
    let _ = ivar.peek();
    {
        // Dropped in line.
        let _ = poll(pin!(ivar.read()), &waker);
    }
    // Only the innermost fills, so that all the others find it empty first.
    if DEPTH.get() == 4 {
        let _ = ivar.fill(T::from(1));
        ivar.close();
    }
    let _ = poll(read, &waker);
}

#[test]
fn an_ivar_is_entered_from_its_wakers() {
    static IVAR: Ivar<u8> = Ivar::new();
    fn again(event: Event) {
        nested(event, || meddle(&IVAR, again));
    }
    // More than a batch of readers, so that wakers run between batches too.
    let mut readers: Vec<_> =
        (0..2 * WakeBatch::CAPACITY + 1).map(|_| Box::pin(IVAR.read())).collect();
    DEPTH.set(4);
    for reader in &mut readers {
        assert!(poll(reader.as_mut(), &hooked(again)).is_pending());
    }
    DEPTH.set(0);
    meddle(&IVAR, again);
    assert_all_ran();
    assert_eq!(IVAR.peek(), Some(&1));
    for mut reader in readers {
        assert_eq!(poll(reader.as_mut(), Waker::noop()), Poll::Ready(Ok(&1)));
    }
}

#[test]
fn an_ivar_without_a_lock_is_entered_from_its_wakers() {
    thread_local!(static IVAR: local::Ivar<u8> = const { local::Ivar::new_in() });
    fn again(event: Event) {
        nested(event, || IVAR.with(|ivar| meddle(ivar, again)));
    }
    IVAR.with(|ivar| meddle(ivar, again));
    assert_all_ran();
    assert!(IVAR.with(|ivar| ivar.is_full()));
}

#[test]
fn an_ivar_is_entered_from_the_drop_of_a_value() {
    static IVAR: Ivar<Meddler> = Ivar::new();
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Meddler;
    impl From<u8> for Meddler {
        fn from(_: u8) -> Self {
            Self
        }
    }
    impl Drop for Meddler {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
            nested(Event::Drop, || meddle(&IVAR, |event| nested(event, || ())));
        }
    }
    IVAR.fill(Meddler).unwrap_or_else(|Filled(_)| unreachable!("it is empty"));
    let late = IVAR.fill(Meddler);
    assert!(late.is_err());
    drop(late);
    assert!(DROPS.get() > 0 && IVAR.is_full());
}
