//! Cancellations: one, and trees of them.

use std::{
    future::{pending, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use tidemill_core::{
    error::Fault,
    scope::{Cancel, CancelToken},
};

use crate::{
    alloc::{allocations, frees},
    bell::{Log, poll},
};

const WHY: Fault = Fault::Text("why");

#[test]
fn a_cancel_goes_down_the_tree_and_not_up_nor_aside() {
    let root = CancelToken::new();
    let (left, right) = (root.child(), root.child());
    let below = left.child();
    assert!(left.cancel(WHY));
    assert!(left.is_cancelled() && below.is_cancelled());
    assert!(!root.is_cancelled() && !right.is_cancelled());
    assert_eq!(below.reason().unwrap().to_string(), "why");
}

#[test]
fn the_reason_that_came_first_stays() {
    // async 160
    let outer = CancelToken::new();
    let inner = outer.child();
    assert!(inner.cancel(Fault::Text("inner")));
    assert!(outer.cancel(Fault::Text("outer")));
    assert!(!inner.cancel(Fault::Text("late")));
    assert_eq!(inner.reason().unwrap().to_string(), "inner");
    assert_eq!(outer.reason().unwrap().to_string(), "outer");
}

#[test]
fn who_waits_is_woken_and_learns_why_and_a_child_made_late_is_born_cancelled() {
    let root = CancelToken::new();
    let child = root.child();
    let log = Log::default();
    let waker = log.bell("woken");
    let mut waits = pin!(child.cancelled());
    assert!(poll(waits.as_mut(), &waker).is_pending());
    root.cancel(WHY);
    assert_eq!(log.take(), ["woken"]);
    assert!(poll(waits, &waker).is_ready());
    assert!(child.child().is_cancelled() && root.child().is_cancelled());
}

#[test]
fn a_value_is_preferred_to_a_cancel_at_the_same_moment() {
    // async 160
    let root = CancelToken::new();
    root.cancel(WHY);
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(5)) = pin!(root.run(ready(5))).poll(&mut cx) else {
        panic!("the value wins")
    };
    let Poll::Ready(Err(cancelled)) = pin!(root.run(pending::<()>())).poll(&mut cx) else {
        panic!("there is no value")
    };
    assert_eq!(cancelled.to_string(), "it was cancelled: why");
}

#[test]
fn children_that_went_leave_their_place_and_the_others_are_reached() {
    let root = CancelToken::new();
    for gone in 0..4 {
        let mut children: Vec<_> = (0..4).map(|_| root.child()).collect();
        drop(children.remove(gone));
        let next = root.child();
        assert!(!next.is_cancelled());
        let clone = children[1].clone();
        drop(children.remove(1));
        assert!(!clone.is_cancelled());
    }
    let kept: Vec<_> = (0..5).map(|_| root.child()).collect();
    let kept: Vec<_> = kept.into_iter().enumerate().filter(|(n, _)| n % 2 == 0).collect();
    root.cancel(WHY);
    assert!(kept.iter().all(|(_, token)| token.is_cancelled()));
}

#[test]
fn a_chain_of_a_hundred_thousand_is_cancelled_and_freed_in_a_loop() {
    let root = CancelToken::new();
    let mut last = root.child();
    for _ in 0..100_000 {
        last = last.child();
    }
    root.cancel(WHY);
    assert!(last.is_cancelled());
    drop(root);
    drop(last);
}

#[test]
fn a_waker_that_panics_costs_nobody_his_cancel() {
    let root = CancelToken::new();
    let (first, second) = (root.child(), root.child());
    let below = first.child();
    let waker = Waker::from(std::sync::Arc::new(Panics));
    let mut waits = pin!(first.cancelled());
    assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| root.cancel(WHY)));
    assert!(caught.is_err());
    assert!(first.is_cancelled() && below.is_cancelled() && second.is_cancelled());
}

struct Panics;

impl std::task::Wake for Panics {
    fn wake(self: std::sync::Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_placed_cancellation_keeps_its_first_reason() {
    static STOP: Cancel = Cancel::new();
    let log = Log::default();
    let waker = log.bell("woken");
    let mut waits = pin!(STOP.cancelled());
    assert!(poll(waits.as_mut(), &waker).is_pending());
    assert!(STOP.cancel(WHY));
    assert!(!STOP.cancel(Fault::Code(2)));
    assert_eq!(log.take(), ["woken"]);
    let Poll::Ready(Fault::Text("why")) = poll(waits, &waker) else { panic!("it was cancelled") };
}

#[test]
fn a_child_is_one_allocation_which_goes_with_its_last_handle_and_waiting_is_none() {
    let root = CancelToken::new();
    let (older, younger) = (root.child(), root.child());
    let mut child = None;
    assert_eq!(allocations(|| child = Some(root.child())), 1);
    assert_eq!(frees(|| child = None), 1);
    assert_eq!(frees(|| drop(older)), 1);
    let mut waits = pin!(younger.cancelled());
    let polls = || assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
    assert_eq!(allocations(polls), 0);
    assert_eq!(allocations(|| assert!(root.cancel(WHY))), 0);
}
