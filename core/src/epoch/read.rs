//! A read buffer is a place among the readers of one epoch, taken when it was made.
//!
//! | the epoch               | awaited                    | [`ReadBuffer::maybe`]   | [`ReadBuffer::try_get`]  |
//! |-------------------------|----------------------------|-------------------------|--------------------------|
//! | is still to come        | waits                      | waits                   | `None`                   |
//! | was written             | `Ok`                       | `Ok(Some)`              | `Some(Ok)`               |
//! | was cancelled           | `Err(Cancelled)`           | `Ok(None)`              | `Some(Err(Cancelled))`   |
//! | failed                  | `Err(Failed)`              | `Err`                   | `Some(Err(Failed))`      |
//!
//! \[R1] A read buffer holds its epoch open, whether it is awaited or not, until it is dropped or released.

#![expect(unsafe_code, reason = "says that a buffer keeps its cell")]

use core::{fmt, future::IntoFuture, ops::Deref};

use crate::{
    epoch::{
        arrival::{Arrival, Enrolled},
        seat::{Reader, Spot},
        slot::Content,
    },
    error::{Fault, Missing},
    lock::{Lock, RawLock},
};

/// A reader of one epoch of a value. A clone is one more reader of the same epoch.
///
/// Awaiting it waits until the epoch is written, and gives a guard that holds the epoch open; awaiting a reference to it lends the value
/// instead, any number of times. The next writer waits until all readers of the epoch are gone.
pub struct ReadBuffer<T, E: 'static = Fault, L: RawLock = Lock>(pub(super) Reader<T, E, L>);

#[inline]
pub(super) fn seen<T, E: Clone>(content: &Content<T, E>) -> Result<&T, Missing<E>> {
    match content {
        Content::Value(value) => Ok(value),
        Content::Nothing => Err(Missing::Cancelled),
        Content::Failed(error) => Err(Missing::Failed(error.clone())),
    }
}

fn maybe<T, E>(seen: Result<T, Missing<E>>) -> Result<Option<T>, E> {
    match seen {
        Ok(value) => Ok(Some(value)),
        Err(Missing::Cancelled) => Ok(None),
        Err(Missing::Failed(error)) => Err(error),
    }
}

impl<T, E: Clone, L: RawLock> ReadBuffer<T, E, L> {
    /// The value of the epoch, if it is there or will not be; it does not wait.
    #[inline]
    pub fn try_get(&self) -> Option<Result<&T, Missing<E>>> {
        self.0.content().map(seen)
    }

    /// Waits for the value, and lends it.
    ///
    /// # Errors
    /// The epoch was cancelled, or failed.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    #[inline]
    pub fn get(&self) -> Arrival<&Self> {
        Arrival::new(self)
    }

    /// Waits for the value, and lends it: `None` if the epoch was cancelled.
    ///
    /// # Errors
    /// The epoch failed.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    pub async fn maybe(&self) -> Result<Option<&T>, E> {
        maybe(self.get().await)
    }

    /// As awaiting the buffer: `None` if the epoch was cancelled.
    ///
    /// # Errors
    /// The epoch failed.
    ///
    /// # Cancel safety
    /// Dropping it drops the buffer.
    pub async fn into_maybe(self) -> Result<Option<ReadGuard<T, E, L>>, E> {
        maybe(self.await)
    }

    /// Leaves the epoch. So does dropping it.
    pub fn release(self) {}
}

#[cfg(feature = "alloc")]
impl<T, E, L: RawLock> ReadBuffer<T, E, L> {
    /// Whether there is a value. It runs nobody's code.
    ///
    /// # Safety
    /// Its time was found come.
    #[inline]
    pub(crate) unsafe fn is_there(&self) -> bool {
        // SAFETY: the contract is the same.
        matches!(unsafe { self.0.content_now() }, Content::Value(_))
    }
}

impl<T, E: 'static, L: RawLock> Clone for ReadBuffer<T, E, L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

// SAFETY: the reader in the buffer keeps its cell for as long as it lives, which is for longer than the reference.
unsafe impl<'a, T, E: Clone, L: RawLock> Enrolled for &'a ReadBuffer<T, E, L> {
    type Error = E;
    type Lock = L;
    type Output = Result<&'a T, Missing<E>>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.0.spot()
    }

    #[inline]
    unsafe fn arrived(self) -> Self::Output {
        // SAFETY: by the same contract.
        seen(unsafe { self.0.content_now() })
    }
}

// SAFETY: the reader in the buffer keeps its cell for as long as it lives.
unsafe impl<T, E: Clone, L: RawLock> Enrolled for ReadBuffer<T, E, L> {
    type Error = E;
    type Lock = L;
    type Output = Result<ReadGuard<T, E, L>, Missing<E>>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.0.spot()
    }

    #[inline]
    unsafe fn arrived(mut self) -> Self::Output {
        // SAFETY: by the same contract.
        unsafe { self.0.come() };
        // SAFETY: likewise.
        seen(unsafe { self.0.content_now() })?;
        Ok(ReadGuard(self))
    }
}

impl<'a, T, E: Clone, L: RawLock> IntoFuture for &'a ReadBuffer<T, E, L> {
    type Output = Result<&'a T, Missing<E>>;
    type IntoFuture = Arrival<Self>;

    fn into_future(self) -> Arrival<Self> {
        Arrival::new(self)
    }
}

impl<T, E: Clone, L: RawLock> IntoFuture for ReadBuffer<T, E, L> {
    type Output = Result<ReadGuard<T, E, L>, Missing<E>>;
    type IntoFuture = Arrival<Self>;

    fn into_future(self) -> Arrival<Self> {
        Arrival::new(self)
    }
}

/// The value of one epoch, which it holds open until it is dropped.
pub struct ReadGuard<T, E: 'static = Fault, L: RawLock = Lock>(ReadBuffer<T, E, L>);

impl<T, E, L: RawLock> ReadGuard<T, E, L> {
    /// Leaves the epoch. So does dropping it.
    pub fn release(self) {}

    /// A clone of the value; it leaves the epoch.
    pub fn take_clone(self) -> T
    where
        T: Clone,
    {
        T::clone(&self)
    }
}

impl<T, E, L: RawLock> Deref for ReadGuard<T, E, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self.0.0.content() {
            Some(Content::Value(value)) => value,
            _ => unreachable!("a guard was made when the value was there, and keeps it"),
        }
    }
}

impl<T, E, L: RawLock> Clone for ReadGuard<T, E, L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T, E, L: RawLock> fmt::Debug for ReadBuffer<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.look() { "ReadBuffer(ready)" } else { "ReadBuffer(waiting)" })
    }
}

impl<T: fmt::Debug, E, L: RawLock> fmt::Debug for ReadGuard<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadGuard").field(&**self).finish()
    }
}
