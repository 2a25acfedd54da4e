//! `Semaphore`: permits in the order of asking, and back again however their waiter goes.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Poll, Wake, Waker},
};

use tidemill_core::{
    error::{SemaphoreClosed, TryAcquireError},
    local,
    lock::{Lock, RawLock, Unlocked},
    share::{Acquire, Permit, Semaphore},
};

use crate::{
    alloc::allocations,
    bell::{Log, poll},
};

type Waits<'a> = Pin<Box<Acquire<'a, Unlocked>>>;

/// Waits in line, with a waker that says `word`.
fn waits<'a>(semaphore: &'a local::Semaphore, n: usize, log: &Log, word: &str) -> Waits<'a> {
    let mut acquire = Box::pin(semaphore.acquire(n));
    assert!(poll(acquire.as_mut(), &log.bell(word)).is_pending());
    acquire
}

fn ready<'a>(acquire: &mut Waits<'a>) -> Permit<'a, Unlocked> {
    match poll(acquire.as_mut(), Waker::noop()) {
        Poll::Ready(permit) => permit.expect("it is open"),
        Poll::Pending => panic!("it was granted"),
    }
}

#[test]
fn who_wants_many_is_not_overtaken_by_who_wants_few() {
    let (semaphore, log) = (local::Semaphore::new_in(2), Log::default());
    let mut three = waits(&semaphore, 3, &log, "three");
    let mut one = waits(&semaphore, 1, &log, "one");
    assert_eq!(semaphore.try_acquire(1).err(), Some(TryAcquireError::NoPermits));
    semaphore.release(1);
    assert_eq!((log.take(), semaphore.permits()), (vec!["three".to_string()], 0));
    let permit = ready(&mut three);
    assert_eq!(permit.count(), 3);
    assert!(poll(one.as_mut(), &log.bell("one")).is_pending());
    drop(permit);
    assert_eq!((log.take(), semaphore.permits()), (vec!["one".to_string()], 2));
    drop(ready(&mut one));
    assert_eq!(semaphore.permits(), 3);
}

#[test]
fn permits_that_were_granted_to_who_is_dropped_go_to_the_next() {
    let (semaphore, log) = (local::Semaphore::new_in(0), Log::default());
    let first = waits(&semaphore, 2, &log, "first");
    let mut second = waits(&semaphore, 1, &log, "second");
    let mut third = waits(&semaphore, 1, &log, "third");
    semaphore.release(2);
    assert_eq!(log.take(), ["first"]);
    drop(first);
    assert_eq!(log.take(), ["second", "third"]);
    drop((ready(&mut second), ready(&mut third)));
    assert_eq!(semaphore.permits(), 2);
}

#[test]
fn who_leaves_the_head_of_the_line_lets_the_others_go() {
    let (semaphore, log) = (local::Semaphore::new_in(1), Log::default());
    let greedy = waits(&semaphore, 5, &log, "greedy");
    let mut modest = waits(&semaphore, 1, &log, "modest");
    drop(greedy);
    assert_eq!((log.take(), semaphore.permits()), (vec!["modest".to_string()], 0));
    assert_eq!(ready(&mut modest).count(), 1);
    assert_eq!(semaphore.permits(), 1);
}

#[test]
fn an_acquire_that_was_not_polled_or_has_its_permit_owes_nothing_when_it_is_dropped() {
    let semaphore = local::Semaphore::new_in(1);
    drop(semaphore.acquire(1));
    let mut acquire = Box::pin(semaphore.acquire(1));
    let permit = ready(&mut acquire);
    drop(acquire);
    assert_eq!(semaphore.permits(), 0);
    drop(permit);
    assert_eq!(semaphore.permits(), 1);
}

#[test]
fn more_waiters_than_a_batch_holds_are_all_served_in_order() {
    let (semaphore, log) = (local::Semaphore::new_in(0), Log::default());
    let mut line: Vec<_> = (0..50).map(|n| waits(&semaphore, 1, &log, &n.to_string())).collect();
    semaphore.release(49);
    assert_eq!(log.take(), (0..49).map(|n| n.to_string()).collect::<Vec<_>>());
    let permits: Vec<_> = line.iter_mut().take(49).map(ready).collect();
    drop(permits);
    assert_eq!((log.take(), semaphore.permits()), (vec!["49".to_string()], 48));
}

