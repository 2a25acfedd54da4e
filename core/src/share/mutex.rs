//! A mutex keeps a value for one task at a time, across awaits. Who finds it locked waits in line, and the lock goes from hand to hand.
//!
//! | mutex    | `lock`                        | the guard is dropped                                          |
//! |----------|-------------------------------|---------------------------------------------------------------|
//! | free     | -> locked, ours               |                                                               |
//! | locked   | waits, last in line           | -> locked, granted to the first in line; nobody there -> free |
//!
//! | `Locking` | is                                     | poll                    | drop                              |
//! |-----------|----------------------------------------|-------------------------|-----------------------------------|
//! | new, done | not in line                            | -> done, or -> waiting  | nothing                           |
//! | waiting   | in line                                | pending                 | leaves                            |
//! | granted   | out of line, and the mutex is its own  | -> done, with the guard | as if a guard were dropped        |
//!
//! [I1] While the mutex is locked there is one guard, or one `Locking` that is granted, or one that was forgotten; else there is none.
//!      Locked is set under the lock of the line, by who finds it free; it stays set while it is handed on.
//! [I2] The value is touched through the one guard, or through `&mut Mutex`.
//! [I3] Where the mutex is free nobody is in line.

#![expect(unsafe_code, reason = "lends a value to who holds the guard")]

use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    mem,
    ops::{Deref, DerefMut},
    pin::Pin,
    ptr,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use crate::{
    const_new,
    error::MutexLocked,
    lock::{Lock, RawLock},
    sync::UnsafeCell,
    wait::{Turn, WaitList, Waiter, WakeBatch},
};

/// A value that one task at a time may touch, for as long as it likes and across awaits. First come, first served.
///
/// A panic while it is locked unlocks it, and leaves the value as it was then. Who locks it twice waits for itself, for ever:
/// [`try_lock`](Self::try_lock) and [`lock_once`](Self::lock_once) say so.
///
/// ```
/// use tidemill_core::{error::MutexLocked, share::Mutex};
///
/// static TOTAL: Mutex<u32> = Mutex::new(1);
///
/// let mut total = TOTAL.try_lock()?;
/// *total += 1;
/// assert_eq!(TOTAL.try_lock().err(), Some(MutexLocked));
/// drop(total);
/// assert_eq!(*TOTAL.try_lock()?, 2);
/// # Ok::<(), MutexLocked>(())
/// ```
pub struct Mutex<T, L: RawLock = Lock> {
    line: WaitList<L, State, Granted>,
    value: UnsafeCell<T>,
}

pub(super) struct State {
    locked: bool,
    /// Which task has it, if it is known.
    holder: Option<Holder>,
}

type Granted = bool;

/// A task, by the waker that it is polled with: the same for all parts of it that run beside each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    data: usize,
    vtable: usize,
}

impl Holder {
    /// `None` where the waker has no data, so that it tells nobody from another.
    fn of(waker: &Waker) -> Option<Self> {
        let (data, vtable) = (waker.data().addr(), ptr::from_ref(waker.vtable()).addr());
        (data != 0).then_some(Self { data, vtable })
    }
}

// SAFETY: through a shared Mutex the value goes from one thread to another, one at a time [I1] [I2], where the lock of the line
// excludes.
unsafe impl<T: Send, L: RawLock + Sync> Sync for Mutex<T, L> {}

impl<T> Mutex<T> {
    const_new! {
        /// A free mutex.
        pub fn new(value: T) -> Self {
            Self::new_in(value)
        }
    }
}

impl<T, L: RawLock> Mutex<T, L> {
    const_new! {
        /// A free mutex with the lock `L`.
        pub fn new_in(value: T) -> Self {
            let state = State { locked: false, holder: None };
            Self { line: WaitList::new_in(state), value: UnsafeCell::new(value) }
        }
    }

