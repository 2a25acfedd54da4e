//! An emplace buffer is the place of one who makes a value when its turn has come, and leaves at once.

use core::fmt;

use crate::{
    epoch::write::WriteBuffer,
    error::Fault,
    lock::{Lock, RawLock},
};

/// A writer of one epoch of a value, who makes it in its turn, once. As with a [`WriteBuffer`], the epoch is cancelled if nothing is made.
pub struct EmplaceBuffer<T, E: 'static = Fault, L: RawLock = Lock>(pub(super) WriteBuffer<T, E, L>);

impl<T, E: 'static, L: RawLock> EmplaceBuffer<T, E, L> {
    /// Waits for its turn, makes the value, and leaves. Nothing is made before.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the buffer: the epoch is cancelled.
    pub async fn init_with(mut self, make: impl FnOnce() -> T) {
        let mut slot = self.0.slot().await;
        slot.set(make());
    }

    /// Leaves the value as it was before the epoch, whenever its turn comes. It does not wait.
    pub fn keep(self) {
        self.0.keep();
    }

    /// Fails the epoch with `error`, whenever its turn comes. It does not wait.
    pub fn fail(self, error: E) {
        self.0.fail(error);
    }

    /// Cancels the epoch, whenever its turn comes. It does not wait.
    pub fn cancel(self) {
        self.0.cancel();
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

impl<T, E: 'static, L: RawLock> fmt::Debug for EmplaceBuffer<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmplaceBuffer")
    }
}
