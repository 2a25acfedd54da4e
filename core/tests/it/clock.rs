//! Clocks: moments saturate, virtual time stands still and never goes back.

use std::time::Duration;

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    lock::Unlocked,
};

#[test]
fn a_manual_clock_stands_still_until_it_is_moved() {
    static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_nanos(7));
    assert_eq!(CLOCK.now(), Instant::from_nanos(7));
    assert_eq!(CLOCK.now(), Instant::from_nanos(7));
    assert_eq!(CLOCK.advance(Duration::from_nanos(3)), Instant::from_nanos(10));
    assert_eq!(CLOCK.now(), Instant::from_nanos(10));
}

#[test]
fn a_manual_clock_never_goes_back() {
    let clock = ManualClock::<Unlocked>::new_in(Instant::from_nanos(100));
    clock.advance_to(Instant::from_nanos(50));
    assert_eq!(clock.now(), Instant::from_nanos(100));
    clock.advance_to(Instant::from_nanos(150));
    assert_eq!(clock.now(), Instant::from_nanos(150));
}

#[test]
fn moments_saturate_at_both_ends() {
    let clock = ManualClock::new();
    assert_eq!(clock.advance(Duration::MAX), Instant::FAR);
    assert_eq!(clock.advance(Duration::from_nanos(1)), Instant::FAR);
    assert_eq!(Instant::ORIGIN - Instant::FAR, Duration::ZERO);
    assert_eq!(Instant::FAR - Instant::ORIGIN, Duration::from_nanos(u64::MAX));
}

#[test]
fn a_clock_is_a_clock_through_any_reference() {
    fn read(clock: impl Clock) -> Instant {
        clock.now()
    }
    let clock = ManualClock::starting_at(Instant::from_nanos(4));
    let erased: &dyn Clock = &clock;
    assert_eq!(read(erased), read(&clock));
}
