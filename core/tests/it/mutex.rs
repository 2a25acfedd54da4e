//! `Mutex`: one at a time, first come first served, and from hand to hand.

use std::{
    cell::Cell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    task::{Poll, Waker},
    thread,
};

use tidemill_core::{
    error::{LockedTwice, MutexLocked},
    local,
    lock::{Lock, RawLock, Unlocked},
    share::{Locking, Mutex, MutexGuard},
};

use crate::{
    alloc::allocations,
    bell::{Log, poll},
};

fn waits<'a>(mutex: &'a local::Mutex<u32>, waker: &Waker) -> Pin<Box<Locking<'a, u32, Unlocked>>> {
    let mut lock = Box::pin(mutex.lock());
    assert!(poll(lock.as_mut(), waker).is_pending());
    lock
}

fn ready<'a, T, L: RawLock>(lock: Pin<&mut Locking<'a, T, L>>) -> MutexGuard<'a, T, L> {
    match poll(lock, Waker::noop()) {
        Poll::Ready(guard) => guard,
        Poll::Pending => panic!("it is ours"),
    }
}

#[test]
fn the_lock_goes_from_hand_to_hand_in_the_order_of_asking() {
    let (mutex, log) = (local::Mutex::new_in(0), Log::default());
    let guard = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..3).map(|n| waits(&mutex, &log.bell(n.to_string()))).collect();
    drop(guard);
    for (n, next) in line.iter_mut().enumerate() {
        assert_eq!(log.take(), [n.to_string()]);
        // It is on its way: nobody comes in between.
        assert_eq!(mutex.try_lock().err(), Some(MutexLocked));
        let late = waits(&mutex, Waker::noop());
        let mut guard = ready(next.as_mut());
        drop(late);
        *guard += 1;
    }
    assert_eq!(*mutex.try_lock().unwrap(), 3);
}

#[test]
fn a_lock_that_was_granted_to_who_is_dropped_goes_to_the_next() {
    let (mutex, log) = (local::Mutex::new_in(0), Log::default());
    let guard = mutex.try_lock().unwrap();
    let (first, left) = (waits(&mutex, &log.bell("first")), waits(&mutex, &log.bell("left")));
    let mut second = waits(&mutex, &log.bell("second"));
    drop(left);
    drop(guard);
    assert_eq!(log.take(), ["first"]);
    drop(first);
    assert_eq!(log.take(), ["second"]);
    drop(ready(second.as_mut()));
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn a_panic_unlocks_and_leaves_the_value_as_it_was() {
    let mutex = Mutex::new(0);
    let panics = catch_unwind(AssertUnwindSafe(|| {
        *mutex.try_lock().unwrap() = 7;
        let _guard = mutex.try_lock().unwrap();
        panic!("while it is locked");
    }));
    assert!(panics.is_err());
    assert_eq!(mutex.into_inner(), 7);
}

#[test]
fn who_has_it_alone_needs_no_lock() {
    let value = Rc::new(());
    let mut mutex = local::Mutex::new_in(vec![value.clone()]);
    mem::forget(mutex.try_lock().unwrap());
    assert_eq!(format!("{mutex:?}"), "Mutex(<locked>)");
    mutex.get_mut().push(value.clone());
    assert_eq!(mutex.into_inner().len(), 2);
    assert_eq!(Rc::strong_count(&value), 1);
    drop(local::Mutex::new_in(value.clone()));
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_forgotten_guard_keeps_its_lock_and_breaks_nothing() {
    let (mutex, log) = (local::Mutex::new_in(0), Log::default());
    mem::forget(waits_behind_nobody(&mutex));
    mem::forget(waits(&mutex, &log.bell("forgotten")));
    let moved = Box::new(mutex);
    let waiting = waits(&moved, &log.bell("waiting"));
    drop(waiting);
    assert!(log.take().is_empty());
}

fn waits_behind_nobody(mutex: &local::Mutex<u32>) -> MutexGuard<'_, u32, Unlocked> {
    ready(pin!(mutex.lock()))
}

#[test]
fn guards_are_sent_and_shared_where_a_mutable_reference_is() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    sync::<Mutex<Cell<u8>>>();
    send::<MutexGuard<'static, Cell<u8>>>();
    sync::<MutexGuard<'static, u8>>();
    send::<local::Mutex<u8>>();
}

