//! Models of `Semaphore`: permits on their way to a waiter that goes.
#![cfg(loom)]

use std::{
    boxed::Box,
    pin::pin,
    sync::Arc,
    task::{Poll, Waker},
};

use loom::thread;
use tidemill_core::share::Semaphore;
use tidemill_loom_tests::{Bell, poll};

/// **Who waits finds the permit, or is woken for it.**
///
/// Seen to fail where `serve` grants without taking the waiter out (nobody wakes it).
#[test]
fn a_permit_is_found_or_its_waiter_woken() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let releases = thread::spawn({
            let semaphore = Arc::clone(&semaphore);
            move || semaphore.release(1)
        });
        let (bell, waker) = Bell::new();
        let mut acquire = pin!(semaphore.acquire(1));
        let polled = poll(acquire.as_mut(), &waker);
        releases.join().unwrap();
        match polled {
            Poll::Ready(permit) => drop(permit),
            Poll::Pending => {
                assert_eq!(bell.rung(), 1, "nobody woke the waiter");
                assert!(poll(acquire, Waker::noop()).is_ready());
            }
        }
        assert_eq!(semaphore.permits(), 1);
    });
}

/// **A permit that comes while its waiter goes is passed on to the next, and none is lost.**
///
/// Seen to fail where the drop of an `Acquire` that was granted does not give back, and where it gives back and does not serve.
#[test]
fn a_waiter_goes_while_it_is_granted_a_permit() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let (_, gone) = Bell::new();
        let (bell, waker) = Bell::new();
        let mut goes = Box::pin(semaphore.acquire(1));
        assert!(poll(goes.as_mut(), &gone).is_pending());
        let mut stays = pin!(semaphore.acquire(1));
        assert!(poll(stays.as_mut(), &waker).is_pending());
        let releases = thread::spawn({
            let semaphore = Arc::clone(&semaphore);
            move || semaphore.release(1)
        });
        drop(goes);
        releases.join().unwrap();
        assert_eq!(bell.rung(), 1, "the permit was lost with its waiter");
        assert!(matches!(poll(stays, Waker::noop()), Poll::Ready(Ok(_))));
        assert_eq!(semaphore.permits(), 1);
    });
}

/// **Closed while a permit comes: the waiter has the one or is told the other, and is woken once.**
///
/// Seen to fail where an `Acquire` that was granted looks at the close first (the permit is lost).
#[test]
fn a_semaphore_is_closed_while_a_permit_comes() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let (bell, waker) = Bell::new();
        let mut acquire = Box::pin(semaphore.acquire(1));
        assert!(poll(acquire.as_mut(), &waker).is_pending());
        let closes = thread::spawn({
            let semaphore = Arc::clone(&semaphore);
            move || semaphore.close()
        });
        semaphore.release(1);
        closes.join().unwrap();
        assert_eq!(bell.rung(), 1);
        let Poll::Ready(end) = poll(acquire.as_mut(), Waker::noop()) else {
            panic!("granted or closed, it is at its end")
        };
        assert_eq!(semaphore.permits(), usize::from(end.is_err()));
        drop(end);
        drop(acquire);
        assert_eq!(semaphore.permits(), 1);
    });
}
