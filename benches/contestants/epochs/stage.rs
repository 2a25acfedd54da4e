//! Where the operations run: `sched`'s Local on one thread, without timers, which nobody else wakes.

use tidemill_core::{
    clock::{Clock, Instant},
    epoch::Async,
    error::Fault,
    wait::{Doorbell, Wait},
};
use tidemill_sched::Local;

/// A value of the operations.
pub(crate) type Value<T, L> = Async<T, Fault, L>;

/// The platform: no time passes, and nobody rings.
pub(crate) struct Platform;

impl Clock for Platform {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }
}

impl Doorbell for Platform {
    fn ring(&self) {}
}

/// An executor, and its turns.
pub(crate) struct Stage(pub(crate) Local<Platform>);

impl Stage {
    /// One of which the turns of a cycle are many.
    pub(crate) fn new() -> Self {
        let local = Local::new(Platform);
        local.set_budget(1 << 16);
        Self(local)
    }

    /// Runs `build` with this as the current executor.
    pub(crate) fn build<R>(&self, build: impl FnOnce() -> R) -> R {
        self.0.enter(build)
    }

    /// Runs tasks until nobody is ready.
    pub(crate) fn settle(&self) {
        while self.0.tick() == Wait::Poll {}
    }

    /// Runs tasks until all have ended.
    pub(crate) fn run(&self) {
        self.settle();
        assert_eq!(self.0.live(), 0, "somebody waits still");
    }
}

/// What a value has come to.
pub(crate) fn end<T: Copy, L: tidemill_core::lock::RawLock>(value: &Value<T, L>) -> T {
    *value.read().try_get().expect("all have ended").expect("it is there")
}
