//! Models of `DebugScheduler`: woken and paused from another thread while it runs.
#![cfg(loom)]

use std::{future::poll_fn, task::Poll};

use loom::{sync::Arc, thread};
use tidemill_core::{
    sync::{AtomicUsize, Ordering::Relaxed},
    wait::WakeCell,
};
use tidemill_sched::{
    Home,
    debug::{DebugScheduler, Order, Virtual},
};

/// **A wake from another thread is run by the run beside which it comes, or found by the next one.**
///
/// Seen to break it: a `gather` that leaves the inbox asleep (the next run never ends: it is told that there is work); a
/// `push` that hands nothing over while it sleeps.
#[test]
fn a_wake_beside_a_run_is_run_then_or_by_the_next_run() {
    loom::model(|| {
        let scheduler = DebugScheduler::new(Order::Fifo);
        let (cell, given) = (Arc::new(WakeCell::new()), Arc::new(AtomicUsize::new(0)));
        let (own, seen) = (cell.clone(), given.clone());
        let handle = scheduler.spawn(poll_fn(move |cx| {
            own.register(cx.waker());
            if seen.load(Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
        }));
        scheduler.run_all();
        let wakes = thread::spawn({
            let cell = cell.clone();
            move || {
                given.store(1, Relaxed);
                cell.wake();
            }
        });
        scheduler.run_all();
        wakes.join().unwrap();
        assert!(handle.is_finished() || scheduler.can_run());
        scheduler.run_all();
        assert!(handle.is_finished(), "the wake was lost");
    });
}

/// **A pause from another thread ends the run beside which it comes after some turn, if not after the last; then nothing runs until the resume.**
///
/// Seen to break it: a `step` that does not look at the pause; a `resume` that leaves it.
#[test]
fn a_pause_beside_a_run_ends_it() {
    loom::model(|| {
        let home = Arc::new(Home::new(Virtual::new()));
        let scheduler = DebugScheduler::claim_shared(&home, Order::Fifo).unwrap();
        for _ in 0..2 {
            drop(scheduler.spawn(async {}));
        }
        let pauses = thread::spawn({
            let home = home.clone();
            move || home.hooks().pause()
        });
        let ran = scheduler.run_all();
        pauses.join().unwrap();
        drop(scheduler.spawn(async {}));
        assert_eq!((scheduler.run_all(), scheduler.can_run()), (0, false));
        scheduler.resume();
        assert_eq!((scheduler.run_all(), scheduler.live()), (3 - ran, 0));
    });
}
