//! Models of `Mutex`: the value behind it, and the lock on its way to a waiter that goes.
#![cfg(loom)]

use std::{
    boxed::Box,
    pin::pin,
    sync::Arc,
    task::{Poll, Waker},
};

use loom::thread;
use tidemill_core::share::Mutex;
use tidemill_loom_tests::{Bell, poll};

/// **Two never touch the value at once, and who comes second sees what the first left; or is woken for it.**
///
/// Seen to fail where `unlock` frees the mutex though somebody is in line (two hold it), and where a `Locking` does not set Locked
/// when it finds the mutex free.
#[test]
fn the_value_goes_from_hand_to_hand() {
    loom::model(|| {
        let mutex = Arc::new(Mutex::new(Box::new(0)));
        let other = thread::spawn({
            let mutex = Arc::clone(&mutex);
            move || {
                if let Ok(mut value) = mutex.try_lock() {
                    **value += 1;
                    return 1;
                }
                0
            }
        });
        let (bell, waker) = Bell::new();
        let mut lock = pin!(mutex.lock());
        let polled = poll(lock.as_mut(), &waker);
        let first = match polled {
            Poll::Ready(mut value) => {
                **value += 1;
                drop(value);
                other.join().unwrap()
            }
            Poll::Pending => {
                let first = other.join().unwrap();
                assert_eq!(bell.rung(), 1, "nobody woke the waiter");
                assert!(mutex.try_lock().is_err(), "it is on its way");
                let Poll::Ready(mut value) = poll(lock, Waker::noop()) else {
                    panic!("it was granted")
                };
                **value += 1;
                first
            }
        };
        assert_eq!(**mutex.try_lock().unwrap(), first + 1);
    });
}

/// **A lock that is granted to a waiter that goes is granted to the next.**
///
/// Seen to fail where the drop of a `Locking` that was granted does not unlock.
#[test]
fn a_waiter_goes_while_it_is_granted_the_lock() {
    loom::model(|| {
        let mutex = Arc::new(Mutex::new(()));
        let (_, gone) = Bell::new();
        let (bell, waker) = Bell::new();
        let unlocks = thread::spawn({
            let mutex = Arc::clone(&mutex);
            move || drop(mutex.try_lock())
        });
        let mut goes = Box::pin(mutex.lock());
        let first = poll(goes.as_mut(), &gone);
        let mut stays = pin!(mutex.lock());
        let second = poll(stays.as_mut(), &waker);
        // The guard if there is one, and the place in line if not: granted meanwhile or never.
        drop((first, goes));
        unlocks.join().unwrap();
        if second.is_pending() {
            assert_eq!(bell.rung(), 1, "the lock was lost with its waiter");
            assert!(poll(stays, Waker::noop()).is_ready());
        } else {
            drop(second);
        }
        assert!(mutex.try_lock().is_ok());
    });
}

/// **Of two who wait and go, at the same time as the lock is handed on, neither takes it along.**
///
/// Seen to fail where the drop of a `Locking` that was granted does not unlock, and where who leaves last in line is still taken for
/// the last.
#[test]
fn two_waiters_go_while_the_lock_is_handed_on() {
    loom::model(|| {
        let mutex = Arc::new(Mutex::new(()));
        let leaves = [0; 2].map(|_| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || {
                let mut lock = pin!(mutex.lock());
                drop(poll(lock.as_mut(), &Bell::new().1));
            })
        });
        drop(mutex.try_lock());
        for leaves in leaves {
            leaves.join().unwrap();
        }
        assert!(mutex.try_lock().is_ok(), "who went took the lock along");
    });
}
