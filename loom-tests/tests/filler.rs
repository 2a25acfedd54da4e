//! Models of `Filler`: the count of those who may fill, and the last to go. And of a read that shares its Ivar.
#![cfg(loom)]

use std::{boxed::Box, future::IntoFuture, pin::pin, task::Poll};

use loom::thread;
use tidemill_core::{
    error::{Abandoned, Filled},
    ivar,
};
use tidemill_loom_tests::{Bell, poll};

/// **Of two fillers that go at once one is the last: the reader is told, and not before both are gone.**
///
/// Seen to fail where `remove_filler` counts outside of the lock (nobody is the last).
#[test]
fn the_last_filler_to_go_abandons_the_readers() {
    loom::model(|| {
        let (filler, deferred) = ivar::channel::<u32>();
        let other = filler.clone();
        let (bell, waker) = Bell::new();
        let mut read = pin!(deferred.read());
        assert!(poll(read.as_mut(), &waker).is_pending());
        let goes = thread::spawn(move || drop(other.clone()));
        drop(filler);
        goes.join().unwrap();
        assert_eq!(bell.rung(), 1, "nobody told the reader");
        assert_eq!(poll(read, &waker), Poll::Ready(Err(Abandoned)));
    });
}

/// **A filler that goes takes nothing from another that fills: the value is there.**
///
/// Seen to fail where every filler that goes closes (the value is handed back).
#[test]
fn a_filler_goes_while_another_fills() {
    loom::model(|| {
        let (filler, deferred) = ivar::channel::<Box<u32>>();
        let other = filler.clone();
        let (bell, waker) = Bell::new();
        let mut waits = Box::pin(deferred.into_future());
        let polled = poll(waits.as_mut(), &waker);
        assert!(polled.is_pending());
        let goes = thread::spawn(move || drop(other));
        assert!(filler.fill(Box::new(7)).is_ok(), "another took it");
        goes.join().unwrap();
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(waits.as_mut(), &waker), Poll::Ready(Ok(Box::new(7))));
    });
}

/// **A wait by value goes while its Ivar is filled by the only other share: whoever is last drops the value, once.**
///
/// Seen to fail where a waiter that is dropped does not leave its line.
#[test]
fn the_last_share_goes_while_the_ivar_is_filled() {
    loom::model(|| {
        let (filler, deferred) = ivar::channel::<Box<u32>>();
        let (_bell, waker) = Bell::new();
        let mut waits = Box::pin(deferred.into_future());
        assert!(poll(waits.as_mut(), &waker).is_pending());
        let fills = thread::spawn(move || assert!(filler.fill(Box::new(7)).is_ok()));
        drop(waits);
        fills.join().unwrap();
    });
}

/// **A value that is moved is whole where it arrives, and a reader that goes at the same time harms nobody.**
///
/// Seen to fail with Relaxed in `Word::settle` (the value is read before it is written).
#[test]
fn the_reader_of_a_once_goes_while_it_is_filled() {
    loom::model(|| {
        let (filler, once) = ivar::once::<Box<u32>>();
        let (_bell, waker) = Bell::new();
        let mut once = Box::pin(once);
        let fills = thread::spawn(move || filler.fill(Box::new(7)));
        let polled = poll(once.as_mut(), &waker);
        drop(once);
        match fills.join().unwrap() {
            Err(Filled(value)) => assert!(*value == 7 && polled.is_pending()),
            Ok(()) => assert!(polled.is_pending() || polled == Poll::Ready(Ok(Box::new(7)))),
        }
    });
}
