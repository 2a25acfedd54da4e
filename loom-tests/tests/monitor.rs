//! Models of `Monitor`: errors on their way up a tree whose streams, children and handles come and go.
#![cfg(loom)]

use std::{boxed::Box, pin::pin, task::Poll};

use loom::thread;
use tidemill_core::{context::Monitor, error::Fault};
use tidemill_loom_tests::{Bell, poll};

/// **An error that is sent as the stream that detaches goes is read there or goes on to the parent: never neither, never both.**
///
/// Seen to fail where a stream that goes does not send on what it has not read, and where it takes that out under one lock and leaves
/// under another.
#[test]
fn a_stream_goes_as_an_error_comes() {
    loom::model(|| {
        let top = Monitor::top();
        let mut above = top.detach();
        let monitor = top.child();
        let mut errors = monitor.detach();
        let sends = thread::spawn({
            let monitor = monitor.clone();
            move || monitor.send_error(Fault::Code(1))
        });
        let here = usize::from(errors.try_next().is_some());
        drop(errors);
        sends.join().unwrap();
        let there = std::iter::from_fn(|| above.try_next()).count();
        assert_eq!(here + there, 1);
        assert!(monitor.failed().is_none());
    });
}

/// **Who waits for a tree to fail learns of an error that is sent below, though children are made and go, and streams with them.**
///
/// Seen to fail where `Node::carry` wakes nobody, where it goes on to the parent before it has told its own node, and where `has_fallen` wakes before it
/// stores.
#[test]
fn a_tree_fails_while_its_children_come_and_go() {
    loom::model(|| {
        let top = Monitor::top();
        let sends = thread::spawn({
            let below = top.child();
            move || below.send_error(Fault::Code(1))
        });
        let changes = thread::spawn({
            let monitor = top.clone();
            move || {
                let child = monitor.child();
                drop(monitor.errors());
                drop((monitor, child));
            }
        });
        let (bell, waker) = Bell::new();
        let mut failing = Box::pin(top.failing());
        let polled = poll(failing.as_mut(), &waker);
        sends.join().unwrap();
        changes.join().unwrap();
        if polled.is_pending() {
            assert!(bell.rung() > 0, "nobody told who waits for the failure");
            assert!(top.has_failed(), "told before it has");
            assert!(poll(failing.as_mut(), &waker).is_ready());
        }
        assert!(top.failed().is_some());
    });
}

/// **A stream ends when the last handle goes, and not before it has given what was sent through any of them.**
///
/// Seen to fail with a load and a store in place of the subtraction in the drop of a `Monitor` (nobody is the last).
#[test]
fn the_last_handle_goes_after_an_error() {
    loom::model(|| {
        let monitor = Monitor::top();
        let mut errors = monitor.detach();
        let sends = thread::spawn({
            let monitor = monitor.clone();
            move || monitor.send_error(Fault::Code(1))
        });
        drop(monitor);
        let mut polled = poll(pin!(errors.next()), &Bell::new().1);
        sends.join().unwrap();
        if polled.is_pending() {
            polled = poll(pin!(errors.next()), &Bell::new().1);
        }
        assert!(matches!(polled, Poll::Ready(Some(_))), "the end came before the error");
        assert!(matches!(poll(pin!(errors.next()), &Bell::new().1), Poll::Ready(None)));
    });
}

/// **Who reads on learns of the end when the last of two handles goes, whichever that is.**
///
/// Seen to fail with a load and a store in place of the subtraction, and where the drop of the last handle wakes nobody.
#[test]
fn the_last_handle_wakes_who_reads() {
    loom::model(|| {
        let monitor = Monitor::top();
        let mut errors = monitor.errors();
        let goes = [monitor.clone(), monitor].map(|handle| thread::spawn(move || drop(handle)));
        let (bell, waker) = Bell::new();
        let mut next = pin!(errors.next());
        let polled = poll(next.as_mut(), &waker);
        for goes in goes {
            goes.join().unwrap();
        }
        if polled.is_pending() {
            assert_eq!(bell.rung(), 1, "nobody told the reader");
            assert!(matches!(poll(next, &waker), Poll::Ready(None)));
        }
    });
}
