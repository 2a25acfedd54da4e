//! Models of the tree of cancel tokens.
#![cfg(loom)]

use std::{pin::pin, sync::Arc};

use loom::thread;
use tidemill_core::{
    error::Fault,
    scope::CancelToken,
    sync::{AtomicUsize, Ordering::Relaxed},
};
use tidemill_loom_tests::{Bell, poll};

/// **A child that is made while its parent is cancelled is cancelled too: taken out by the cancel, or born so.**
///
/// Seen to fail where `child` asks for the reason before it takes the lock of the children.
#[test]
fn a_child_made_beside_a_cancel_is_cancelled() {
    loom::model(|| {
        let root = CancelToken::new();
        let cancels = thread::spawn({
            let root = root.clone();
            move || root.cancel(Fault::Code(1))
        });
        let child = root.child();
        cancels.join().unwrap();
        assert!(child.is_cancelled());
    });
}

/// **Who waits on a child learns of the cancel of its parent, or is woken to learn it.**
///
/// Seen to fail where `Cancel::cancel` does not wake.
#[test]
fn who_waits_below_is_woken() {
    loom::model(|| {
        let root = CancelToken::new();
        let child = root.child();
        let cancels = thread::spawn(move || root.cancel(Fault::Code(1)));
        let (bell, waker) = Bell::new();
        let mut waits = pin!(child.cancelled());
        if poll(waits.as_mut(), &waker).is_pending() {
            cancels.join().unwrap();
            assert_eq!(bell.rung(), 1, "nobody woke who waits");
            assert!(poll(waits, &waker).is_ready());
        }
    });
}

/// **A child whose last handle goes while its parent is cancelled is freed once, and its sibling is cancelled all the same.**
///
/// (loom reports what is never freed.) Seen to fail with a sweep that stops at a child without handles, and with a `revive` that counts a handle
/// where there is none any more.
#[test]
fn a_child_goes_while_its_parent_is_cancelled() {
    loom::model(|| {
        let root = CancelToken::new();
        let (goes, stays) = (root.child(), root.child());
        let cancels = thread::spawn(move || root.cancel(Fault::Code(1)));
        drop(goes);
        cancels.join().unwrap();
        assert!(stays.is_cancelled());
    });
}

/// **Of two cancels one is the first; when either returns, the token that it was asked of is cancelled, and when both have, all below.**
///
/// Seen to fail where `Cancel::cancel` lets go of the lock between its look at the reason and its write, and where it sets the flag after the lock.
#[test]
fn of_two_cancels_one_is_first() {
    loom::model(|| {
        let root = CancelToken::new();
        let child = root.child();
        let cancels = thread::spawn({
            let root = root.clone();
            move || root.cancel(Fault::Code(1))
        });
        let first = root.cancel(Fault::Code(2));
        assert!(root.is_cancelled());
        assert_ne!(cancels.join().unwrap(), first);
        assert!(child.is_cancelled());
    });
}

/// **Who finds a token cancelled sees what was done before the cancel.**
///
/// Seen to fail with Relaxed in `Cancel::cancel`, and in `Cancel::is_cancelled`.
#[test]
fn who_finds_it_cancelled_sees_what_was_done_before() {
    loom::model(|| {
        let (root, done) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
        let cancels = thread::spawn({
            let (root, done) = (root.clone(), Arc::clone(&done));
            move || {
                done.store(1, Relaxed);
                root.cancel(Fault::Code(1));
            }
        });
        if root.is_cancelled() {
            assert_eq!(done.load(Relaxed), 1);
        }
        cancels.join().unwrap();
    });
}
