//! Cancellations and monitors allocate where they are made, and nowhere else.

use std::{
    future::pending,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::{
    context::{Context, Key, Monitor},
    error::Fault,
    ivar::Ivar,
    lock::Unlocked,
    scope::{Cancel, CancelToken, handle_upon},
};

use crate::{
    alloc::{allocations, frees},
    bell::poll,
};

const WHY: Fault = Fault::Text("why");

#[test]
fn a_placed_cancellation_allocates_nothing() {
    static STOP: Cancel = Cancel::new();
    fn lives<L: tidemill_core::lock::RawLock>(stop: &Cancel<L>) {
        let mut waits = pin!(stop.cancelled());
        let mut runs = pin!(stop.run(pending::<()>()));
        assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
        assert!(poll(runs.as_mut(), Waker::noop()).is_pending());
        {
            assert!(poll(pin!(stop.cancelled()), Waker::noop()).is_pending());
        }
        assert!(stop.cancel(WHY) && !stop.cancel(Fault::Code(1)));
        assert!(poll(waits, Waker::noop()).is_ready() && poll(runs, Waker::noop()).is_ready());
        assert!(stop.is_cancelled() && stop.reason().is_some());
    }
    assert_eq!(allocations(|| lives(&STOP)), 0);
    let local = Cancel::<Unlocked>::new_in();
    assert_eq!(allocations(|| lives(&local)), 0);
}

#[test]
fn a_tree_of_cancellations_is_cancelled_and_let_go_of_without_allocating() {
    let root = CancelToken::new();
    let tokens: Vec<_> = (0..20).map(|_| root.child()).collect();
    let below: Vec<_> = tokens.iter().map(CancelToken::child).collect();
    let uses = || {
        let mut runs = pin!(below[7].run(pending::<()>()));
        assert!(poll(runs.as_mut(), Waker::noop()).is_pending());
        drop(tokens[3].clone());
        assert!(root.cancel(WHY));
        assert!(poll(runs, Waker::noop()).is_ready());
    };
    assert_eq!(allocations(uses), 0);
    let mut left = Some((root, tokens, below));
    // Each node, and the two lists.
    assert_eq!(frees(|| left = None), 1 + 20 + 20 + 2);
}

#[test]
fn an_error_goes_up_and_is_read_without_allocating() {
    let top = Monitor::top();
    let mut answers = top.detach();
    let monitor = top.child().child();
    let (mut errors, mut other) = (monitor.errors(), monitor.errors());
    // The other one reads nothing, so the oldest fall out.
    let rounds = || {
        for _ in 0..200 {
            assert!(poll(pin!(errors.next()), Waker::noop()).is_pending());
            monitor.send_error(WHY);
            assert!(matches!(poll(pin!(errors.next()), Waker::noop()), Poll::Ready(Some(_))));
            assert!(answers.try_next().is_some() && !top.has_failed());
        }
    };
    assert_eq!(allocations(rounds), 0);
    assert!(other.try_next().is_some());
    assert_eq!(other.missed(), 200 - 64);
}

#[test]
fn monitors_and_streams_are_an_allocation_each_which_goes_with_them() {
    let top = Monitor::top();
    let mut child = None;
    assert_eq!(allocations(|| child = Some(top.child())), 1);
    let child = child.unwrap();
    let mut errors = None;
    assert_eq!(allocations(|| errors = Some(child.errors())), 1);
    assert_eq!(frees(|| errors = None), 1);
    let mut failing = pin!(child.failing());
    assert_eq!(allocations(|| assert!(poll(failing.as_mut(), Waker::noop()).is_pending())), 0);
}

#[test]
fn a_handler_of_a_value_allocates_nothing_in_the_root_context_or_another() {
    static NAME: Key<u32> = Key::new();
    let value: Ivar<u32> = Ivar::new();
    let context = Context::root().with_local(&NAME, 7);
    let handled = || {
        let said = || Context::current().local(&NAME).map_or(0, |name| *name);
        let mut plain = pin!(handle_upon(value.read(), |_| said()));
        let mut inside = pin!(context.run(|| handle_upon(value.read(), |_| said())));
        assert!(poll(plain.as_mut(), Waker::noop()).is_pending());
        assert!(poll(inside.as_mut(), Waker::noop()).is_pending());
        value.fill(1).unwrap();
        assert_eq!(poll(plain, Waker::noop()), Poll::Ready(0));
        assert_eq!(poll(inside, Waker::noop()), Poll::Ready(7));
    };
    assert_eq!(allocations(handled), 0);
}
