//! What the executor of a worker needs of its platform: its clock, and the worker's doorbell.

use tidemill_core::{
    clock::{Clock, Instant},
    wait::Doorbell,
};

use crate::ring::{Bell, Time, Worker};

/// See the [module](self).
pub(super) struct RingHooks(Bell, Time);

impl RingHooks {
    pub(super) fn of(worker: &Worker) -> Self {
        Self(worker.bell(), worker.time().clone())
    }
}

impl Clock for RingHooks {
    #[inline]
    fn now(&self) -> Instant {
        self.1.now()
    }
}

impl Doorbell for RingHooks {
    fn ring(&self) {
        if !Worker::rings_by_message(&self.0) {
            self.0.ring();
        }
    }
}
