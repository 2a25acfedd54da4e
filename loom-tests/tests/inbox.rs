//! Models of `Inbox`: its one word, and the links of the nodes in it.
#![cfg(loom)]
#![expect(unsafe_code, reason = "nodes of a model")]

use std::{ptr::NonNull, sync::Arc};

use loom::thread;
use tidemill_core::{
    sync::{AtomicUsize, Ordering::Relaxed, UnsafeCell},
    wait::{Chain, Inbox, Link, Linked, Push},
};

#[repr(C, align(8))]
struct Node {
    link: Link<Node>,
    value: UnsafeCell<u32>,
}

// SAFETY: the models hand a node over to whoever takes it out of the inbox.
unsafe impl Send for Node {}

// SAFETY: the link stands first.
unsafe impl Linked for Node {
    fn link(node: NonNull<Self>) -> NonNull<Link<Self>> {
        node.cast()
    }
}

/// Pushes a new node of this value. A node that was not taken is freed.
fn push(inbox: &Inbox<Node>, value: u32) -> Push {
    let node = Box::new(Node { link: Link::new(), value: UnsafeCell::new(0) });
    // SAFETY: it is ours until it is pushed.
    node.value.with_mut(|slot| unsafe { *slot = value });
    let node = NonNull::from(Box::leak(node));
    // SAFETY: it is alive until `values` frees it.
    let push = unsafe { inbox.push(node) };
    if push == Push::Closed {
        // SAFETY: it was not taken.
        drop(unsafe { Box::from_raw(node.as_ptr()) });
    }
    push
}

/// Empties a queue, and frees its nodes.
fn values(mut queue: Chain<Node>) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop())
        .map(|node| {
            // SAFETY: it was leaked by `push`, and left the queue just now.
            let node = unsafe { Box::from_raw(node.as_ptr()) };
            // SAFETY: it is ours.
            node.value.with(|slot| unsafe { *slot })
        })
        .collect()
}

fn take(inbox: &Inbox<Node>) -> Vec<u32> {
    // SAFETY: one thread of each model consumes.
    values(unsafe { inbox.take() })
}

/// **Whatever was pushed is taken once, with what it carries, and in the order of each who pushed.**
///
/// Seen to break it: Relaxed for AcqRel in `push`; Relaxed for Acquire in `take`; a store for the swap in `take`.
// async 65
#[test]
fn all_that_is_pushed_is_taken_once_and_in_order() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::<Node>::new());
        assert_eq!(push(&inbox, 0), Push::Quiet);
        let pushers = [10, 20].map(|first| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || {
                for value in first..first + 2 {
                    assert_eq!(push(&inbox, value), Push::Quiet, "nobody sleeps");
                }
            })
        });
        let mut got = take(&inbox);
        got.extend(take(&inbox));
        for pusher in pushers {
            pusher.join().unwrap();
        }
        got.extend(take(&inbox));
        let place = |value: u32| got.iter().position(|&v| v == value).unwrap();
        assert_eq!(got.len(), 5);
        assert!(place(10) < place(11) && place(20) < place(21));
    });
}

/// **Of those who push while the consumer sleeps or goes to sleep, one is told to ring if it sleeps, and none if it did not.**
///
/// Seen to break it: a store for the compare-exchange in `sleep`; no `SLEEPING` case in `push`.
// async 66
#[test]
fn one_push_of_a_sleep_rings() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::<Node>::new());
        let pushers = [1, 2].map(|value| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || usize::from(push(&inbox, value) == Push::Ring))
        });
        // SAFETY: this thread consumes.
        let slept = unsafe { inbox.sleep() };
        let rings: usize = pushers.into_iter().map(|pusher| pusher.join().unwrap()).sum();
        assert_eq!(rings, usize::from(slept));
        let mut got = take(&inbox);
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    });
}

/// **Who is told to ring sees what the consumer did before it slept.**
///
/// Seen to break it: Relaxed for Release in `sleep`; Release alone in `push`.
#[test]
fn who_rings_comes_after_all_that_the_consumer_did_before_it_slept() {
    loom::model(|| {
        let shared = Arc::new((Inbox::<Node>::new(), AtomicUsize::new(0)));
        let pusher = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if push(&shared.0, 1) == Push::Ring {
                    assert_eq!(shared.1.load(Relaxed), 1, "it was not ready to be rung for");
                }
            })
        };
        shared.1.store(1, Relaxed);
        // SAFETY: this thread consumes.
        let _ = unsafe { shared.0.sleep() };
        pusher.join().unwrap();
        assert_eq!(take(&shared.0), [1]);
    });
}

/// **Who wakes by himself gets what came meanwhile, and nobody rings for a sleep that has ended.**
///
/// Seen to break it: a store of EMPTY for the compare-exchange in `wake_up`.
// async 66
#[test]
fn a_sleep_that_ends_by_itself_loses_nothing() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::<Node>::new());
        let pusher = {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || {
                let first = push(&inbox, 1);
                let second = push(&inbox, 2);
                assert!(first == Push::Quiet || second == Push::Quiet, "two rings for one sleep");
            })
        };
        // SAFETY: this thread consumes.
        if unsafe { inbox.sleep() } {
            // SAFETY: this thread consumes.
            unsafe { inbox.wake_up() };
        }
        let mut got = take(&inbox);
        pusher.join().unwrap();
        got.extend(take(&inbox));
        assert_eq!(got, [1, 2]);
    });
}

/// **A push to an inbox that is being closed is either among what the closer gets, or handed back; never lost, never both.**
///
/// Seen to break it: Relaxed for Acquire in `close`; no `CLOSED` case in `push`.
// async 163
#[test]
fn a_closed_inbox_takes_nothing_and_loses_nothing() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::<Node>::new());
        let pushers = [1, 2].map(|value| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || usize::from(push(&inbox, value) != Push::Closed))
        });
        // SAFETY: this thread consumes.
        let got = values(unsafe { inbox.close() });
        let taken: usize = pushers.into_iter().map(|pusher| pusher.join().unwrap()).sum();
        assert_eq!(taken, got.len());
        assert_eq!(push(&inbox, 3), Push::Closed);
        assert_eq!(take(&inbox), []);
    });
}
