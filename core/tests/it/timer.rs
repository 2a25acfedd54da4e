//! Timers that are called off and moved while somebody waits, in virtual time.

use std::{
    pin::pin,
    task::{Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::{Instant, ManualClock},
    error::{NotFired, Previously},
    lock::Unlocked,
    time::{TimeSource, Timer, TimerStatus, Wheel, coalesce},
};

use crate::{
    alloc::allocations,
    bell::{Log, poll},
    wheel::at,
};

const HAPPENED: Poll<Result<(), NotFired>> = Poll::Ready(Ok(()));
const ABORTED: Poll<Result<(), NotFired>> = Poll::Ready(Err(NotFired::Aborted));

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

// async 72
#[test]
fn abort_answers_by_what_came_before_and_frees_the_entry_at_once() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let timer = pin!(Timer::after(source, nanos(10)));
    let timer = timer.as_ref();
    let mut fired = pin!(timer.fired());
    assert!(poll(fired.as_mut(), &log.bell("told")).is_pending());
    assert_eq!(wheel.len(), 1);
    assert_eq!(timer.abort(), Ok(()));
    assert_eq!((wheel.len(), log.take()), (0, vec!["told".into()]));
    assert_eq!((timer.abort(), timer.status()), (Err(Previously::Aborted), TimerStatus::Aborted));
    assert_eq!(timer.reschedule_at(at(20)), Err(Previously::Aborted));
    clock.advance(nanos(10));
    assert_eq!((source.fire(), poll(fired, Waker::noop())), (0, ABORTED));

    let other = pin!(Timer::after(source, nanos(10)));
    let other = other.as_ref();
    let mut fired = pin!(other.fired());
    assert!(poll(fired.as_mut(), &log.bell("fired")).is_pending());
    clock.advance(nanos(10));
    assert_eq!((source.fire(), log.take()), (1, vec!["fired".into()]));
    assert_eq!(other.abort(), Err(Previously::Happened));
    assert_eq!(other.reschedule_after(nanos(5)), Err(Previously::Happened));
    assert_eq!((poll(fired, Waker::noop()), other.status()), (HAPPENED, TimerStatus::Happened));
    assert!(wheel.is_empty());
}

// async 73
#[test]
fn a_timer_happens_at_its_moment_whether_it_lies_ahead_or_behind() {
    for (deadline, wait) in [(99, 0), (100, 0), (110, 10)] {
        let (wheel, clock) = (Wheel::<Unlocked>::new_in(), ManualClock::starting_at(at(100)));
        let source = TimeSource::new(&wheel, &clock);
        let timer = pin!(Timer::at(source, at(deadline)));
        let mut fired = pin!(timer.as_ref().fired());
        if wait > 0 {
            assert_eq!(timer.as_ref().status(), TimerStatus::Scheduled(at(deadline)));
            assert!(poll(fired.as_mut(), Waker::noop()).is_pending());
            clock.advance(nanos(wait - 1));
            assert_eq!(source.fire(), 0);
            assert!(poll(fired.as_mut(), Waker::noop()).is_pending(), "never early");
            clock.advance(nanos(1));
        }
        assert_eq!(timer.as_ref().status(), TimerStatus::Happened);
        assert_eq!(poll(fired, Waker::noop()), HAPPENED);
        assert!(wheel.is_empty());
    }
}

#[test]
fn whoever_sees_the_moment_first_wakes_who_waits_for_it() {
    for ask_status in [true, false] {
        let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
        let timer = pin!(Timer::at(TimeSource::new(&wheel, &clock), at(10)));
        let timer = timer.as_ref();
        let mut fired = pin!(timer.fired());
        assert!(poll(fired.as_mut(), &log.bell("waiter")).is_pending());
        clock.advance(nanos(10));
        // The wheel was not fired yet.
        if ask_status {
            assert_eq!(timer.status(), TimerStatus::Happened);
        } else {
            assert_eq!(timer.abort(), Err(Previously::Happened));
        }
        assert_eq!((wheel.len(), log.take()), (0, vec!["waiter".into()]));
        assert_eq!(poll(fired, Waker::noop()), HAPPENED);
    }
}

#[test]
fn a_timer_that_is_moved_fires_at_its_new_moment_only() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let timer = pin!(Timer::at(source, at(10)));
    let timer = timer.as_ref();
    let mut fired = pin!(timer.fired());
    assert!(poll(fired.as_mut(), &log.bell("fired")).is_pending());
    assert_eq!(timer.reschedule_at(at(30)), Ok(()));
    assert_eq!(timer.status(), TimerStatus::Scheduled(at(30)));
    clock.advance_to(at(20));
    assert_eq!((source.fire(), wheel.next_deadline()), (0, Some(at(30))));
    assert_eq!(timer.reschedule_after(nanos(5)), Ok(()));
    clock.advance_to(at(25));
    assert_eq!((source.fire(), log.take()), (1, vec!["fired".into()]));
    assert_eq!(poll(fired, Waker::noop()), HAPPENED);
}

