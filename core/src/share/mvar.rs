//! An Mvar is a slot for one value: who puts waits for room, who takes waits for a value.
//!
//! Two semaphores count what is there: `room` and `values`. A permit of either is the right to touch the slot, which is as the permit
//! says:
//!
//! | slot    | free permit  | `put`                                | `take`                               |
//! |---------|--------------|--------------------------------------|--------------------------------------|
//! | `None`  | of `room`    | spends it, fills, releases a value   | waits                                |
//! | `Some`  | of `values`  | waits                                | spends it, empties, releases room    |
//! | either  | none         | waits: somebody is about to put or to take  | waits                         |
//!
//! [I1] Of both kinds together there is one permit: free, granted, or spent by who is at the slot. Therefore the slot is `None` for who
//!      spends room, and `Some` for who spends a value.
//! [I2] A `Put` that is dropped has not put: it keeps its value until it has room. A `Take` that is dropped has not taken.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    const_new,
    error::MvarFull,
    lock::{Lock, Locked, RawLock},
    share::{Acquire, Permit, Semaphore},
};

/// A slot for one value, handed from task to task. Both who puts and who takes are served in the order in which they began to wait.
///
/// ```
/// use tidemill_core::{error::MvarFull, share::Mvar};
///
/// static MAIL: Mvar<&str> = Mvar::new();
///
/// assert_eq!(MAIL.try_put("first"), Ok(()));
/// assert_eq!(MAIL.try_put("second"), Err(MvarFull("second")));
/// assert_eq!(MAIL.try_take(), Some("first"));
/// assert_eq!(MAIL.try_take(), None);
/// ```
///
/// Source: Async's `Mvar`. Deviation: it is fair.
pub struct Mvar<T, L: RawLock = Lock> {
    room: Semaphore<L>,
    values: Semaphore<L>,
    slot: Locked<Option<T>, L>,
}

impl<T> Mvar<T> {
    const_new! {
        /// An empty slot.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<T, L: RawLock> Mvar<T, L> {
    const_new! {
        /// An empty slot with the lock `L`.
        pub fn new_in() -> Self {
            Self { room: Semaphore::new_in(1), values: Semaphore::new_in(0), slot: Locked::new_in(None) }
        }
    }

    /// Waits for room, and puts `value` there.
    ///
    /// # Cancel safety
    /// Nothing is put where the future is dropped; `value` is dropped with it.
    pub fn put(&self, value: T) -> Put<'_, T, L> {
        Put { mvar: self, value: Some(value), room: self.room.acquire(1) }
    }

    /// Waits for a value, and takes it.
    ///
    /// # Cancel safety
    /// Strict: a value that was on its way to it goes to the next who takes.
    pub fn take(&self) -> Take<'_, T, L> {
        Take { mvar: self, value: self.values.acquire(1) }
    }

    /// Puts a value where there is room that nobody waits for.
    ///
    /// # Errors
    /// [`MvarFull`] hands it back.
    pub fn try_put(&self, value: T) -> Result<(), MvarFull<T>> {
        match self.room.try_acquire(1) {
            Ok(room) => {
                self.fill(room, value);
                Ok(())
            }
            Err(_) => Err(MvarFull(value)),
        }
    }

    /// Takes the value where there is one that nobody waits for.
    pub fn try_take(&self) -> Option<T> {
        self.empty(self.values.try_acquire(1).ok()?)
    }

    /// Whether there is a value that nobody has taken, or is about to.
    pub fn is_full(&self) -> bool {
        self.values.permits() > 0
    }

    fn fill(&self, room: Permit<'_, L>, value: T) {
        room.forget();
        // [I1] What was there is `None`: nothing is dropped here.
        let _none = self.slot.with(|slot| slot.replace(value));
        self.values.release(1);
    }

    fn empty(&self, value: Permit<'_, L>) -> Option<T> {
        value.forget();
        let value = self.slot.with(Option::take);
        self.room.release(1);
        value
    }
}

pin_project! {
    /// Waits for room in an [`Mvar`]. Made by [`Mvar::put`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Put<'a, T, L: RawLock = Lock> {
        mvar: &'a Mvar<T, L>,
        value: Option<T>,
        #[pin]
        room: Acquire<'a, L>,
    }
}

impl<T, L: RawLock> Future for Put<'_, T, L> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.value.is_none() {
            return Poll::Ready(());
        }
        // Closed it never is.
        let Poll::Ready(Ok(room)) = this.room.poll(cx) else { return Poll::Pending };
        if let Some(value) = this.value.take() {
            this.mvar.fill(room, value);
        }
        Poll::Ready(())
    }
}

pin_project! {
    /// Waits for a value of an [`Mvar`]. Made by [`Mvar::take`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Take<'a, T, L: RawLock = Lock> {
        mvar: &'a Mvar<T, L>,
        #[pin]
        value: Acquire<'a, L>,
    }
}

impl<T, L: RawLock> Future for Take<'_, T, L> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        // Closed it never is, and [I1] a permit of `values` means that there is one.
        let Poll::Ready(Ok(value)) = this.value.poll(cx) else { return Poll::Pending };
        this.mvar.empty(value).map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T, L: RawLock> Default for Mvar<T, L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<T, L: RawLock> fmt::Debug for Mvar<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "Mvar(<full>)" } else { "Mvar(<empty>)" })
    }
}

impl<T, L: RawLock> fmt::Debug for Put<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Put")
    }
}

impl<T, L: RawLock> fmt::Debug for Take<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Take")
    }
}