#[test]
fn many_threads_count_one_at_a_time() {
    static TOTAL: Mutex<usize> = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..500 {
                    // Every third gives up after it began to wait.
                    if round % 3 == 0 {
                        let _ = poll(pin!(TOTAL.lock()), Waker::noop());
                    }
                    let mut lock = pin!(TOTAL.lock());
                    let mut guard = loop {
                        match poll(lock.as_mut(), Waker::noop()) {
                            Poll::Ready(guard) => break guard,
                            Poll::Pending => thread::yield_now(),
                        }
                    };
                    let seen = *guard;
                    *guard = seen + 1;
                }
            });
        }
    });
    assert_eq!(*TOTAL.try_lock().unwrap(), 2000);
}

#[test]
fn a_task_that_locks_it_twice_is_told_and_one_that_waits_for_another_is_not() {
    let (mutex, log) = (local::Mutex::new_in(0), Log::default());
    let (first, second) = (log.bell("first"), log.bell("second"));
    let Poll::Ready(guard) = poll(pin!(mutex.lock()), &first) else { panic!("it is free") };
    for _ in 0..2 {
        let again = poll(pin!(mutex.lock_once()), &first);
        assert!(matches!(again, Poll::Ready(Err(LockedTwice))));
    }
    // Another task waits, and has it then.
    let mut waits = pin!(mutex.lock_once());
    assert!(poll(waits.as_mut(), &second).is_pending());
    drop(guard);
    assert_eq!(log.take(), ["second"]);
    let mut returns = pin!(mutex.lock_once());
    assert!(poll(returns.as_mut(), &first).is_pending(), "it is on its way to another");
    let Poll::Ready(Ok(guard)) = poll(waits, &second) else { panic!("it was granted") };
    assert!(matches!(poll(pin!(mutex.lock_once()), &second), Poll::Ready(Err(LockedTwice))));
    drop(guard);
    let Poll::Ready(Ok(guard)) = poll(returns, &first) else { panic!("it was granted") };
    drop(guard);
    // Nobody has it, or nobody who is known.
    assert!(matches!(poll(pin!(mutex.lock_once()), &first), Poll::Ready(Ok(_))));
    let _guard = mutex.try_lock().unwrap();
    assert!(poll(pin!(mutex.lock_once()), &first).is_pending());
    assert!(poll(pin!(mutex.lock_once()), Waker::noop()).is_pending());
}

#[test]
fn parts_of_one_task_that_run_beside_each_other_wait_for_each_other_with_lock() {
    let (mutex, log) = (local::Mutex::new_in(0), Log::default());
    let task = log.bell("task");
    let Poll::Ready(guard) = poll(pin!(mutex.lock()), &task) else { panic!("it is free") };
    let mut beside = pin!(mutex.lock());
    assert!(poll(beside.as_mut(), &task).is_pending());
    // One that was not held by its task when it asked keeps its place.
    let other = log.bell("other");
    let mut once = pin!(mutex.lock_once());
    assert!(poll(once.as_mut(), &other).is_pending());
    drop(guard);
    let Poll::Ready(guard) = poll(beside, &other) else { panic!("it was granted") };
    assert!(poll(once.as_mut(), &other).is_pending());
    drop(guard);
    assert!(matches!(poll(once, &other), Poll::Ready(Ok(_))));
    // A waker that tells nobody from another.
    let Poll::Ready(_guard) = poll(pin!(mutex.lock()), Waker::noop()) else { panic!("it is free") };
    assert!(poll(pin!(mutex.lock_once()), Waker::noop()).is_pending());
}

#[test]
fn locking_allocates_nothing() {
    fn whole_life<L: RawLock>() {
        let mutex = Mutex::<u32, L>::new_in(1);
        let guard = ready(pin!(mutex.lock()));
        let mut waits = pin!(mutex.lock());
        assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
        drop(guard);
        *ready(waits) += 1;
    }
    assert_eq!(allocations(whole_life::<Lock>), 0);
    assert_eq!(allocations(whole_life::<Unlocked>), 0);
}
