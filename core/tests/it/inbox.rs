//! The inbox and the chain: order, sleep, rings and closing, on one thread and on several.

#![expect(unsafe_code, reason = "nodes and their queue are the test's own")]

use std::{cell::Cell, ptr::NonNull, thread};

use tidemill_core::wait::{Chain, Inbox, Link, Linked, Push};

#[repr(C, align(8))]
struct Node {
    link: Link<Node>,
    value: Cell<usize>,
}

// SAFETY: the link stands first, and nothing else uses it.
unsafe impl Linked for Node {
    fn link(node: NonNull<Self>) -> NonNull<Link<Self>> {
        node.cast()
    }
}

// SAFETY: a node is handed over whole.
unsafe impl Send for Node {}

fn node(value: usize) -> NonNull<Node> {
    NonNull::from(Box::leak(Box::new(Node { link: Link::new(), value: Cell::new(value) })))
}

fn free(node: NonNull<Node>) -> usize {
    // SAFETY: it is from `node`, and in no queue any more.
    unsafe { Box::from_raw(node.as_ptr()) }.value.get()
}

fn push(inbox: &Inbox<Node>, value: usize) -> Push {
    let node = node(value);
    // SAFETY: it is alive until it is freed below, or by `values`.
    let push = unsafe { inbox.push(node) };
    if push == Push::Closed {
        free(node);
    }
    push
}

fn values(mut queue: Chain<Node>) -> Vec<usize> {
    std::iter::from_fn(|| queue.pop()).map(free).collect()
}

fn take(inbox: &Inbox<Node>) -> Vec<usize> {
    // SAFETY: each test consumes on one thread.
    values(unsafe { inbox.take() })
}

#[test]
fn what_is_pushed_is_taken_in_order_and_once() {
    let inbox = Inbox::new();
    assert_eq!(take(&inbox), []);
    for value in 0..5 {
        assert_eq!(push(&inbox, value), Push::Quiet);
    }
    assert_eq!(take(&inbox), [0, 1, 2, 3, 4]);
    assert_eq!(take(&inbox), []);
}

#[test]
fn the_first_push_of_a_sleep_rings_and_ends_it() {
    let inbox = Inbox::new();
    // SAFETY: this test is the one consumer.
    assert!(unsafe { inbox.sleep() });
    assert_eq!([push(&inbox, 1), push(&inbox, 2)], [Push::Ring, Push::Quiet]);
    // SAFETY: as above.
    assert!(!unsafe { inbox.sleep() }, "there is work");
    assert_eq!(take(&inbox), [1, 2]);
    // SAFETY: as above.
    assert!(unsafe { inbox.sleep() });
    // SAFETY: as above.
    unsafe { inbox.wake_up() };
    assert_eq!(push(&inbox, 3), Push::Quiet, "awake again");
    // SAFETY: as above.
    unsafe { inbox.wake_up() };
    assert_eq!(take(&inbox), [3]);
}

// async 163
#[test]
fn a_closed_inbox_hands_back() {
    let inbox = Inbox::new();
    assert_eq!(push(&inbox, 1), Push::Quiet);
    // SAFETY: this test is the one consumer.
    assert_eq!(values(unsafe { inbox.close() }), [1]);
    assert_eq!(push(&inbox, 2), Push::Closed);
    assert_eq!(take(&inbox), []);
    // SAFETY: as above.
    assert!(!unsafe { inbox.sleep() }, "a closed inbox does not sleep");
    // SAFETY: as above.
    assert_eq!(values(unsafe { inbox.close() }), []);
}

#[test]
fn chains_join_in_order() {
    let (mut first, mut second) = (Chain::new(), Chain::new());
    assert!(first.is_empty() && first.pop().is_none());
    for value in 0..3 {
        // SAFETY: it is new, and freed by `values`.
        unsafe { first.push(node(value)) };
        // SAFETY: as above.
        unsafe { second.push(node(10 + value)) };
    }
    first.append(second);
    first.append(Chain::new());
    assert_eq!(first.pop().map(free), Some(0));
    assert_eq!(values(first), [1, 2, 10, 11, 12]);
}

// async 65
#[test]
fn many_threads_push_and_one_takes_all_in_the_order_of_each() {
    const EACH: usize = 2000;
    let inbox = Inbox::new();
    let mut got = Vec::new();
    thread::scope(|scope| {
        for pusher in 0..3 {
            let inbox = &inbox;
            scope.spawn(move || {
                for value in 0..EACH {
                    assert_eq!(push(inbox, pusher * EACH + value), Push::Quiet);
                }
            });
        }
        while got.len() < 3 * EACH {
            got.extend(take(&inbox));
            thread::yield_now();
        }
    });
    for pusher in 0..3 {
        let of_it: Vec<_> = got.iter().filter(|&&value| value / EACH == pusher).collect();
        assert!(of_it.is_sorted() && of_it.len() == EACH);
    }
}
