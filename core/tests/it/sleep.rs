//! Sleeping on a wheel, in virtual time.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    error::WheelClosed,
    lock::Unlocked,
    time::{Sleep, TimeSource, Wheel, WheelRef},
};

use crate::{
    alloc::allocations,
    wheel::{Log, Random, at},
};

const DONE: Poll<Result<(), WheelClosed>> = Poll::Ready(Ok(()));

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

// async 69, 73
#[test]
fn a_sleep_is_never_early_whatever_its_span() {
    let mut random = Random::new(70);
    let log = Log::default();
    let (wheel, clock) = (Wheel::new(), ManualClock::starting_at(at(random.magnitude(60))));
    let source = TimeSource::new(&wheel, &clock);
    let mut waited = 0;
    for round in 0..10_000 {
        let span = if round < 3 { round } else { random.magnitude(48) };
        let start = clock.now();
        let mut sleep = pin!(Sleep::after(source, nanos(span)));
        while poll(sleep.as_mut(), &log.waker(1)).is_pending() {
            assert!(clock.now() - start < nanos(span), "late");
            waited += 1;
            clock.advance(nanos(random.below(2 * span) + 1).min(sleep.deadline() - clock.now()));
            source.fire();
        }
        assert!(clock.now() - start >= nanos(span), "early");
        assert_eq!(sleep.deadline(), start + nanos(span));
    }
    assert!(waited > 9000 && wheel.is_empty());
}

// async 70
#[test]
fn a_moment_that_has_passed_resolves_at_once_without_the_wheel() {
    let (wheel, clock) = (Wheel::<Unlocked>::new_in(), ManualClock::starting_at(at(100)));
    wheel.close();
    let source = TimeSource::new(&wheel, &clock);
    assert_eq!(poll(pin!(Sleep::at(source, at(99))), Waker::noop()), DONE);
    assert_eq!(poll(pin!(Sleep::at(source, at(100))), Waker::noop()), DONE);
    assert_eq!(poll(pin!(Sleep::after(source, Duration::ZERO)), Waker::noop()), DONE);
    let mut late = pin!(Sleep::at(source, at(101)));
    assert_eq!(poll(late.as_mut(), Waker::noop()), Poll::Ready(Err(WheelClosed)));
    clock.advance(nanos(1));
    assert_eq!(poll(late, Waker::noop()), DONE);
}

#[test]
fn the_span_counts_from_the_clock_and_not_from_the_last_fire() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    source.fire();
    clock.advance(Duration::from_secs(5));
    let mut sleep = pin!(Sleep::after(source, Duration::from_secs(1)));
    assert!(poll(sleep.as_mut(), &log.waker(1)).is_pending());
    assert_eq!(wheel.next_deadline(), Some(Instant::ORIGIN + Duration::from_secs(6)));
    clock.advance(nanos(999_999_999));
    assert_eq!(source.fire(), 0);
    // The clock is there, the wheel was not fired yet: the clock decides.
    clock.advance(nanos(1));
    assert_eq!(poll(sleep.as_mut(), &log.waker(1)), DONE);
    assert!(wheel.is_empty());
    assert_eq!(poll(sleep, &log.waker(1)), DONE);
    assert_eq!((source.fire(), log.take()), (0, vec![]));
}

#[test]
fn the_last_waker_to_poll_is_the_one_woken() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let mut sleep = pin!(Sleep::after(source, nanos(10)));
    for name in [1, 1, 2, 3] {
        assert!(poll(sleep.as_mut(), &log.waker(name)).is_pending());
    }
    clock.advance(nanos(10));
    assert_eq!((source.fire(), log.take()), (1, vec![3]));
    assert_eq!(poll(sleep, &log.waker(3)), DONE);
}

// async 72, 81: dropping frees the entry.
#[test]
fn a_dropped_sleep_leaves_the_wheel_empty_and_wakes_nobody() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let waker = log.waker(1);
    for span in 1..=100_000 {
        let mut sleep = pin!(Sleep::after(source, nanos(span)));
        assert!(poll(sleep.as_mut(), &waker).is_pending());
        assert_eq!(wheel.len(), 1);
    }
    assert!(wheel.is_empty());
    clock.advance(Duration::from_secs(1));
    assert_eq!((source.fire(), log.take()), (0, vec![]));
}

#[test]
fn a_reset_sleep_resolves_at_its_new_moment_in_every_state() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let mut sleep = pin!(Sleep::at(source, at(10)));
    sleep.as_mut().reset(at(20));
    assert!(wheel.is_empty(), "nobody polled it yet");
    assert!(poll(sleep.as_mut(), &log.waker(1)).is_pending());
    // Later and sooner while it waits, without a poll between.
    sleep.as_mut().reset(at(40));
    clock.advance_to(at(20));
    assert_eq!(source.fire(), 0);
    sleep.as_mut().reset(at(30));
    clock.advance_to(at(30));
    assert_eq!((source.fire(), log.take()), (1, vec![1]));
    // After it fired and before it was polled: the stale wake finds it waiting.
    sleep.as_mut().reset(at(50));
    assert!(poll(sleep.as_mut(), &log.waker(2)).is_pending());
    // To the past while it waits.
    sleep.as_mut().reset(at(5));
    assert_eq!((source.fire(), log.take()), (1, vec![2]));
    assert_eq!(poll(sleep.as_mut(), &log.waker(2)), DONE);
    // After it resolved.
    sleep.as_mut().reset(at(60));
    assert!(poll(sleep.as_mut(), &log.waker(3)).is_pending());
    assert_eq!((sleep.deadline(), wheel.next_deadline()), (at(60), Some(at(60))));
}

