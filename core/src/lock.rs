//! A short lock: a few instructions of ours run alone, never a user's code.
//!
//! | lock         | excludes                                                        | entered again from inside  |
//! |--------------|-----------------------------------------------------------------|----------------------------|
//! | [`Lock`]     | every other thread; without `std` every interrupt and core too  | never returns; or panics (without `std` with debug assertions) |
//! | [`Unlocked`] | nobody: what holds it is `!Sync`                                | panics                     |
//!
//! \[I1] Of one lock, one closure runs at a time; none runs inside another. Therefore the `&mut S` that `Locked` lends is the
//!      only one.
//! \[I2] What runs inside `with` touches neither a waker nor a value's `Drop`: a user's code never finds the lock taken.

#![expect(unsafe_code, reason = "lends the state behind a lock, and says which locks exclude")]

use core::{cell::Cell, fmt};

#[cfg(not(feature = "alloc"))]
use crate::mask::Mask;
use crate::{
    const_new, lock_init,
    sync::{Gate, UnsafeCell},
};

/// A lock that is held for the length of a closure.
///
/// # Safety
/// While `with` runs a closure, no second one of the same lock runs: not on another thread (or in an interrupt), or else the lock
/// is `!Sync`, so that nobody else can have a reference to it; and not inside the first, where `with` panics or never returns.
pub unsafe trait RawLock: Sized + 'static {
    lock_init!(declare);

    /// Runs `f` alone.
    ///
    /// # Panics
    /// May panic where `f` enters the same lock again, or else never returns.
    fn with<R>(&self, f: impl FnOnce() -> R) -> R;
}

/// The default lock: with `std` a word that is exchanged and stored, without it a critical section.
pub struct Lock(Gate);

// SAFETY: `Gate` is a mutex that is never given back but by who holds it, or masks interrupts through the `critical-section` contract, which covers all cores, and panics
// or never returns where it is entered again.
unsafe impl RawLock for Lock {
    lock_init!(define Self(Gate::new()));

    #[inline]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.with(f)
    }
}

/// No lock at all, for what one thread keeps to itself: a flag that catches re-entry. `Send`, and not `Sync`.
pub struct Unlocked(Cell<bool>);

/// Lowers the flag of an [`Unlocked`], also when its closure panics.
struct Entered<'a>(&'a Cell<bool>);

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.set(false);
    }
}

// SAFETY: `Unlocked` is `!Sync` (it is a `Cell`), so only one thread at a time can have a reference to it; the flag is up for as
// long as a closure runs, and panics a second one.
unsafe impl RawLock for Unlocked {
    lock_init!(define Self(Cell::new(false)));

    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        assert!(!self.0.replace(true), "a lock was entered again from inside it");
        let _entered = Entered(&self.0);
        f()
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unlocked")
    }
}

/// Runs `f` with interrupts masked, where that can be: without `std`. For executors.
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub fn alone<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(not(feature = "std"))]
    return crate::sync::exclude(f);
    #[cfg(feature = "std")]
    f()
}

/// State behind a short lock, for what executors are made of.
pub struct Locked<S, L: RawLock> {
    lock: L,
    state: UnsafeCell<S>,
}

// SAFETY: the state is reached through `with` alone, and `L: Sync` excludes all others there ([I1], contract of `RawLock`).
unsafe impl<S: Send, L: RawLock + Sync> Sync for Locked<S, L> {}

impl<S, L: RawLock> Locked<S, L> {
    const_new! {
        /// State that nobody has locked.
        pub fn new_in(state: S) -> Self {
            Self { lock: lock_init!(make L), state: UnsafeCell::new(state) }
        }
    }

    /// Lends the state. `f` keeps to \[I2].
    ///
    /// # Panics
    /// As [`RawLock::with`].
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        self.lock.with(|| {
            self.state.with_mut(|state| {
                // SAFETY: [I1], by the contract of `RawLock`: nothing else reaches the state while `f` runs.
                f(unsafe { &mut *state })
            })
        })
    }
}

#[cfg(not(feature = "alloc"))]
impl<S> Locked<S, Lock> {
    /// As `with`, for who has a mask already, which excludes everyone this lock does.
    ///
    /// # Safety
    /// No closure of this lock runs around it.
    #[inline(always)]
    pub(crate) unsafe fn with_masked<R>(&self, _: Mask<'_>, f: impl FnOnce(&mut S) -> R) -> R {
        self.lock.0.alone(|| {
            self.state.with_mut(|state| {
                // SAFETY: [I1], the mask keeps others out, and the contract this one.
                f(unsafe { &mut *state })
            })
        })
    }
}

impl<S> Locked<S, Unlocked> {
    /// As `with`, without a look whether it was entered.
    ///
    /// # Safety
    /// No closure of this lock runs meanwhile, outside of this one or within it.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(crate) unsafe fn with_alone<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        self.state.with_mut(|state| {
            // SAFETY: `Unlocked` is `!Sync`, and the contract.
            f(unsafe { &mut *state })
        })
    }
}
