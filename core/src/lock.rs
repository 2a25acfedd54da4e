//! A short lock: a few instructions of ours run alone, never a user's code.
//!
//! | lock         | excludes                                                        | cost                             |
//! |--------------|-----------------------------------------------------------------|----------------------------------|
//! | [`Lock`]     | every other thread; without `std` every interrupt and core too  | a futex word, a critical section |
//! | [`Unlocked`] | nobody: the cell that has it is `!Sync`                         | none                             |
//!
//! [I1] What runs inside `with` is this crate's own and touches neither a waker, nor a value's `Drop`, nor the same lock again;
//!      therefore the `&mut S` that [`Locked`] lends is the only one.

#![expect(unsafe_code, reason = "lends the state behind a lock, and says which locks exclude")]

use core::{cell::Cell, fmt, marker::PhantomData};

use crate::{
    const_new, lock_init,
    sync::{Gate, UnsafeCell},
};

/// A lock that is held for the length of a closure.
///
/// # Safety
/// While `with` runs its closure on one thread, no other thread (or interrupt) runs one of the same lock: or else the
/// lock is `!Sync`, so that nobody else can have a reference to it.
pub unsafe trait RawLock: Sized {
    lock_init!(declare);

    /// Runs `f` alone.
    fn with<R>(&self, f: impl FnOnce() -> R) -> R;
}

/// The default lock: futex-backed with `std`, a critical section without.
pub struct Lock(Gate);

// SAFETY: `Gate` is a mutex, or masks interrupts through the `critical-section` contract, which covers all cores.
unsafe impl RawLock for Lock {
    lock_init!(define Self(Gate::new()));

    #[inline]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        self.0.with(f)
    }
}

/// No lock at all, for what one thread keeps to itself. `Send`, and not `Sync`.
pub struct Unlocked(PhantomData<Cell<()>>);

// SAFETY: `Unlocked` is `!Sync` (it acts as a `Cell`), so only one thread at a time can have a reference to it.
unsafe impl RawLock for Unlocked {
    lock_init!(define Self(PhantomData));

    #[inline(always)]
    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
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

/// State behind a short lock.
pub(crate) struct Locked<S, L: RawLock> {
    lock: L,
    state: UnsafeCell<S>,
}

// SAFETY: the state is reached through `with` alone, and `L: Sync` excludes all others there (contract of `RawLock`).
unsafe impl<S: Send, L: RawLock + Sync> Sync for Locked<S, L> {}

impl<S, L: RawLock> Locked<S, L> {
    const_new! {
        /// State that nobody has locked.
        pub(crate) fn new_in(state: S) -> Self {
            Self { lock: lock_init!(make L), state: UnsafeCell::new(state) }
        }
    }

    /// Lends the state. `f` keeps to [I1].
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        self.lock.with(|| {
            self.state.with_mut(|state| {
                // SAFETY: the lock excludes all others (contract of `RawLock`), [I1] the same thread.
                f(unsafe { &mut *state })
            })
        })
    }
}
