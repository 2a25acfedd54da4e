//! A semaphore counts permits. Who wants some and finds too few waits in line, and nobody overtakes.
//!
//! | `Acquire` | is                                             | poll                             | drop                          |
//! |-----------|------------------------------------------------|----------------------------------|-------------------------------|
//! | new       | not in line                                    | -> done, or -> waiting           | nothing                       |
//! | waiting   | in line                                        | pending, or closed -> done       | leaves; who is behind may go  |
//! | granted   | taken out of line, with its permits            | -> done, with a `Permit`         | the permits go to the next    |
//! | done      | not in line                                    | as new                           | nothing                       |
//!
//! [I1] Who is first in line wants more than is free, except while `serve` runs or is about to. So who finds nobody in line and
//!      enough permits may take them, and who finds somebody in line may not.
//! [I2] Whatever adds permits, or takes somebody out of line, calls `serve` after it.
//! [I3] A permit is free, or granted and not collected, or in a `Permit`; or it was forgotten.

use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    const_new,
    error::{SemaphoreClosed, TryAcquireError},
    lock::{Lock, RawLock},
    wait::{Turn, WaitList, Waiter, WakeBatch},
};

/// A count of permits to wait for, first come first served: who wants many is not overtaken by who wants few.
///
/// ```
/// use tidemill_core::{error::TryAcquireError, share::Semaphore};
///
/// static SLOTS: Semaphore = Semaphore::new(2);
///
/// let both = SLOTS.try_acquire(2)?;
/// assert_eq!(SLOTS.try_acquire(1).err(), Some(TryAcquireError::NoPermits));
/// drop(both);
/// assert_eq!(SLOTS.permits(), 2);
/// # Ok::<(), TryAcquireError>(())
/// ```
pub struct Semaphore<L: RawLock = Lock> {
    line: WaitList<L, Count, Want>,
}

struct Count {
    free: usize,
    closed: bool,
}

struct Want {
    n: usize,
    granted: bool,
}

impl Semaphore {
    const_new! {
        /// A semaphore with so many permits.
        pub fn new(permits: usize) -> Self {
            Self::new_in(permits)
        }
    }
}

impl<L: RawLock> Semaphore<L> {
    const_new! {
        /// A semaphore with so many permits and the lock `L`.
        pub fn new_in(permits: usize) -> Self {
            Self { line: WaitList::new_in(Count { free: permits, closed: false }) }
        }
    }

    /// Waits for `n` permits at once. They come back when the [`Permit`] is dropped. More than there will ever be are waited for
    /// until the semaphore is closed.
    ///
    /// # Errors
    /// [`SemaphoreClosed`].
    ///
    /// # Cancel safety
    /// Strict: who is dropped leaves the line, and permits that it had been handed go to the next.
    pub fn acquire(&self, n: usize) -> Acquire<'_, L> {
        let waiter = Waiter::new(&self.line, Want { n, granted: false });
        Acquire { semaphore: self, n, pending: false, waiter }
    }

    /// Takes `n` permits where they are free and nobody is in line for them.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] where it would have to wait; [`TryAcquireError::Closed`].
    pub fn try_acquire(&self, n: usize) -> Result<Permit<'_, L>, TryAcquireError> {
        self.line.with(|turn| {
            if turn.state.closed {
                return Err(TryAcquireError::Closed);
            }
            spend(turn, n).then_some(()).ok_or(TryAcquireError::NoPermits)
        })?;
        Ok(Permit { semaphore: self, n })
    }

    /// Adds `n` permits. The count stops at `usize::MAX`.
    pub fn release(&self, n: usize) {
        let mut added = n;
        self.line.wake_with(|turn, batch| {
            turn.state.free = turn.state.free.saturating_add(mem::take(&mut added));
            serve(turn, batch)
        });
    }

    /// How many permits are free now.
    pub fn permits(&self) -> usize {
        self.line.with(|turn| turn.state.free)
    }

    /// Turns away everybody who waits or comes later. Permits that are out stay good.
    pub fn close(&self) {
        self.line.with(|turn| turn.state.closed = true);
        self.line.wake_all();
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.line.with(|turn| turn.state.closed)
    }
}

/// Takes `n` permits if nobody waits and they are free [I1].
fn spend(turn: &mut Turn<'_, Count, Want>, n: usize) -> bool {
    let enough = turn.is_empty() && turn.state.free >= n;
    if enough {
        turn.state.free -= n;
    }
    enough
}

/// Grants permits to the first in line for as long as there are enough [I2]. True where the batch was full before that.
fn serve(turn: &mut Turn<'_, Count, Want>, batch: &mut WakeBatch) -> bool {
    loop {
        let free = turn.state.free;
        let Some(first) = turn.first().filter(|first| first.n <= free) else { return false };
        if batch.is_full() {
            return true;
        }
        first.granted = true;
        turn.state.free = free - first.n;
        turn.take(batch);
    }
}

pin_project! {
    /// Waits for permits of a [`Semaphore`]. Made by [`Semaphore::acquire`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Acquire<'a, L: RawLock = Lock> {
        semaphore: &'a Semaphore<L>,
        n: usize,
        // Waiting or granted.
        pending: bool,
        #[pin]
        waiter: Waiter<'a, L, Count, Want>,
    }

    impl<'a, L: RawLock> PinnedDrop for Acquire<'a, L> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !*this.pending {
                return;
            }
            this.waiter.leave(|turn| {
                let granted = turn.mark().filter(|want| want.granted).map_or(0, |want| want.n);
                turn.state.free = turn.state.free.saturating_add(granted);
            });
            this.semaphore.line.wake_with(serve);
        }
    }
}

impl<'a, L: RawLock> Future for Acquire<'a, L> {
    type Output = Result<Permit<'a, L>, SemaphoreClosed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (semaphore, n) = (*this.semaphore, *this.n);
        let polled = this.waiter.poll_likely(cx.waker(), |turn| {
            if turn.mark().is_some_and(|want| mem::take(&mut want.granted)) {
                return Some(Ok(()));
            }
            if turn.state.closed {
                return Some(Err(SemaphoreClosed));
            }
            spend(turn, n).then_some(Ok(()))
        });
        *this.pending = polled.is_pending();
        polled.map_ok(|()| Permit { semaphore, n })
    }
}

/// Permits of a [`Semaphore`], which go back to it when this is dropped.
#[must_use = "permits go back when this is dropped"]
pub struct Permit<'a, L: RawLock = Lock> {
    semaphore: &'a Semaphore<L>,
    n: usize,
}

impl<L: RawLock> Permit<'_, L> {
    /// How many they are.
    pub fn count(&self) -> usize {
        self.n
    }

    /// Takes `n` of them into a permit of their own, if there are so many.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.n = self.n.checked_sub(n)?;
        Some(Self { semaphore: self.semaphore, n })
    }

    /// Keeps them from going back: only [`Semaphore::release`] makes up for them.
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl<L: RawLock> Drop for Permit<'_, L> {
    fn drop(&mut self) {
        self.semaphore.release(self.n);
    }
}

impl<L: RawLock> fmt::Debug for Semaphore<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("permits", &self.permits()).finish_non_exhaustive()
    }
}

impl<L: RawLock> fmt::Debug for Acquire<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("n", &self.n).finish_non_exhaustive()
    }
}

impl<L: RawLock> fmt::Debug for Permit<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.n).finish()
    }
}
