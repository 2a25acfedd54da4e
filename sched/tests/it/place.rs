//! Tasks in static places, on a Home in a static.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use tidemill_core::{clock::ManualClock, error::Occupied, task_place, wait::Wait};
use tidemill_sched::Home;

use crate::board::yield_now;

/// A platform that is `const`.
struct Chip(ManualClock);

impl tidemill_core::clock::Clock for Chip {
    fn now(&self) -> tidemill_core::clock::Instant {
        self.0.now()
    }
}

impl tidemill_core::wait::Doorbell for Chip {
    fn ring(&self) {}
}

async fn blink(times: u32, seen: Rc<Cell<u32>>) -> u32 {
    for _ in 0..times {
        seen.set(seen.get() + 1);
        yield_now().await;
    }
    times
}

async fn idle() {}

#[repr(align(256))]
struct Wide(u8);

async fn wide(value: Wide) -> usize {
    yield_now().await;
    (&raw const value.0).addr() % 256
}

fn now<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_place_holds_one_task_at_a_time_and_is_free_when_all_have_let_go() {
    static HOME: Home<Chip> = Home::new(Chip(ManualClock::new()));
    let local = HOME.claim().unwrap();
    assert!(HOME.claim().is_none());
    let (place, seen) = (task_place!(blink), Rc::new(Cell::new(0)));
    let mut handle = local.spawn_place(place, blink(3, seen.clone())).unwrap();
    let Err(Occupied(back)) = local.spawn_place(place, blink(9, seen.clone())) else {
        panic!("it is taken");
    };
    drop(back);
    while local.tick() != Wait::Forever {}
    assert!(matches!(now(&mut handle), Poll::Ready(Ok(3))));
    assert_eq!(seen.get(), 3);
    assert!(local.spawn_place(place, blink(1, seen.clone())).is_err(), "the handle stands in it");
    drop(handle);
    let handle = local.spawn_place(place, blink(1, seen.clone())).unwrap();
    drop(handle);
    drop(local);
    assert_eq!((seen.get(), Rc::strong_count(&seen)), (3, 1), "dropped, and never entered");
}

#[test]
fn a_waker_keeps_a_place_from_whatever_thread_and_gives_it_back_from_there() {
    static HOME: Home<Chip> = Home::new(Chip(ManualClock::new()));
    static KEPT: Mutex<Option<Waker>> = Mutex::new(None);
    async fn leaves() {
        poll_fn(|cx| {
            *KEPT.lock().unwrap() = Some(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
    }
    let local = HOME.claim().unwrap();
    let place = task_place!(leaves);
    drop(local.spawn_place(place, leaves()).unwrap());
    let _ = local.tick();
    assert_eq!(local.live(), 0);
    assert!(local.spawn_place(place, leaves()).is_err());
    let waker = KEPT.lock().unwrap().take().unwrap();
    std::thread::spawn(move || waker.wake()).join().unwrap();
    assert!(local.spawn_place(place, leaves()).is_ok());
}

#[test]
fn places_fit_what_they_are_made_for() {
    static HOME: Home<Chip> = Home::new(Chip(ManualClock::new()));
    let local = HOME.claim().unwrap();
    drop(local.spawn_place(task_place!(idle), idle()).unwrap());
    let mut handle = local.spawn_place(task_place!(wide), wide(Wide(0))).unwrap();
    let _ = local.tick();
    assert!(matches!(now(&mut handle), Poll::Ready(Ok(0))), "aligned to 256");
}

#[test]
fn a_forgotten_handle_keeps_only_its_place() {
    static HOME: Home<Chip> = Home::new(Chip(ManualClock::new()));
    let local = HOME.claim().unwrap();
    let place = task_place!(idle);
    std::mem::forget(local.spawn_place(place, idle()).unwrap());
    let _ = local.tick();
    assert_eq!(local.live(), 0);
    assert!(local.spawn_place(place, idle()).is_err());
    drop(local.spawn_place(task_place!(idle), idle()).unwrap());
    let _ = local.tick();
    assert_eq!(local.live(), 0);
}
