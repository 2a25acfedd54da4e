//! What the executor of a worker needs of its platform: the machine's clock, and the worker's doorbell.

use tidemill_core::{
    clock::{Clock, Instant},
    wait::Doorbell,
};

use crate::ring::{Bell, Monotonic, Worker};

/// See the [module](self).
pub(super) struct RingHooks(pub(super) Bell);

impl Clock for RingHooks {
    #[inline]
    fn now(&self) -> Instant {
        Monotonic.now()
    }
}

impl Doorbell for RingHooks {
    fn ring(&self) {
        if !Worker::rings_by_message(&self.0) {
            self.0.ring();
        }
    }
}
