//! What a wait for a moment is given: a handle on a wheel, and the clock by which that wheel is fired.
//!
//! | handle                 | keeps its wheel                             |
//! |------------------------|---------------------------------------------|
//! | `&Wheel<L>`            | borrowed                                    |
//! | `Arc<Wheel<L>>`        | counted                                     |
//! | [`TimeSource`]         | borrowed, with its clock                    |
//! | an executor's own type | as the executor keeps itself, with a clock  |

#![expect(unsafe_code, reason = "states which handles keep their wheel where it is")]

use core::fmt;

use crate::{
    clock::{Clock, Instant},
    lock::{Lock, RawLock},
    time::wheel::Wheel,
};

/// A handle on a wheel. Whoever has one may join the wheel: nodes of entries hang on it until the handle goes.
///
/// What waits on a wheel without a lock stays on its thread:
///
/// ```compile_fail,E0277
/// use tidemill_core::{lock::Unlocked, time::{Entry, Wheel}};
///
/// fn send(_: impl Send) {}
/// let wheel = Wheel::<Unlocked>::new_in();
/// send(Entry::new(&wheel));
/// ```
///
/// and what waits on a borrowed wheel goes before it:
///
/// ```compile_fail,E0597
/// use tidemill_core::time::{Entry, Wheel};
///
/// let entry;
/// {
///     let wheel = Wheel::new();
///     entry = Entry::new(&wheel);
/// }
/// drop(entry);
/// ```
///
/// # Safety
/// 1. For as long as a handle lives, `wheel` answers with one and the same wheel, whatever else is done to the handle.
/// 2. While a handle lives that was not forgotten, its wheel is neither dropped nor moved. (Of a forgotten one: nobody asks it again.)
/// 3. A handle that may be used on several threads has a wheel that is `Sync`. One whose wheel is bound to a thread is made
///    on that thread alone, and is neither `Send` nor `Sync`.
pub unsafe trait WheelRef {
    /// The lock of the wheel.
    type Lock: RawLock;

    /// The wheel.
    fn wheel(&self) -> &Wheel<Self::Lock>;
}

// SAFETY: the reference borrows one wheel for as long as it may be used, and may go to other threads only if the wheel is `Sync`.
unsafe impl<L: RawLock> WheelRef for &Wheel<L> {
    type Lock = L;

    fn wheel(&self) -> &Wheel<L> {
        self
    }
}

// SAFETY: the count keeps the wheel where it is until the handle is dropped, and an `Arc` goes to other threads only if the wheel is
// `Sync`; `Arc::get_mut` needs the only handle, and then no entry has one.
#[cfg(feature = "alloc")]
unsafe impl<L: RawLock> WheelRef for crate::sync::Arc<Wheel<L>> {
    type Lock = L;

    fn wheel(&self) -> &Wheel<L> {
        self
    }
}

/// A wheel and the clock by which it is fired, both borrowed.
pub struct TimeSource<'w, C: ?Sized = dyn Clock, L: RawLock = Lock> {
    wheel: &'w Wheel<L>,
    clock: &'w C,
}

impl<'w, C: Clock + ?Sized, L: RawLock> TimeSource<'w, C, L> {
    /// Whoever fires `wheel` does it by `clock`.
    pub const fn new(wheel: &'w Wheel<L>, clock: &'w C) -> Self {
        Self { wheel, clock }
    }

    /// Fires what is due by the clock, and says how many that were.
    pub fn fire(&self) -> usize {
        self.wheel.fire(self.clock.now())
    }
}

// SAFETY: as for a reference, which it has.
unsafe impl<C: ?Sized, L: RawLock> WheelRef for TimeSource<'_, C, L> {
    type Lock = L;

    fn wheel(&self) -> &Wheel<L> {
        self.wheel
    }
}

impl<C: Clock + ?Sized, L: RawLock> Clock for TimeSource<'_, C, L> {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl<C: ?Sized, L: RawLock> Clone for TimeSource<'_, C, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized, L: RawLock> Copy for TimeSource<'_, C, L> {}

impl<C: Clock + ?Sized, L: RawLock> fmt::Debug for TimeSource<'_, C, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeSource").field("wheel", self.wheel).field("now", &self.now()).finish()
    }
}
