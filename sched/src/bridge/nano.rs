//! A nano mutex: a lock for system threads and the tasks on them, which knows the thread that has it.
//!
//! | it is           | `lock` on that thread | `lock` on another | `try_lock` on that thread | on another     |
//! |-----------------|-----------------------|-------------------|---------------------------|----------------|
//! | free            | -> taken              | -> taken          | -> taken                  | -> taken       |
//! | taken by one    | `Relocked`            | waits             | `Relocked`                | `Locked`       |
//!
//! [N1] `owner` holds the token of a thread only while that thread has the lock: it is written after locking and before unlocking. So who
//!      finds its own token there has the lock, and who has it finds its token: nobody else writes meanwhile.
//! [N2] The guard stays on its thread, so it is dropped there.

use std::{
    cell::Cell,
    fmt,
    ops::{Deref, DerefMut},
    sync::{
        Mutex, MutexGuard, PoisonError,
        TryLockError::{Poisoned, WouldBlock},
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::error::{Relocked, TryLockError};

/// No thread.
const NOBODY: usize = 0;

thread_local! {
    /// Its address is the token of the thread: no two that live have the same.
    static TOKEN: Cell<u8> = const { Cell::new(0) };
}

/// A mutex for a few instructions, shared by system threads and tasks: to lock it blocks the thread, and to lock it again on the same thread is
/// an error, where other mutexes wait for themselves.
///
/// Its owner is the thread, and not the task: a task that keeps a guard over an await makes the next one on its thread fail at once, instead of
/// stopping both. (The guard is `!Send`, so a task that keeps one cannot go to another thread.) For locks that are kept over awaits there is
/// [`Mutex`](tidemill_core::share::Mutex).
///
/// A panic of who has it does not poison it: it is unlocked, and the value is as it was left.
///
/// ```
/// use tidemill_sched::bridge::{NanoMutex, Relocked};
///
/// static TOTAL: NanoMutex<u32> = NanoMutex::new(1);
///
/// let mut total = TOTAL.lock()?;
/// *total += 1;
/// assert_eq!(TOTAL.lock().err(), Some(Relocked));
/// drop(total);
/// assert_eq!(*TOTAL.lock()?, 2);
/// # Ok::<(), Relocked>(())
/// ```
///
/// Source: Core's `Nano_mutex`.
pub struct NanoMutex<T> {
    owner: AtomicUsize,
    value: Mutex<T>,
}

impl<T> NanoMutex<T> {
    /// A free mutex.
    pub const fn new(value: T) -> Self {
        Self { owner: AtomicUsize::new(NOBODY), value: Mutex::new(value) }
    }

    /// Locks it, and blocks the thread until it is free.
    ///
    /// # Errors
    /// This thread has it already.
    pub fn lock(&self) -> Result<NanoGuard<'_, T>, Relocked> {
        if self.is_ours() {
            return Err(Relocked);
        }
        Ok(self.own(self.value.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Locks it if it is free.
    ///
    /// # Errors
    /// It is not: another thread has it, or this one.
    pub fn try_lock(&self) -> Result<NanoGuard<'_, T>, TryLockError> {
        if self.is_ours() {
            return Err(TryLockError::Relocked);
        }
        match self.value.try_lock() {
            Ok(value) => Ok(self.own(value)),
            Err(Poisoned(poisoned)) => Ok(self.own(poisoned.into_inner())),
            Err(WouldBlock) => Err(TryLockError::Locked),
        }
    }

    /// Whether this thread has it.
    pub fn is_ours(&self) -> bool {
        // ordering: Relaxed. Who finds its own token has written it [N1]; any other says only that it is not ours.
        self.owner.load(Relaxed) == token()
    }

    /// The value, without a lock: nobody else has a reference.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn own<'m>(&'m self, value: MutexGuard<'m, T>) -> NanoGuard<'m, T> {
        // ordering: Relaxed [N1], as below.
        self.owner.store(token(), Relaxed);
        NanoGuard { owner: &self.owner, value }
    }
}

fn token() -> usize {
    TOKEN.with(|token| std::ptr::from_ref(token).addr())
}

/// The value of a [`NanoMutex`], for as long as this lives. It stays on its thread.
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<tidemill_sched::bridge::NanoGuard<'static, u32>>();
/// ```
#[must_use = "the mutex is free again when this is dropped"]
pub struct NanoGuard<'m, T> {
    owner: &'m AtomicUsize,
    // Unlocked when it is dropped, after `drop` below.
    value: MutexGuard<'m, T>,
}

impl<T> Deref for NanoGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for NanoGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for NanoGuard<'_, T> {
    fn drop(&mut self) {
        // ordering: Relaxed: on this thread nobody finds its token from here on, and others do not care [N1].
        self.owner.store(NOBODY, Relaxed);
    }
}

impl<T: fmt::Debug> fmt::Debug for NanoMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            Ok(value) => f.debug_tuple("NanoMutex").field(&*value).finish(),
            Err(_) => f.write_str("NanoMutex(<locked>)"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for NanoGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NanoGuard").field(&**self).finish()
    }
}
