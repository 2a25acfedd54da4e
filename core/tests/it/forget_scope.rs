//! Cancellations and monitors whose futures, handles and streams are forgotten: they may move or die, and nobody else is harmed.

use std::{
    cell::Cell,
    future::{Future, pending},
    mem,
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    context::Monitor,
    error::Fault,
    local,
    scope::{Cancel, CancelToken},
};

use crate::bell::{Log, poll};

const WHY: Fault = Fault::Text("why");

/// Has `future` wait for ever.
fn forget_waiting<F: Future>(future: F, waker: &Waker) {
    let mut future = Box::pin(future);
    assert!(poll(future.as_mut(), waker).is_pending());
    mem::forget(future);
}

#[test]
fn a_cancellation_moves_and_dies_with_those_who_were_forgotten_there() {
    let log = Log::default();
    for cancelled in [true, false] {
        let stop = Box::new(Cancel::new());
        forget_waiting(stop.cancelled(), &log.bell("forgotten first"));
        {
            let mut leaves = pin!(stop.cancelled());
            assert!(poll(leaves.as_mut(), &log.bell("left")).is_pending());
            forget_waiting(stop.run(pending::<()>()), &log.bell("forgotten last"));
        }
        // Moves out of the box, which is freed.
        let stop = *stop;
        let mut waits = pin!(stop.cancelled());
        assert!(poll(waits.as_mut(), &log.bell("waits")).is_pending());
        if cancelled {
            assert!(stop.cancel(WHY));
            assert_eq!(log.take(), ["forgotten first", "forgotten last", "waits"]);
            assert!(poll(waits, Waker::noop()).is_ready());
        }
    }
    let stop = Box::new(local::Cancel::new_in());
    forget_waiting(stop.cancelled(), &log.bell("forgotten"));
    drop(stop);
    assert!(log.take().is_empty());
}

#[test]
fn what_runs_until_a_cancel_and_is_forgotten_keeps_what_it_holds_and_no_more() {
    let (stop, held) = (Cancel::new(), Rc::new(Cell::new(0)));
    let holds = |held: Rc<Cell<u32>>| async move {
        held.set(held.get() + 1);
        pending::<()>().await;
    };
    forget_waiting(stop.run(holds(held.clone())), Waker::noop());
    let mut runs = Box::pin(stop.run(holds(held.clone())));
    assert!(poll(runs.as_mut(), Waker::noop()).is_pending());
    assert_eq!((held.get(), Rc::strong_count(&held)), (2, 3));
    stop.cancel(WHY);
    assert!(matches!(poll(runs.as_mut(), Waker::noop()), Poll::Ready(Err(_))));
    assert_eq!(Rc::strong_count(&held), 2, "the other one is dropped before it answers");
}

#[test]
fn a_tree_whose_handles_and_waiters_are_forgotten_is_cancelled_as_ever_and_dies() {
    let log = Log::default();
    for cancelled in [true, false] {
        let root = CancelToken::new();
        let (first, forgotten, last) = (root.child(), root.child(), root.child());
        let below = forgotten.child();
        forget_waiting(below.cancelled(), &log.bell("below"));
        forget_waiting(first.cancelled(), &log.bell("first"));
        mem::forget(forgotten);
        // The node goes, and who waits there was forgotten.
        let goes = root.child();
        forget_waiting(goes.cancelled(), &log.bell("gone"));
        drop(goes);
        let mut waits = pin!(last.cancelled());
        assert!(poll(waits.as_mut(), &log.bell("last")).is_pending());
        if cancelled {
            root.cancel(WHY);
            assert_eq!(log.take(), ["first", "below", "last"]);
            assert!(below.is_cancelled() && poll(waits, Waker::noop()).is_ready());
        }
        drop((root, first, below));
        assert!(log.take().is_empty());
    }
}

#[test]
fn a_forgotten_stream_of_errors_keeps_64_of_them_and_the_other_readers_have_theirs() {
    let (top, log) = (Monitor::top(), Log::default());
    let monitor = top.child();
    let mut reads = monitor.errors();
    let mut forgotten = monitor.detach();
    forget_waiting(forgotten.next(), &log.bell("forgotten"));
    mem::forget(forgotten);
    assert!(poll(pin!(reads.next()), &log.bell("left")).is_pending());
    for code in 0..200 {
        monitor.send_error(Fault::Code(code));
        let Poll::Ready(Some(report)) = poll(pin!(reads.next()), Waker::noop()) else {
            panic!("it is there")
        };
        assert_eq!(report.to_string(), format!("code {code}"));
    }
    assert_eq!(log.take(), ["forgotten"]);
    // It is detached for ever, for all that is known; a stream that comes and goes does not end that.
    drop(monitor.detach());
    monitor.send_error(WHY);
    assert_eq!((top.seen(), monitor.seen()), (0, 201));
    drop(reads);
    // The stream's end still comes to who reads.
    let mut late = monitor.errors();
    drop(monitor);
    assert!(matches!(poll(pin!(late.next()), Waker::noop()), Poll::Ready(None)));
}

#[test]
fn a_monitor_dies_with_those_who_were_forgotten_there_and_fails_for_those_who_were_not() {
    let log = Log::default();
    for failed in [true, false] {
        let top = Monitor::top();
        forget_waiting(top.failing(), &log.bell("forgotten"));
        let mut errors = top.errors();
        forget_waiting(errors.next(), &log.bell("forgotten"));
        let mut failing = Box::pin(top.failing());
        assert!(poll(failing.as_mut(), &log.bell("waits")).is_pending());
        if failed {
            top.send_error(WHY);
            assert_eq!(log.take(), ["forgotten", "waits", "forgotten"]);
            assert!(poll(failing.as_mut(), Waker::noop()).is_ready());
        }
        drop(failing);
        drop((errors, top));
    }
    // A handle that is forgotten keeps its monitor, and so no stream of it ends.
    let monitor = Monitor::top();
    let mut errors = monitor.errors();
    mem::forget(monitor);
    assert!(poll(pin!(errors.next()), Waker::noop()).is_pending());
}
