//! Models of `Timer`: called off on one thread, fired on another.
#![cfg(loom)]

use std::{pin::pin, sync::Arc, task::Poll};

use loom::thread;
use tidemill_core::{
    clock::{Instant, ManualClock},
    error::{NotFired, Previously},
    time::{TimeSource, Timer, Wheel},
};
use tidemill_loom_tests::{Bell, poll};

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// **A timer that is called off as it fires ends in one of the two ways, and all agree on which; who waits is woken.**
///
/// Seen to fail where `abort` takes no notice of a wheel that has fired meanwhile (`leave` answers `None`), and where it drops the waker
/// that it takes off the wheel.
#[test]
fn abort_against_fire() {
    loom::model(|| {
        let parts = Arc::new((Wheel::new(), ManualClock::new()));
        let source = TimeSource::new(&parts.0, &parts.1);
        let (bell, waker) = Bell::new();
        let timer = pin!(Timer::at(source, at(10)));
        let timer = timer.as_ref();
        let mut fired = pin!(timer.fired());
        assert!(poll(fired.as_mut(), &waker).is_pending());
        let fires = thread::spawn({
            let parts = Arc::clone(&parts);
            // The clock of the timer stands still: that it happened, it learns from the wheel alone.
            move || parts.0.fire(at(10))
        });
        let aborted = timer.abort();
        let fired_by_wheel = fires.join().unwrap() == 1;
        assert_eq!(bell.rung(), 1, "woken once, by the one or the other");
        let expected = if fired_by_wheel {
            (Err(Previously::Happened), Ok(()))
        } else {
            (Ok(()), Err(NotFired::Aborted))
        };
        assert_eq!((aborted, poll(fired, &waker)), (expected.0, Poll::Ready(expected.1)));
        assert!(parts.0.is_empty());
    });
}

/// **A wait that is dropped as its timer fires neither loses the moment nor leaves its entry behind.**
///
/// Seen to fail where leaving the wheel forgets that the entry has fired (`leave` in place of `leave_unless_fired`).
#[test]
fn a_wait_goes_as_its_timer_fires() {
    loom::model(|| {
        let parts = Arc::new((Wheel::new(), ManualClock::new()));
        let source = TimeSource::new(&parts.0, &parts.1);
        let (bell, waker) = Bell::new();
        let timer = pin!(Timer::at(source, at(10)));
        let timer = timer.as_ref();
        let mut fired = Box::pin(timer.fired());
        assert!(poll(fired.as_mut(), &waker).is_pending());
        let fires = thread::spawn({
            let parts = Arc::clone(&parts);
            move || parts.0.fire(at(10)) == 1
        });
        drop(fired);
        let happened = fires.join().unwrap();
        assert_eq!(bell.rung(), usize::from(happened));
        let expected = if happened { Err(Previously::Happened) } else { Ok(()) };
        assert_eq!(timer.abort(), expected);
        assert!(parts.0.is_empty());
    });
}
