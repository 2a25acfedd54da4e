//! Models of sleeping and being woken: `Local::run_with`, parked until its doorbell rings.
#![cfg(loom)]

use std::{
    future::poll_fn,
    pin::pin,
    task::{Poll, Waker},
};

use loom::{
    sync::{Arc, Mutex},
    thread,
};
use tidemill_loom_tests::Board;
use tidemill_sched::Local;

/// Runs a root that waits until `signs` others have each given theirs and woken it.
fn run(signs: usize) {
    let board = Board::new();
    let local = Local::new(board.clone());
    // Not a `WakeCell`, whose registrant wakes itself as long as a wake is under way: a loop in which loom sees no end.
    let shared = Arc::new(Mutex::new((0, None::<Waker>)));
    let givers: Vec<_> = (0..signs)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                let waker = {
                    let mut shared = shared.lock().unwrap();
                    shared.0 += 1;
                    shared.1.clone()
                };
                waker.into_iter().for_each(Waker::wake);
            })
        })
        .collect();
    let waits = pin!(poll_fn(|cx| {
        let mut shared = shared.lock().unwrap();
        shared.1 = Some(cx.waker().clone());
        if shared.0 == signs { Poll::Ready(()) } else { Poll::Pending }
    }));
    local.run_with(waits, &mut board.clone());
    for giver in givers {
        giver.join().unwrap();
    }
    drop(shared.lock().unwrap().1.take());
    let count = board.count();
    assert!(count.rings <= count.sleeps, "more rings than sleeps: {count:?}");
}

/// **A wake that comes while the executor looks, goes to sleep or sleeps ends its sleep; and it is rung at most once per sleep.**
///
/// (A lost wake is a deadlock, which loom reports.) Seen to break it: parking without `sleep` on the inbox; `sleep` as a store.
#[test]
fn a_wake_ends_the_sleep() {
    loom::model(|| run(1));
}

/// **So it is with two who wake.**
///
/// Seen to break it: `Push::Ring` whatever the word was.
#[test]
fn two_wakes_end_the_sleep_and_ring_once_per_sleep() {
    loom::model(|| run(2));
}
