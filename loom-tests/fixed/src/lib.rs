//! What the models in `tests` share. They are a package of their own, since features of one build are united.
#![cfg(loom)]

use loom::thread;
use tidemill_core::{
    clock::{Clock, Instant},
    const_new,
    sync::{AtomicUsize, Ordering::Relaxed},
    wait::{Doorbell, Park, Wait},
};

/// A doorbell that is looked at until it has rung, and a clock that a model sets.
pub struct Board {
    /// 1 since it was rung last.
    pub rung: AtomicUsize,
    /// In nanoseconds.
    pub now: AtomicUsize,
}

impl Board {
    const_new! {
        /// At the beginning of time, and silent.
        #[allow(clippy::new_without_default, reason = "it belongs into a static")]
        pub fn new() -> Self {
            Self { rung: AtomicUsize::new(0), now: AtomicUsize::new(0) }
        }
    }
}

impl Clock for Board {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now.load(Relaxed) as u64)
    }
}

impl Doorbell for Board {
    fn ring(&self) {
        self.rung.store(1, Relaxed);
    }
}

/// Sleeps until it is rung.
pub struct Sleep(pub &'static Board);

impl Park for Sleep {
    fn park(&mut self, wait: Wait) {
        while wait != Wait::Poll && self.0.rung.load(Relaxed) == 0 {
            thread::yield_now();
        }
        self.0.rung.store(0, Relaxed);
    }
}
