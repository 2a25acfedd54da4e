//! `Condition` and `Bvar`: news for who waits now, and for nobody later.

use std::{
    cell::{Cell, RefCell},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Poll, Wake, Waker},
};

use tidemill_core::{
    local,
    lock::{Lock, RawLock, Unlocked},
    share::{Broadcast, Bvar, Condition, Told},
};

use crate::{
    alloc::allocations,
    bell::{Event, Log, hooked, poll},
};

fn waits<'a>(condition: &'a local::Condition, waker: &Waker) -> Pin<Box<Told<'a, Unlocked>>> {
    let mut told = Box::pin(condition.wait());
    assert!(poll(told.as_mut(), waker).is_pending());
    told
}

// async 34
#[test]
fn a_signal_without_a_waiter_is_lost_and_with_waiters_goes_to_the_first() {
    let (condition, log) = (local::Condition::new_in(), Log::default());
    let early = condition.wait();
    condition.signal();
    condition.broadcast();
    // In line from the first poll on: it has heard nothing.
    assert!(poll(pin!(early), Waker::noop()).is_pending());
    let mut first = waits(&condition, &log.bell("first"));
    let mut second = waits(&condition, &log.bell("second"));
    condition.signal();
    assert_eq!(log.take(), ["first"]);
    assert!(poll(first.as_mut(), Waker::noop()).is_ready());
    // It waits again, behind the other.
    assert!(poll(first.as_mut(), &log.bell("first again")).is_pending());
    condition.signal();
    condition.signal();
    assert_eq!(log.take(), ["second", "first again"]);
    assert!(poll(second.as_mut(), Waker::noop()).is_ready());
}

#[test]
fn a_broadcast_tells_all_who_wait_now_in_order() {
    let (condition, log) = (local::Condition::new_in(), Log::default());
    let mut line: Vec<_> = (0..40).map(|n| waits(&condition, &log.bell(n.to_string()))).collect();
    condition.broadcast();
    assert_eq!(log.take(), (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    let late = waits(&condition, &log.bell("late"));
    assert!(line.iter_mut().all(|told| poll(told.as_mut(), Waker::noop()).is_ready()));
    assert!(log.take().is_empty());
    drop(late);
}

#[test]
fn a_broadcast_ends_though_each_who_is_woken_waits_again() {
    static CHANGED: Condition = Condition::new();
    thread_local! {
        static WOKEN: Cell<usize> = const { Cell::new(0) };
        static LINE: RefCell<Vec<Pin<Box<Told<'static>>>>> = const { RefCell::new(Vec::new()) };
    }
    fn again(event: Event) {
        if event == Event::Wake {
            WOKEN.set(WOKEN.get() + 1);
            assert!(WOKEN.get() <= 40, "who joins during a broadcast is not told by it");
            let mut told = Box::pin(CHANGED.wait());
            assert!(poll(told.as_mut(), &hooked(again)).is_pending());
            LINE.with_borrow_mut(|line| line.push(told));
        }
    }
    let mut first: Vec<_> = (0..40).map(|_| Box::pin(CHANGED.wait())).collect();
    for told in &mut first {
        assert!(poll(told.as_mut(), &hooked(again)).is_pending());
    }
    CHANGED.broadcast();
    assert_eq!((WOKEN.get(), LINE.take().len()), (40, 40));
}

#[test]
fn a_signal_to_who_is_dropped_goes_to_the_next_and_a_broadcast_does_not() {
    let (condition, log) = (local::Condition::new_in(), Log::default());
    let first = waits(&condition, &log.bell("first"));
    let second = waits(&condition, &log.bell("second"));
    condition.signal();
    drop(first);
    assert_eq!(log.take(), ["first", "second"]);
    condition.broadcast();
    let third = waits(&condition, &log.bell("third"));
    condition.broadcast();
    let fourth = waits(&condition, &log.bell("fourth"));
    assert_eq!(log.take(), ["third"]);
    drop(third);
    assert!(log.take().is_empty());
    // A signal that was passed on once is passed on again.
    drop(second);
    assert_eq!(log.take(), ["fourth"]);
    drop(fourth);
}

#[test]
fn who_was_told_and_has_heard_it_owes_nothing_to_one_that_was_forgotten() {
    let (condition, log) = (local::Condition::new_in(), Log::default());
    let mut first = waits(&condition, &log.bell("first"));
    let second = waits(&condition, &log.bell("second"));
    condition.signal();
    assert!(poll(first.as_mut(), Waker::noop()).is_ready());
    drop(first);
    assert_eq!(log.take(), ["first"]);
    mem::forget(second);
    drop(Box::new(condition));
}

fn waits_for<'a, T>(
    bvar: &'a local::Bvar<T>,
    waker: &Waker,
) -> Pin<Box<Broadcast<'a, T, Unlocked>>> {
    let mut wait = Box::pin(bvar.wait());
    assert!(poll(wait.as_mut(), waker).is_pending());
    wait
}