#[test]
fn closing_turns_away_who_waits_and_leaves_permits_good() {
    let (semaphore, log) = (local::Semaphore::new_in(1), Log::default());
    let permit = semaphore.try_acquire(1).unwrap();
    let mut granted = waits(&semaphore, 1, &log, "granted");
    let mut waiting = waits(&semaphore, 1, &log, "turned away");
    drop(permit);
    semaphore.close();
    assert_eq!(log.take(), ["granted", "turned away"]);
    let permit = ready(&mut granted);
    assert!(matches!(poll(waiting.as_mut(), Waker::noop()), Poll::Ready(Err(SemaphoreClosed))));
    drop(permit);
    assert_eq!(semaphore.try_acquire(1).err(), Some(TryAcquireError::Closed));
    let mut late = pin!(semaphore.acquire(1));
    assert!(matches!(poll(late.as_mut(), Waker::noop()), Poll::Ready(Err(SemaphoreClosed))));
    assert_eq!((semaphore.is_closed(), semaphore.permits()), (true, 1));
}

#[test]
fn permits_are_split_and_forgotten() {
    let semaphore = Semaphore::new(5);
    let mut permit = semaphore.try_acquire(4).unwrap();
    let part = permit.split(3).unwrap();
    assert!(permit.split(2).is_none());
    assert_eq!((permit.count(), part.count()), (1, 3));
    part.forget();
    drop(permit);
    assert_eq!(semaphore.permits(), 2);
    semaphore.release(usize::MAX);
    assert_eq!(semaphore.permits(), usize::MAX);
}

#[test]
fn none_is_granted_at_once_and_waits_its_turn() {
    let (semaphore, log) = (local::Semaphore::new_in(0), Log::default());
    assert_eq!(semaphore.try_acquire(0).unwrap().count(), 0);
    let _one = waits(&semaphore, 1, &log, "one");
    let _none = waits(&semaphore, 0, &log, "none");
    semaphore.release(1);
    assert_eq!(log.take(), ["one", "none"]);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_does_not_cost_the_others_their_permits() {
    let (semaphore, log) = (local::Semaphore::new_in(0), Log::default());
    let mut line: Vec<_> = (0..40).map(|_| Box::pin(semaphore.acquire(1))).collect();
    for (n, acquire) in line.iter_mut().enumerate() {
        let waker = if n == 5 { Waker::from(Arc::new(Panics)) } else { log.bell("granted") };
        assert!(poll(acquire.as_mut(), &waker).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| semaphore.release(40))).is_err());
    assert_eq!(log.take().len(), 39);
    assert_eq!(semaphore.permits(), 0);
    drop(line);
    assert_eq!(semaphore.permits(), 40);
}

#[test]
fn a_forgotten_waiter_keeps_its_permits_and_no_others() {
    let (semaphore, log) = (local::Semaphore::new_in(0), Log::default());
    mem::forget(waits(&semaphore, 1, &log, "forgotten"));
    let semaphore = Box::new(semaphore);
    let mut other = waits(&semaphore, 1, &log, "other");
    semaphore.release(2);
    assert_eq!(log.take(), ["forgotten", "other"]);
    drop(ready(&mut other));
    assert_eq!(semaphore.permits(), 1);
}

#[test]
fn waiting_and_releasing_allocate_nothing() {
    fn whole_life<L: RawLock>() {
        let semaphore = Semaphore::<L>::new_in(0);
        let (mut one, mut two) = (pin!(semaphore.acquire(1)), pin!(semaphore.acquire(2)));
        assert!(poll(one.as_mut(), Waker::noop()).is_pending());
        assert!(poll(two.as_mut(), Waker::noop()).is_pending());
        semaphore.release(3);
        assert!(poll(one, Waker::noop()).is_ready() && poll(two, Waker::noop()).is_ready());
        assert_eq!(semaphore.permits(), 3);
    }
    assert_eq!(allocations(whole_life::<Lock>), 0);
    assert_eq!(allocations(whole_life::<Unlocked>), 0);
}