    /// Waits until the value is ours. Parts of one task that run beside each other may wait for each other; for who is one line of work,
    /// and may have it already, there is [`lock_once`](Self::lock_once).
    ///
    /// # Cancel safety
    /// Strict: who is dropped leaves the line, and a lock that it had been handed goes to the next.
    pub fn lock(&self) -> Locking<'_, T, L> {
        Locking { mutex: self, pending: false, waiter: Waiter::new(&self.line, false) }
    }

    /// Locks it where it is free.
    ///
    /// # Errors
    /// [`MutexLocked`] where it is not, or is on its way to who waits for it.
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T, L>, MutexLocked> {
        match self.line.with(|turn| mem::replace(&mut turn.state.locked, true)) {
            false => Ok(MutexGuard::new(self)),
            true => Err(MutexLocked),
        }
    }

    /// Whether the task with this waker has it, as far as that is known.
    pub(super) fn is_held_by(&self, waker: &Waker) -> bool {
        let holder = Holder::of(waker);
        self.line.with(|turn| turn.state.locked && holder.is_some() && turn.state.holder == holder)
    }

    /// The value, without a lock: nobody else has a reference.
    pub fn get_mut(&mut self) -> &mut T {
        let value = self.value.with_mut(|value| value);
        // SAFETY: [I2] through `&mut self`.
        unsafe { &mut *value }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    fn unlock(&self) {
        self.line.wake_with(pass_on);
    }
}

/// Hands the lock to the first in line, or sets it free.
fn pass_on(turn: &mut Turn<'_, State, Granted>, batch: &mut WakeBatch) -> bool {
    turn.state.holder = None;
    match turn.first() {
        Some(granted) => *granted = true,
        None => turn.state.locked = false,
    }
    turn.take(batch);
    false
}

pin_project! {
    /// Waits for a [`Mutex`]. Made by [`Mutex::lock`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Locking<'a, T, L: RawLock = Lock> {
        mutex: &'a Mutex<T, L>,
        // Waiting or granted.
        pending: bool,
        #[pin]
        waiter: Waiter<'a, L, State, Granted>,
    }

    impl<'a, T, L: RawLock> PinnedDrop for Locking<'a, T, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.pending && this.waiter.leave(|turn| turn.mark().is_some_and(|granted| *granted)) {
                this.mutex.unlock();
            }
        }
    }
}

impl<'a, T, L: RawLock> Future for Locking<'a, T, L> {
    type Output = MutexGuard<'a, T, L>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.waiter.poll_likely(cx.waker(), |turn| {
            let granted = turn.mark().is_some_and(mem::take);
            let ours = granted || !mem::replace(&mut turn.state.locked, true);
            ours.then(|| turn.state.holder = Holder::of(cx.waker()))
        });
        *this.pending = polled.is_pending();
        polled.map(|()| MutexGuard::new(this.mutex))
    }
}

/// The value of a [`Mutex`], for as long as this lives.
#[must_use = "the mutex is free again when this is dropped"]
pub struct MutexGuard<'a, T, L: RawLock = Lock> {
    mutex: &'a Mutex<T, L>,
    // Sent and shared where a `&mut T` is.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T, L: RawLock> MutexGuard<'a, T, L> {
    /// Only for who has just set Locked, or was granted it [I1].
    fn new(mutex: &'a Mutex<T, L>) -> Self {
        Self { mutex, _value: PhantomData }
    }
}

impl<T, L: RawLock> Deref for MutexGuard<'_, T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: [I2] this is the one guard; who borrows from it borrows it.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T, L: RawLock> DerefMut for MutexGuard<'_, T, L> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: [I2] this is the one guard, borrowed by nobody else.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T, L: RawLock> Drop for MutexGuard<'_, T, L> {
    fn drop(&mut self) {
        self.mutex.unlock();
    }
}

impl<T: fmt::Debug, L: RawLock> fmt::Debug for Mutex<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            Ok(value) => f.debug_tuple("Mutex").field(&*value).finish(),
            Err(MutexLocked) => f.write_str("Mutex(<locked>)"),
        }
    }
}

impl<T, L: RawLock> fmt::Debug for Locking<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Locking")
    }
}

impl<T: fmt::Debug, L: RawLock> fmt::Debug for MutexGuard<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MutexGuard").field(&**self).finish()
    }
}
