//! A lock that a task takes once: where that task has it already, an error instead of a wait for itself.
//!
//! | when it is first polled            | then                                     |
//! |------------------------------------|------------------------------------------|
//! | this task has the mutex            | an error                                 |
//! | another has it, or nobody          | as [`Locking`]                           |

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    error::LockedTwice,
    lock::{Lock, RawLock},
    share::mutex::{Locking, Mutex, MutexGuard},
};

impl<T, L: RawLock> Mutex<T, L> {
    /// Waits until the value is ours, unless it is ours: for tasks that are one line of work, where a second lock would wait for the first
    /// for ever.
    ///
    /// A task is known by its waker, and has what it got by awaiting `lock` or `lock_once`, until the guard is dropped, wherever that was
    /// taken. Parts of one task that run beside each other (in `both`, in `for_each`) are one task here: those use [`lock`](Self::lock).
    ///
    /// ```
    /// # use std::{pin::pin, sync::Arc, task::{Context, Poll, Wake}};
    /// # struct Ring;
    /// # impl Wake for Ring { fn wake(self: Arc<Self>) {} }
    /// use tidemill_core::{error::LockedTwice, share::Mutex};
    ///
    /// async fn twice(total: &Mutex<u32>) -> Result<u32, LockedTwice> {
    ///     let first = total.lock_once().await?;
    ///     let second = total.lock_once().await?;
    ///     Ok(*first + *second)
    /// }
    /// # let (total, waker) = (Mutex::new(1), Arc::new(Ring).into());
    /// # let polled = pin!(twice(&total)).poll(&mut Context::from_waker(&waker));
    /// # assert_eq!(polled, Poll::Ready(Err(LockedTwice)));
    /// ```
    ///
    /// # Errors
    /// [`LockedTwice`]: this very task has it.
    ///
    /// # Cancel safety
    /// Strict, as that of [`lock`](Self::lock).
    pub fn lock_once(&self) -> LockOnce<'_, T, L> {
        LockOnce { mutex: self, asked: false, locking: self.lock() }
    }
}

pin_project! {
    /// Waits for a [`Mutex`]. Made by [`Mutex::lock_once`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct LockOnce<'a, T, L: RawLock = Lock> {
        mutex: &'a Mutex<T, L>,
        asked: bool,
        #[pin]
        locking: Locking<'a, T, L>,
    }
}

impl<'a, T, L: RawLock> Future for LockOnce<'a, T, L> {
    type Output = Result<MutexGuard<'a, T, L>, LockedTwice>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !*this.asked && this.mutex.is_held_by(cx.waker()) {
            return Poll::Ready(Err(LockedTwice));
        }
        *this.asked = true;
        this.locking.poll(cx).map(Ok)
    }
}

impl<T, L: RawLock> fmt::Debug for LockOnce<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockOnce")
    }
}
