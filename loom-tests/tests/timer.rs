//! Models of `Timer` and `Sleep`: called off, moved or polled on one thread, fired on another.
#![cfg(loom)]

use std::{pin::pin, sync::Arc, task::Poll};

use loom::thread;
use tidemill_core::{
    clock::{Instant, ManualClock},
    error::{NotFired, Previously},
    time::{Sleep, TimeSource, Timer, TimerStatus, Wheel},
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

/// **A timer that is moved as it fires waits for its new moment, or has happened; all agree on which, and who waits is woken at that one.**
///
/// Seen to fail where a timer is moved whether its entry has fired or not (`shift` in place of `shift_unless_fired`).
#[test]
fn reschedule_against_fire() {
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
            move || parts.0.fire(at(10)) == 1
        });
        let moved = timer.reschedule_at(at(20));
        let happened = fires.join().unwrap();
        assert_eq!(bell.rung(), usize::from(happened));
        if happened {
            assert_eq!((moved, timer.status()), (Err(Previously::Happened), TimerStatus::Happened));
        } else {
            assert_eq!((moved, timer.status()), (Ok(()), TimerStatus::Scheduled(at(20))));
            assert_eq!((parts.0.fire(at(19)), parts.0.fire(at(20)), bell.rung()), (0, 1, 1));
        }
        assert_eq!(poll(fired, &waker), Poll::Ready(Ok(())));
        assert!(parts.0.is_empty());
    });
}

/// **A wait that is polled with another waker as its timer fires is answered, or its new waker is woken.**
///
/// Seen to fail where a wait joins the wheel again though its entry has fired (`join` in place of `join_unless_fired`), and where
/// polling again keeps the waker of the poll before.
#[test]
fn a_wait_changes_its_waker_as_its_timer_fires() {
    loom::model(|| {
        let parts = Arc::new((Wheel::new(), ManualClock::new()));
        let source = TimeSource::new(&parts.0, &parts.1);
        let ((_old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        let timer = pin!(Timer::at(source, at(10)));
        let timer = timer.as_ref();
        let mut fired = pin!(timer.fired());
        assert!(poll(fired.as_mut(), &old_waker).is_pending());
        let fires = thread::spawn({
            let parts = Arc::clone(&parts);
            move || assert_eq!(parts.0.fire(at(10)), 1)
        });
        let polled = poll(fired.as_mut(), &new_waker);
        fires.join().unwrap();
        if polled.is_pending() {
            assert_eq!(new.rung(), 1, "the waker of the last poll is the one to wake");
            assert_eq!(poll(fired, &new_waker), Poll::Ready(Ok(())));
        }
        assert!(parts.0.is_empty());
    });
}

/// **A sleep that is polled with another waker as the wheel fires is answered, woken by this fire, or on the wheel for the next one.**
///
/// Seen to fail where polling again keeps the waker of the poll before (`Lists::has` does not look at it).
#[test]
fn a_sleep_changes_its_waker_as_the_wheel_fires() {
    loom::model(|| {
        let parts = Arc::new((Wheel::new(), ManualClock::new()));
        let source = TimeSource::new(&parts.0, &parts.1);
        let ((_old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        let mut sleep = pin!(Sleep::at(source, at(10)));
        assert!(poll(sleep.as_mut(), &old_waker).is_pending());
        let fires = thread::spawn({
            let parts = Arc::clone(&parts);
            move || parts.0.fire(at(10))
        });
        let polled = poll(sleep.as_mut(), &new_waker);
        let mut count = fires.join().unwrap();
        if polled.is_pending() {
            // Its clock stood still, so that it may have joined again, for a moment that the wheel had passed.
            if new.rung() == 0 {
                assert!(parts.0.next_deadline().is_some_and(|next| next <= at(10)));
                count += parts.0.fire(at(10));
            }
            assert_eq!(new.rung(), 1, "nobody woke the sleeper");
            assert_eq!(poll(sleep, &new_waker), Poll::Ready(Ok(())));
        }
        assert!((1..=2).contains(&count) && parts.0.is_empty());
    });
}
