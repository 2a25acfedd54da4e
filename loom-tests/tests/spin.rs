//! A model of `Spin`, the lock that `Lock` is with `std`.
#![cfg(loom)]
#![expect(unsafe_code, reason = "a cell of a model")]

use std::sync::Arc;

use loom::{cell::UnsafeCell, thread};
use tidemill_core::sync::Spin;

struct Counter {
    lock: Spin,
    count: UnsafeCell<usize>,
}

// SAFETY: the count is touched under the lock alone.
unsafe impl Sync for Counter {}

impl Counter {
    fn add(&self) -> usize {
        self.lock.with(|| {
            self.count.with_mut(|count| {
                // SAFETY: under the lock.
                let count = unsafe { &mut *count };
                *count += 1;
                *count
            })
        })
    }
}

/// **What one does under the lock is seen by the next, and two are never there at once.**
///
/// Seen to fail with Relaxed in `Spin::take` or in `Held::drop`, and with a load and a store in place of the exchange.
#[test]
fn one_at_a_time_sees_what_the_one_before_did() {
    loom::model(|| {
        let counter = Arc::new(Counter { lock: Spin::new(), count: UnsafeCell::new(0) });
        let other = thread::spawn({
            let counter = Arc::clone(&counter);
            move || counter.add()
        });
        let ours = counter.add();
        assert_eq!(other.join().unwrap() + ours, 3);
        assert_eq!(counter.add(), 3);
    });
}