#[test]
fn a_wait_that_is_dropped_leaves_the_timer_scheduled_and_the_wheel_empty() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let timer = pin!(Timer::at(source, at(10)));
    let timer = timer.as_ref();
    {
        let mut fired = pin!(timer.fired());
        assert!(poll(fired.as_mut(), &log.bell("dropped")).is_pending());
    }
    assert_eq!((wheel.len(), timer.status()), (0, TimerStatus::Scheduled(at(10))));
    // One that goes takes no other's waker with it.
    let mut stays = pin!(timer.fired());
    {
        let mut goes = pin!(timer.fired());
        assert!(poll(goes.as_mut(), &log.bell("goes")).is_pending());
        assert!(poll(stays.as_mut(), &log.bell("stays")).is_pending());
    }
    clock.advance(nanos(10));
    assert_eq!((source.fire(), log.take()), (1, vec!["stays".into()]));
    assert_eq!(poll(stays, Waker::noop()), HAPPENED);
}

#[test]
fn a_moment_that_came_while_its_wait_was_dropped_has_come() {
    let (wheel, clock) = (Wheel::new(), ManualClock::new());
    let timer = pin!(Timer::at(TimeSource::new(&wheel, &clock), at(10)));
    let timer = timer.as_ref();
    {
        let mut fired = pin!(timer.fired());
        assert!(poll(fired.as_mut(), Waker::noop()).is_pending());
        // Somebody with another clock fires the wheel.
        assert_eq!(wheel.fire(at(10)), 1);
    }
    assert_eq!(timer.status(), TimerStatus::Happened);
    assert_eq!(timer.abort(), Err(Previously::Happened));
}

#[test]
fn a_closed_wheel_is_told_and_such_a_timer_can_be_called_off() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let timer = pin!(Timer::at(TimeSource::new(&wheel, &clock), at(10)));
    let timer = timer.as_ref();
    let mut fired = pin!(timer.fired());
    assert!(poll(fired.as_mut(), &log.bell("closed")).is_pending());
    wheel.close();
    assert_eq!(log.take(), ["closed"]);
    assert_eq!(poll(fired.as_mut(), Waker::noop()), Poll::Ready(Err(NotFired::WheelClosed)));
    assert_eq!(timer.abort(), Ok(()));
    assert_eq!(poll(fired, Waker::noop()), ABORTED);
}

#[test]
fn with_a_slack_of_a_millisecond_all_that_falls_due_within_one_comes_at_its_end() {
    let milli = Duration::from_millis(1);
    for due in [0, 1, 2, 999_999, 1_000_000, 1_000_001, 41_015_625, 41_999_999, 1 << 60] {
        let moment = coalesce(at(due), milli).as_nanos();
        assert!(moment - due <= 1_000_000 && moment.is_multiple_of(1_000_000), "{due}: {moment}");
    }
    // A rounder one is preferred, and less than a 64th goes by nanoseconds.
    assert_eq!(coalesce(at(31_500_000), milli), at(32_000_000));
    assert_eq!(coalesce(at(15_630), nanos(15_000)), at(16_384));
}

#[test]
fn slack_lets_timers_share_a_moment_that_is_never_early_and_never_past_the_slack() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let mut moments = std::collections::BTreeSet::new();
    for due in 1_000_000..1_000_200 {
        let timer = pin!(Timer::at(source, at(due)).with_slack(nanos(1000)));
        let mut fired = pin!(timer.as_ref().fired());
        assert!(poll(fired.as_mut(), &log.bell("")).is_pending());
        let next = wheel.next_deadline().unwrap().as_nanos();
        assert!((due..=due + 1000).contains(&next), "{next} for {due}");
        assert_eq!(timer.as_ref().status(), TimerStatus::Scheduled(at(due)));
        moments.insert(next);
    }
    assert!(moments.len() <= 3, "{moments:?}");
    let far = pin!(Timer::at(source, Instant::FAR).with_slack(nanos(1)));
    let mut fired = pin!(far.as_ref().fired());
    assert!(poll(fired.as_mut(), Waker::noop()).is_pending());
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn timers_allocate_nothing() {
    let (wheel, clock) = (Wheel::new(), ManualClock::new());
    let source = TimeSource::new(&wheel, &clock);
    let count = allocations(|| {
        for span in 1..1000 {
            let timer = pin!(Timer::after(source, nanos(span)));
            let timer = timer.as_ref();
            let mut fired = pin!(timer.fired());
            assert!(poll(fired.as_mut(), Waker::noop()).is_pending());
            assert_eq!(timer.reschedule_after(nanos(span * span + 1)), Ok(()));
            assert_eq!(timer.abort(), Ok(()));
            assert_eq!(poll(fired, Waker::noop()), ABORTED);
        }
    });
    assert_eq!((count, wheel.len()), (0, 0));
}