#[test]
fn a_sleep_on_a_closing_wheel_fails_and_may_be_tried_again() {
    let (wheel, clock, log) = (Arc::new(Wheel::new()), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let mut sleep = pin!(Sleep::after(source, nanos(10)));
    assert!(poll(sleep.as_mut(), &log.waker(1)).is_pending());
    wheel.close();
    assert_eq!(log.take(), [1]);
    assert_eq!(poll(sleep.as_mut(), &log.waker(1)), Poll::Ready(Err(WheelClosed)));
    assert_eq!(poll(sleep.as_mut(), &log.waker(1)), Poll::Ready(Err(WheelClosed)));
    sleep.as_mut().reset(at(0));
    assert_eq!(poll(sleep, &log.waker(1)), DONE);
}

// async 84
#[test]
fn advancing_by_alarms_runs_chained_sleeps_in_order_with_the_right_time() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let seen = std::cell::RefCell::new(Vec::new());
    let chain = async |name: char, step: u64| {
        for _ in 0..3 {
            Sleep::after(source, nanos(step)).await.unwrap();
            seen.borrow_mut().push(format!("{name}{}", clock.now().as_nanos()));
        }
    };
    let mut chains = [Box::pin(chain('a', 100)), Box::pin(chain('b', 70))];
    let mut open = 2;
    let mut run = |names: &[usize]| {
        for &name in names {
            open -= usize::from(poll(chains[name].as_mut(), &log.waker(name)).is_ready());
        }
        open
    };
    run(&[0, 1]);
    while let Some(next) = wheel.next_deadline() {
        clock.advance_to(next);
        assert!(source.fire() > 0, "the next deadline of so few is exact");
        run(&log.take());
    }
    assert_eq!(run(&[]), 0);
    assert_eq!(*seen.borrow(), ["b70", "a100", "b140", "a200", "b210", "a300"]);
}

// async 84
#[test]
fn advancing_directly_fires_everything_up_to_the_moment_once() {
    let (wheel, clock, log) = (Wheel::new(), ManualClock::new(), Log::default());
    let source = TimeSource::new(&wheel, &clock);
    let spans = [300, 100, 200, 100, 201];
    let mut sleeps: Vec<_> =
        spans.iter().map(|&span| Box::pin(Sleep::after(source, nanos(span)))).collect();
    for (name, sleep) in sleeps.iter_mut().enumerate() {
        assert!(poll(sleep.as_mut(), &log.waker(name)).is_pending());
    }
    clock.advance_to(at(200));
    assert_eq!((source.fire(), source.fire(), log.take()), (3, 0, vec![1, 3, 2]));
    for (sleep, span) in sleeps.iter_mut().zip(spans) {
        assert_eq!(poll(sleep.as_mut(), Waker::noop()).is_ready(), span <= 200);
    }
}

#[test]
fn a_source_may_be_erased_counted_or_an_executors_own() {
    /// A wheel and its clock, as a home has them.
    #[derive(Clone)]
    struct Home(Arc<(Wheel, ManualClock)>);

    impl Clock for Home {
        fn now(&self) -> Instant {
            self.0.1.now()
        }
    }

    let home = Home(Arc::new((Wheel::new(), ManualClock::new())));
    let clock: &dyn Clock = &home;
    let erased: TimeSource<'_> = TimeSource::new(&home.0.0, clock);
    let mut sleep = pin!(Sleep::after(erased, nanos(4)));
    assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
    assert_eq!(sleep.source().wheel().len(), 1);
    home.0.1.advance(nanos(4));
    assert_eq!(erased.fire(), 1);
    assert_eq!(poll(sleep, Waker::noop()), DONE);
}

#[test]
fn sleeping_allocates_nothing() {
    let (wheel, clock) = (Wheel::new(), ManualClock::new());
    let source = TimeSource::new(&wheel, &clock);
    let count = allocations(|| {
        for span in 1..1000 {
            let mut sleep = pin!(Sleep::after(source, nanos(span * span)));
            let mut other = pin!(Sleep::after(source, nanos(span)));
            assert!(poll(sleep.as_mut(), Waker::noop()).is_pending());
            assert!(poll(other.as_mut(), Waker::noop()).is_pending());
            let later = sleep.deadline() + nanos(1);
            sleep.as_mut().reset(later);
            clock.advance(nanos(span));
            assert_eq!(source.fire(), 1);
            assert_eq!(poll(other, Waker::noop()), DONE);
        }
        wheel.close();
    });
    assert_eq!(count, 0);
}
