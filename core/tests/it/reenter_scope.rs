//! Wakers, futures and errors of cancellations and monitors whose code calls the very one that it came from.

use std::{
    cell::{Cell, RefCell},
    error, fmt,
    future::pending,
    pin::pin,
    sync::Arc,
    task::Waker,
};

use tidemill_core::{
    context::Monitor,
    error::Fault,
    scope::{Cancel, CancelToken},
};

use crate::{
    bell::{Event, hooked, poll},
    nested::{assert_all_ran, at_the_bottom, nested},
};

const WHY: Fault = Fault::Text("why");

thread_local! {
    static STOP: RefCell<Option<Arc<Cancel>>> = const { RefCell::new(None) };
    static TOKEN: RefCell<Option<CancelToken>> = const { RefCell::new(None) };
    static MONITOR: RefCell<Option<Monitor>> = const { RefCell::new(None) };
    /// In which event the innermost one cancels.
    static WHEN: Cell<Option<Event>> = const { Cell::new(None) };
}

/// A future, and an error, that calls `0` when it is dropped.
struct Meddles(fn(Event));

impl Drop for Meddles {
    fn drop(&mut self) {
        (self.0)(Event::Drop);
    }
}

impl fmt::Debug for Meddles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddles")
    }
}

impl fmt::Display for Meddles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it meddles")
    }
}

impl error::Error for Meddles {}

#[test]
fn a_cancellation_is_entered_from_its_wakers_its_futures_and_the_drop_of_its_reasons() {
    fn again(event: Event) {
        nested(event, || lives(event));
    }
    fn lives(event: Event) {
        let Some(stop) = STOP.with_borrow(Clone::clone) else { return };
        let (waker, holds) = (hooked(again), Meddles(again));
        let mut waits = pin!(stop.cancelled());
        let mut runs = Box::pin(stop.run(async move {
            let _holds = holds;
            pending::<()>().await
        }));
        let mut ended = false;
        for waker in [&waker, Waker::noop(), &waker] {
            ended = ended || poll(runs.as_mut(), waker).is_ready();
            let _ = poll(waits.as_mut(), waker);
        }
        {
            let _ = poll(pin!(stop.cancelled()), &waker);
        }
        if WHEN.get() == Some(event) {
            stop.cancel(Fault::new(Meddles(again)));
            assert!(stop.is_cancelled() && stop.reason().is_some());
        }
        let _ = ended || poll(runs.as_mut(), &waker).is_ready();
    }
    for when in [Event::Clone, Event::Wake, Event::Drop] {
        WHEN.set(Some(when));
        STOP.set(Some(Arc::new(Cancel::new())));
        let stop = STOP.with_borrow(Clone::clone).unwrap();
        let mut waits = pin!(stop.cancelled());
        let _ = poll(waits.as_mut(), &hooked(again));
        lives(Event::Wake);
        stop.cancel(WHY);
        // A reason that comes too late is dropped here.
        assert!(!stop.cancel(Fault::new(Meddles(again))));
        assert_all_ran();
        STOP.set(None);
    }
}

#[test]
fn a_tree_of_cancellations_is_cancelled_grown_and_let_go_of_from_its_wakers() {
    fn again(event: Event) {
        nested(event, || lives(event));
    }
    fn lives(event: Event) {
        let Some(token) = TOKEN.with_borrow(Clone::clone) else { return };
        let waker = hooked(again);
        let (left, right) = (token.child(), token.child());
        let below = left.child();
        let mut waits = pin!(below.cancelled());
        let mut other = pin!(token.cancelled());
        for waker in [&waker, Waker::noop(), &waker] {
            let _ = poll(waits.as_mut(), waker);
            let _ = poll(other.as_mut(), waker);
        }
        drop(right);
        if WHEN.get() == Some(event) {
            // The last handle of all but those that wait goes inside its own cancel.
            drop(TOKEN.take());
            token.cancel(Fault::new(Meddles(again)));
            assert!(below.is_cancelled() && token.child().is_cancelled());
        }
        drop(left);
    }
    for when in [Event::Clone, Event::Wake, Event::Drop] {
        WHEN.set(Some(when));
        let root = CancelToken::new();
        TOKEN.set(Some(root.child()));
        let brothers = [root.child(), root.child()];
        let (mut first, mut second) =
            (pin!(brothers[0].cancelled()), pin!(brothers[1].cancelled()));
        let _ = poll(first.as_mut(), &hooked(again));
        let _ = poll(second.as_mut(), &hooked(again));
        lives(Event::Wake);
        assert!(root.cancel(WHY));
        assert_all_ran();
        assert!(brothers.iter().all(CancelToken::is_cancelled));
        TOKEN.set(None);
    }
}

#[test]
fn a_monitor_is_entered_from_its_wakers_and_from_the_drop_of_its_errors() {
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        let Some(top) = MONITOR.with_borrow(Clone::clone) else { return };
        let (waker, monitor) = (hooked(again), top.child());
        let (mut errors, mut above) = (monitor.detach(), top.errors());
        let (mut failing, mut failed) = (pin!(top.failing()), false);
        for waker in [&waker, Waker::noop(), &waker] {
            let _ = poll(pin!(errors.next()), waker);
            let _ = poll(pin!(above.next()), waker);
            failed = failed || poll(failing.as_mut(), waker).is_ready();
        }
        monitor.send_error(Fault::new(Meddles(again)));
        let _ = (poll(pin!(errors.next()), &waker), monitor.seen(), monitor.failures());
        // Unread, it goes on to the parent, and then more than it keeps: the oldest falls out.
        monitor.send_error(Fault::new(Meddles(again)));
        drop(errors);
        (0..70).for_each(|code| monitor.send_error(Fault::Code(code)));
        drop(monitor);
        let _ = poll(pin!(above.next()), &waker);
    }
    let top = Monitor::top();
    MONITOR.set(Some(top.clone()));
    let mut failing = pin!(top.failing());
    at_the_bottom(|| assert!(poll(failing.as_mut(), &hooked(again)).is_pending()));
    lives();
    assert_all_ran();
    assert!(top.has_failed() && poll(failing, &hooked(again)).is_ready());
    // What it has failed for goes with it.
    MONITOR.set(None);
}
