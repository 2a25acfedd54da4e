//! A wake batch: a few wakers on their way out of a lock.
//!
//! [I4] What is behind `next` and before `end` is initialised, the rest is not.

#![expect(unsafe_code, reason = "owns an array by its length")]

use core::{
    fmt,
    mem::{self, MaybeUninit},
    task::Waker,
};

/// At most [`CAPACITY`](Self::CAPACITY) wakers, taken out under a lock and woken after it, in order.
///
/// Whatever is still in a batch when it is dropped is woken then: so a waker that panics does not cost the others their wake.
/// (A second panic on the way ends the process, as any panic while unwinding does.)
pub struct WakeBatch {
    /// [I4] `next..end` is initialised, the rest is not.
    wakers: [MaybeUninit<Waker>; Self::CAPACITY],
    next: usize,
    end: usize,
}

impl WakeBatch {
    /// How many wakers fit: 16, and without `alloc` 1, since there stacks are small, and interrupts are masked while a batch is filled.
    pub const CAPACITY: usize = if cfg!(feature = "alloc") { 16 } else { 1 };

    /// An empty batch.
    pub const fn new() -> Self {
        Self { wakers: [const { MaybeUninit::uninit() }; Self::CAPACITY], next: 0, end: 0 }
    }

    /// Whether no further waker fits.
    pub const fn is_full(&self) -> bool {
        // Said so, it spares whoever has asked the look at the bound.
        self.end >= Self::CAPACITY
    }

    /// Adds a waker behind the others.
    ///
    /// # Panics
    /// Panics where the batch is full.
    pub fn push(&mut self, waker: Waker) {
        self.wakers[self.end].write(waker);
        self.end += 1;
    }

    /// Wakes all, the first one first, and is empty then. Call it outside every lock.
    ///
    /// A waker that panics does not cost the others their wake: the panic goes on when all have been woken.
    #[inline]
    pub fn wake(&mut self) {
        if self.next < self.end {
            drop(Rest(self));
        }
    }
}

impl Drop for WakeBatch {
    #[inline]
    fn drop(&mut self) {
        self.wake();
    }
}

/// A batch of wakers on their way from under a lock to being woken. Whatever is in it when it is dropped is woken then.
pub(crate) trait Woken {
    /// An empty one.
    fn new() -> Self;

    /// Wakes all, and is empty then.
    fn wake(&mut self);
}

impl Woken for WakeBatch {
    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn wake(&mut self) {
        Self::wake(self);
    }
}

/// Those of a batch that are still to be woken.
struct Rest<'a>(&'a mut WakeBatch);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        while self.0.next < self.0.end {
            let again = Rest(self.0);
            let at = again.0.next;
            again.0.next += 1;
            // `end` is at most the capacity.
            if let Some(place) = again.0.wakers.get(at) {
                // SAFETY: [I4] `at` was in `next..end`, and is no longer.
                unsafe { place.assume_init_read() }.wake();
            }
            mem::forget(again);
        }
        (self.0.next, self.0.end) = (0, 0);
    }
}

impl Default for WakeBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WakeBatch({})", self.end - self.next)
    }
}
