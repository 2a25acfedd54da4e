//! Timers that are forgotten, and those who wait for them: the wheel may fire, move or die, and nobody else is harmed.

use std::{
    mem,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::{
    clock::{Clock, ManualClock},
    error::{NotFired, Previously},
    lock::Unlocked,
    time::{Simulated, Sleep, TimeSource, Timer, TimerStatus, Wheel, WheelRef},
};

use crate::{
    bell::{Log, poll},
    wheel::at,
};

const HAPPENED: Poll<Result<(), NotFired>> = Poll::Ready(Ok(()));

#[test]
fn a_timer_whose_wait_was_forgotten_can_be_waited_for_called_off_and_dropped() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let timer = Box::pin(Timer::at(source, at(10)));
    let mut forgotten = Box::pin(timer.as_ref().fired());
    assert!(poll(forgotten.as_mut(), &log.bell("forgotten")).is_pending());
    mem::forget(forgotten);
    let mut fired = pin!(timer.as_ref().fired());
    assert!(poll(fired.as_mut(), &log.bell("waits")).is_pending());
    clock.advance_to(at(10));
    assert_eq!((source.fire(), log.take()), (1, vec!["waits".into()]));
    assert_eq!(poll(fired, Waker::noop()), HAPPENED);

    for abort in [true, false] {
        let timer = Box::pin(Timer::at(source, at(20)));
        let mut forgotten = Box::pin(timer.as_ref().fired());
        assert!(poll(forgotten.as_mut(), &log.bell("forgotten")).is_pending());
        mem::forget(forgotten);
        assert_eq!(wheel.len(), 1);
        if abort {
            assert_eq!(timer.as_ref().abort(), Ok(()));
            assert_eq!(log.take(), ["forgotten"]);
            assert_eq!(timer.as_ref().abort(), Err(Previously::Aborted));
        }
        drop(timer);
        assert!(wheel.is_empty());
    }
}

/// Has somebody wait for a timer, and forgets both.
fn forget_a_timer<T: WheelRef + Clock>(source: T, nanos: u64, waker: &Waker) {
    let timer = Box::pin(Timer::at(source, at(nanos)));
    let mut fired = Box::pin(timer.as_ref().fired());
    assert!(poll(fired.as_mut(), waker).is_pending());
    mem::forget(fired);
    mem::forget(timer);
}

#[test]
fn a_wheel_moves_fires_and_dies_with_forgotten_timers() {
    let (clock, log) = (ManualClock::new(), Log::default());
    for closes in [true, false] {
        let wheel = Box::new(Wheel::<Unlocked>::new_in());
        for nanos in [10, 20, 20, 30_000_000, u64::MAX] {
            let source = TimeSource::new(&*wheel, &clock);
            forget_a_timer(source, nanos, &log.bell(format!("forgotten {nanos}")));
            let mut sleep = Box::pin(Sleep::at(source, at(nanos)));
            assert!(poll(sleep.as_mut(), &log.bell("forgotten sleep")).is_pending());
            mem::forget(sleep);
        }
        // Moves out of the box, which is freed.
        let wheel = *wheel;
        assert_eq!((wheel.len(), wheel.next_deadline()), (10, Some(at(10))));
        let mut sleep = pin!(Sleep::at(TimeSource::new(&wheel, &clock), at(25)));
        assert!(poll(sleep.as_mut(), &log.bell("sleeper")).is_pending());
        assert_eq!(wheel.fire(at(25)), 7);
        assert_eq!(log.take().last().map(String::as_str), Some("sleeper"));
        assert_eq!(poll(sleep, Waker::noop()), Poll::Ready(Ok(())));
        assert_eq!((wheel.len(), log.take().len()), (4, 0));
        if closes {
            wheel.close();
            assert_eq!(log.take().len(), 4);
        }
    }
}

#[test]
fn simulated_time_moves_past_forgotten_timers() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    forget_a_timer(source, 10, &log.bell("forgotten"));
    forget_a_timer(source, 30, &log.bell("forgotten"));
    let timer = pin!(Timer::at(source, at(20)));
    let mut fired = pin!(timer.as_ref().fired());
    assert!(poll(fired.as_mut(), &log.bell("waits")).is_pending());
    let time = Simulated::new(&wheel, &clock);
    assert_eq!(time.advance_by_alarms(at(25), || ()), 2);
    assert_eq!(log.take(), ["forgotten", "waits"]);
    assert_eq!(
        (poll(fired, Waker::noop()), timer.as_ref().status()),
        (HAPPENED, TimerStatus::Happened)
    );
    assert_eq!((time.advance_directly(at(100)), wheel.len()), (1, 0));
}
