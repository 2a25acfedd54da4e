//! Dice: numbers that look random, the same in every run. (Marsaglia's xorshift.)

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// For one interrupt, or one task: two who throw at once may see the same.
pub(crate) struct Dice(AtomicU32);

impl Dice {
    /// Dice that begin with `seed`, which is not zero.
    pub(crate) const fn new(seed: u32) -> Self {
        Self(AtomicU32::new(seed))
    }

    /// The next number.
    pub(crate) fn throw(&self) -> u32 {
        let mut word = self.0.load(Relaxed);
        word ^= word << 13;
        word ^= word >> 17;
        word ^= word << 5;
        self.0.store(word, Relaxed);
        word
    }
}
