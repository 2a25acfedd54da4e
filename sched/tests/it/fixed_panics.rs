//! Tasks in places whose drops panic, in every build: nothing is dropped twice, nor polled once it was ready.

use std::{
    cell::Cell,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use tidemill_core::{task_place, wait::Wait};
use tidemill_sched::{Home, Local, debug::Virtual};

use crate::{board::alone, fixed::for_ever};

thread_local! {
    static POLLS: Cell<u32> = const { Cell::new(0) };
    static DROPS: Cell<u32> = const { Cell::new(0) };
    static LOCAL: Cell<Option<&'static Local<Virtual>>> = const { Cell::new(None) };
}

/// A cycle that meets a panic, which comes through where the runtime catches none, and the next ones.
fn panics(local: &Local<Virtual>) {
    let through = catch_unwind(AssertUnwindSafe(|| local.tick())).is_err();
    assert_eq!(through, cfg!(not(feature = "std")));
    while local.tick() == Wait::Poll {}
    assert!(local.live() == 0 || cfg!(feature = "alloc"), "it has ended");
}

/// What panicked was polled and dropped once, its Home's end included.
fn once() {
    assert_eq!((POLLS.get(), DROPS.get()), (1, 1));
}

/// Panics as it is dropped, after what is to be done before.
struct Bursts(fn());

impl Drop for Bursts {
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + 1);
        (self.0)();
        resume_unwind(Box::new("burst"));
    }
}

/// Ready at once, and woken: it is in the queue again.
struct Wakes<T, F: FnMut() -> T>(F);

impl<T, F: FnMut() -> T + Unpin> Future for Wakes<T, F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        POLLS.set(POLLS.get() + 1);
        cx.waker().wake_by_ref();
        Poll::Ready((self.0)())
    }
}

#[test]
fn a_task_that_is_woken_and_whose_drop_panics_is_polled_no_more() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    fn bursts() -> impl Future<Output = ()> {
        let held = Bursts(|| {});
        Wakes(move || {
            let _ = &held;
        })
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.start(task_place!(bursts), bursts).unwrap();
    panics(&local);
    drop(local);
    once();
}

#[test]
fn a_task_whose_output_panics_as_it_is_dropped_is_polled_no_more() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    fn bursts() -> impl Future<Output = Bursts> {
        Wakes(|| Bursts(|| {}))
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.start(task_place!(bursts), bursts).unwrap();
    panics(&local);
    drop(local);
    once();
}

#[test]
fn a_task_whose_drop_gives_turns_and_panics_is_dropped_once() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    fn bursts() -> impl Future<Output = ()> {
        let held = Bursts(|| {
            let _ = LOCAL.get().unwrap().tick();
        });
        Wakes(move || {
            let _ = &held;
        })
    }
    let _alone = alone();
    let local = for_ever(HOME.claim().unwrap());
    LOCAL.set(Some(local));
    local.start(task_place!(bursts), bursts).unwrap();
    panics(local);
    once();
}
