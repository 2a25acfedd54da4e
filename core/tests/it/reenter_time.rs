//! Wakers of timers whose code calls the very timer that it came from.

use std::{
    pin::{Pin, pin},
    task::Waker,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    error::NotFired,
    time::{Simulated, TimeSource, Timer, TimerStatus, Wheel},
};

use crate::{
    bell::{Event, hooked, poll},
    nested::{assert_all_ran, nested},
};

static WHEEL: Wheel = Wheel::new();
static CLOCK: ManualClock = ManualClock::new();

type Shared = Pin<Box<Timer<TimeSource<'static, ManualClock>>>>;

const STEP: Duration = Duration::from_nanos(10);

fn timer() -> Shared {
    Box::pin(Timer::at(TimeSource::new(&WHEEL, &CLOCK), Instant::FAR))
}

thread_local! {
    /// One for each way in which a wait may end.
    static TIMERS: [Shared; 4] = [timer(), timer(), timer(), timer()];
}

/// Does what can be done to every one of them, with wakers that do it again.
fn again(event: Event) {
    nested(event, || {
        let _ = TIMERS.try_with(|timers| {
            for timer in timers.each_ref().map(|timer| timer.as_ref()) {
                let _ = timer.status();
                let _ = timer.reschedule_after(2 * STEP);
                let mut fired = pin!(timer.fired());
                for waker in [&hooked(again), Waker::noop(), &hooked(again)] {
                    if poll(fired.as_mut(), waker).is_ready() {
                        break;
                    }
                }
            }
        });
    });
}

#[test]
fn a_timer_is_entered_from_its_wakers_however_its_wait_ends() {
    TIMERS.with(|timers| {
        let [moved, aborted, fired, seen] = timers.each_ref().map(|timer| timer.as_ref());
        let ends: [(_, &dyn Fn()); 4] = [
            (moved, &|| _ = moved.reschedule_after(STEP)),
            (aborted, &|| assert_eq!(aborted.abort(), Ok(()))),
            (fired, &|| {
                Simulated::new(&WHEEL, &CLOCK).advance_directly(CLOCK.now() + STEP);
            }),
            (seen, &|| {
                CLOCK.advance(4 * STEP);
                assert_eq!(seen.status(), TimerStatus::Happened);
            }),
        ];
        // It goes last: who goes takes what it waits for off the wheel.
        let waker = hooked(again);
        for (timer, end) in ends {
            let mut waits = pin!(timer.fired());
            assert_eq!(timer.reschedule_after(STEP), Ok(()));
            for waker in [&waker, Waker::noop(), &waker] {
                assert!(poll(waits.as_mut(), waker).is_pending());
            }
            end();
            let _ = poll(waits, &waker);
        }
        assert_all_ran();
        assert_eq!(fired.status(), TimerStatus::Happened);
        assert!(poll(pin!(aborted.fired()), Waker::noop()) == Err(NotFired::Aborted).into());
    });
    assert!(WHEEL.len() <= 4);
}