// async 34
#[test]
fn a_broadcast_gives_its_value_to_who_waits_now_and_to_nobody_later() {
    let (bvar, log) = (local::Bvar::new_in(), Log::default());
    bvar.broadcast(1);
    let mut line: Vec<_> = (0..20).map(|n| waits_for(&bvar, &log.bell(n.to_string()))).collect();
    assert!(bvar.has_waiters());
    bvar.broadcast(2);
    bvar.broadcast(3);
    assert_eq!(log.take(), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
    for wait in &mut line {
        assert_eq!(poll(wait.as_mut(), Waker::noop()), Poll::Ready(2));
        assert_eq!(poll(wait.as_mut(), Waker::noop()), Poll::Pending);
    }
    bvar.broadcast(4);
    for wait in &mut line {
        assert_eq!(poll(wait.as_mut(), Waker::noop()), Poll::Ready(4));
    }
    assert!(!bvar.has_waiters());
}

#[test]
fn a_value_is_cloned_for_each_who_waits_and_dropped_with_who_does_not_fetch_it() {
    let (bvar, value) = (local::Bvar::new_in(), Rc::new(()));
    let (fetches, left) = (waits_for(&bvar, Waker::noop()), waits_for(&bvar, Waker::noop()));
    drop(left);
    let dropped = waits_for(&bvar, Waker::noop());
    bvar.broadcast(value.clone());
    assert_eq!(Rc::strong_count(&value), 3);
    drop(dropped);
    assert_eq!(Rc::strong_count(&value), 2);
    let mut fetches = fetches;
    assert_eq!(poll(fetches.as_mut(), Waker::noop()), Poll::Ready(value.clone()));
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_broadcast_ends_though_who_is_woken_waits_for_the_next() {
    static NEWS: Bvar<u8> = Bvar::new();
    thread_local! {
        static WOKEN: Cell<usize> = const { Cell::new(0) };
        static LINE: RefCell<Vec<Pin<Box<Broadcast<'static, u8>>>>> = const { RefCell::new(Vec::new()) };
    }
    fn again(event: Event) {
        if event == Event::Wake {
            WOKEN.set(WOKEN.get() + 1);
            assert!(WOKEN.get() <= 2, "who joins during a broadcast is not given its value");
            let mut wait = Box::pin(NEWS.wait());
            assert!(poll(wait.as_mut(), &hooked(again)).is_pending());
            LINE.with_borrow_mut(|line| line.push(wait));
        }
    }
    let (mut one, mut two) = (pin!(NEWS.wait()), pin!(NEWS.wait()));
    assert!(poll(one.as_mut(), &hooked(again)).is_pending());
    assert!(poll(two.as_mut(), &hooked(again)).is_pending());
    NEWS.broadcast(1);
    assert_eq!((WOKEN.get(), LINE.take().len()), (2, 2));
    assert_eq!(
        (poll(one, Waker::noop()), poll(two, Waker::noop())),
        (Poll::Ready(1), Poll::Ready(1))
    );
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_does_not_cost_the_others_their_news() {
    let (condition, bvar, log) =
        (local::Condition::new_in(), local::Bvar::new_in(), Log::default());
    let panics = Waker::from(Arc::new(Panics));
    let waker = |n| if n == 3 { panics.clone() } else { log.bell("told") };
    let _told: Vec<_> = (0..40).map(|n| waits(&condition, &waker(n))).collect();
    assert!(catch_unwind(AssertUnwindSafe(|| condition.broadcast())).is_err());
    assert_eq!(log.take().len(), 39);
    let _given: Vec<_> = (0..40).map(|n| waits_for(&bvar, &waker(n))).collect();
    assert!(catch_unwind(AssertUnwindSafe(|| bvar.broadcast(1))).is_err());
    assert_eq!(log.take().len(), 39);
}

#[test]
fn waiting_for_news_allocates_nothing() {
    fn whole_life<L: RawLock>() {
        let (condition, bvar) = (Condition::<L>::new_in(), Bvar::<u32, L>::new_in());
        let (mut told, mut given) = (pin!(condition.wait()), pin!(bvar.wait()));
        assert!(poll(told.as_mut(), Waker::noop()).is_pending());
        assert!(poll(given.as_mut(), Waker::noop()).is_pending());
        condition.signal();
        bvar.broadcast(7);
        assert!(poll(told, Waker::noop()).is_ready() && poll(given, Waker::noop()).is_ready());
    }
    assert_eq!(allocations(whole_life::<Lock>), 0);
    assert_eq!(allocations(whole_life::<Unlocked>), 0);
}
