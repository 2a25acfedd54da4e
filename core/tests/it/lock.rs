//! Short locks: what they exclude.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tidemill_core::lock::{Lock, RawLock, Unlocked};

#[test]
fn no_lock_at_all_still_catches_reentry_and_opens_again() {
    let lock = Unlocked::INIT;
    let reentry = catch_unwind(AssertUnwindSafe(|| lock.with(|| lock.with(|| 1))));
    assert!(reentry.is_err());
    assert_eq!(lock.with(|| 2), 2);
}

#[test]
fn a_panic_inside_a_lock_does_not_lock_the_others_out() {
    let lock = Lock::INIT;
    let inside = catch_unwind(AssertUnwindSafe(|| lock.with(|| panic!("inside"))));
    assert!(inside.is_err());
    assert_eq!(lock.with(|| 2), 2);
}

#[test]
#[cfg(not(feature = "std"))]
fn a_critical_section_catches_reentry() {
    let lock = Lock::INIT;
    assert!(catch_unwind(AssertUnwindSafe(|| lock.with(|| lock.with(|| 1)))).is_err());
    assert_eq!(lock.with(|| 2), 2);
}
