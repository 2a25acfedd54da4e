//! A Deferred is the reading end of an Ivar, a Filler the writing end. Both share it; fillers are counted.
//!
//! | Ivar      | a filler fills               | the last filler goes | reading                      |
//! |-----------|------------------------------|----------------------|------------------------------|
//! | empty     | -> full                      | -> closed            | waits                        |
//! | full      | `Err`, value handed back     | nothing              | `Ok(&T)`                     |
//! | closed    | `Err`, value handed back     | nothing              | `Err(Abandoned)`             |
//!
//! [I1] Each `Filler` is counted in the word of its Ivar from when it is made until it is dropped. One that is forgotten stays counted:
//!      its readers wait for ever.

use core::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

#[cfg(feature = "alloc")]
use crate::sync::Arc;
use crate::{
    error::{Abandoned, Filled},
    ivar::{
        Ivar, Read,
        shared::{Hold, Shared},
    },
    lock::{Lock, RawLock},
};

/// A value that may come later, and who may fill it. When the last clone of the [`Filler`] goes without having done so, readers get
/// [`Abandoned`].
///
/// ```
/// use tidemill_core::{error::Filled, ivar};
///
/// let (filler, deferred) = ivar::channel();
/// let other = filler.clone();
/// assert_eq!(filler.fill("first"), Ok(()));
/// assert_eq!(other.fill("second"), Err(Filled("second")));
/// assert_eq!(deferred.peek(), Some(&"first"));
/// ```
#[cfg(feature = "alloc")]
pub fn channel<T: 'static>() -> (Filler<T>, Deferred<T>) {
    channel_in()
}

/// As [`channel`], with the lock `L`.
#[cfg(feature = "alloc")]
pub fn channel_in<T: 'static, L: RawLock>() -> (Filler<T, L>, Deferred<T, L>) {
    ends(Shared::Counted(Arc::new(Ivar::new_split())))
}

/// For who has counted the filler.
fn ends<T: 'static, L: RawLock>(shared: Shared<T, L>) -> (Filler<T, L>, Deferred<T, L>) {
    (Filler { shared: shared.clone() }, Deferred { shared })
}

impl<T: 'static, L: RawLock> Ivar<T, L> {
    /// The two ends of a static Ivar, once: `None` from the second call on.
    ///
    /// ```
    /// use tidemill_core::ivar::Ivar;
    ///
    /// static READY: Ivar<u32> = Ivar::new();
    ///
    /// let (filler, deferred) = READY.split().expect("it is split here alone");
    /// assert!(READY.split().is_none());
    /// assert!(filler.fill(7).is_ok());
    /// assert_eq!(deferred.peek(), Some(&7));
    /// ```
    pub fn split(&'static self) -> Option<(Filler<T, L>, Deferred<T, L>)> {
        self.split_once().then(|| ends(Shared::Static(self)))
    }
}

/// Fills an [`Ivar`], or abandons it: the last one to go leaves [`Abandoned`] to the readers of an empty one.
pub struct Filler<T: 'static, L: RawLock = Lock> {
    shared: Shared<T, L>,
}

impl<T: 'static, L: RawLock> Filler<T, L> {
    /// Sets the value, and wakes the readers. They run later, in their own tasks: never inside `fill`.
    ///
    /// # Errors
    /// Hands `value` back where another was there first.
    pub fn fill(self, value: T) -> Result<(), Filled<T>> {
        self.shared.fill(value)
    }

    /// Whether the value is there.
    pub fn is_full(&self) -> bool {
        self.shared.is_full()
    }
}

impl<T: 'static, L: RawLock> Clone for Filler<T, L> {
    fn clone(&self) -> Self {
        self.shared.add_filler();
        Self { shared: self.shared.clone() }
    }
}

impl<T: 'static, L: RawLock> Drop for Filler<T, L> {
    fn drop(&mut self) {
        self.shared.remove_filler();
    }
}

/// A value that may come later, to be read by anyone who has a clone of this.
///
/// `(&deferred).await` lends the value, `deferred.await` gives a clone of it.
pub struct Deferred<T: 'static, L: RawLock = Lock> {
    shared: Shared<T, L>,
}

#[cfg(feature = "alloc")]
impl<T: 'static> Deferred<T> {
    /// A value that is there.
    pub fn ready(value: T) -> Self {
        Self::ready_in(value)
    }

    /// A value that never comes, and is never abandoned.
    pub fn never() -> Self {
        Self::never_in()
    }
}

#[cfg(feature = "alloc")]
impl<T: 'static, L: RawLock> Deferred<T, L> {
    /// As [`ready`](Deferred::ready), with the lock `L`.
    pub fn ready_in(value: T) -> Self {
        let never = Self::never_in();
        // It is empty: nothing comes back.
        let _ = never.shared.fill(value);
        never
    }

    /// As [`never`](Deferred::never), with the lock `L`.
    pub fn never_in() -> Self {
        Self { shared: Shared::Counted(Arc::new(Ivar::new_in())) }
    }
}

impl<T: 'static, L: RawLock> Deferred<T, L> {
    /// Waits for the value.
    ///
    /// # Errors
    /// [`Abandoned`] where it can never come.
    ///
    /// # Cancel safety
    /// Strict: dropping the future is as if `read` was never called.
    pub fn read(&self) -> Read<'_, T, L> {
        self.shared.read()
    }

    /// The value, if it is there.
    pub fn peek(&self) -> Option<&T> {
        self.shared.peek()
    }

    /// Whether the value is there.
    pub fn is_full(&self) -> bool {
        self.shared.is_full()
    }

    /// Whether somebody is in line for the value.
    pub fn has_readers(&self) -> bool {
        self.shared.has_readers()
    }
}

impl<T: 'static, L: RawLock> Clone for Deferred<T, L> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<'a, T: 'static, L: RawLock> IntoFuture for &'a Deferred<T, L> {
    type Output = Result<&'a T, Abandoned>;
    type IntoFuture = Read<'a, T, L>;

    fn into_future(self) -> Read<'a, T, L> {
        self.read()
    }
}

impl<T: Clone + 'static, L: RawLock> IntoFuture for Deferred<T, L> {
    type Output = Result<T, Abandoned>;
    type IntoFuture = Value<T, L>;

    fn into_future(self) -> Value<T, L> {
        Value { hold: Hold::new(self.shared) }
    }
}

pin_project! {
    /// Waits for the value of a [`Deferred`], and gives a clone of it: what `deferred.await` awaits.
    ///
    /// # Cancel safety
    /// Strict.
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Value<T: 'static, L: RawLock = Lock> {
        #[pin]
        hold: Hold<T, L>,
    }
}

impl<T: Clone + 'static, L: RawLock> Future for Value<T, L> {
    type Output = Result<T, Abandoned>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().hold.poll_value(cx).map(|end| end.cloned())
    }
}

impl<T: fmt::Debug + 'static, L: RawLock> fmt::Debug for Filler<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filler").field(&*self.shared).finish()
    }
}

impl<T: fmt::Debug + 'static, L: RawLock> fmt::Debug for Deferred<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deferred").field(&*self.shared).finish()
    }
}

impl<T: 'static, L: RawLock> fmt::Debug for Value<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}
