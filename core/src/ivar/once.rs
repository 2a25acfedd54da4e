//! A Once is the reading end of an Ivar for one reader, who gets the value itself; beside it stands one filler.
//!
//! | Ivar      | `fill`                     | the filler goes | the Once goes            | polling the Once       |
//! |-----------|----------------------------|-----------------|--------------------------|------------------------|
//! | empty     | -> full                    | -> closed       | -> closed                | waits                  |
//! | full      |                            | nothing         | the value is dropped     | takes the value        |
//! | closed    | `Err`, value handed back   | nothing         | nothing                  | `Err(Abandoned)`       |
//!
//! [I1] The value lies in a lock of its own, since who fills and who reads share the Ivar. It is taken out once.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    error::{Abandoned, Filled},
    ivar::{
        Ivar,
        shared::{Hold, Shared},
    },
    lock::{Lock, Locked, RawLock},
    sync::Arc,
};

/// A value that may come later, for one reader, who gets the value itself.
///
/// ```
/// use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::ivar;
///
/// let (filler, once) = ivar::once();
/// assert!(filler.fill(String::from("yours")).is_ok());
/// let polled = pin!(once).poll(&mut Context::from_waker(Waker::noop()));
/// assert_eq!(polled, Poll::Ready(Ok(String::from("yours"))));
/// ```
pub fn once<T: 'static>() -> (OnceFiller<T>, Once<T>) {
    once_in()
}

/// As [`once`], with the lock `L`.
pub fn once_in<T: 'static, L: RawLock>() -> (OnceFiller<T, L>, Once<T, L>) {
    let shared = Shared::Counted(Arc::new(Ivar::new_in()));
    (OnceFiller { shared: shared.clone() }, Once { hold: Hold::new(shared) })
}

type Slot<T, L> = Locked<Option<T>, L>;

/// Fills a [`Once`], or abandons it when it is dropped.
pub struct OnceFiller<T: 'static, L: RawLock = Lock> {
    shared: Shared<Slot<T, L>, L>,
}

impl<T: 'static, L: RawLock> OnceFiller<T, L> {
    /// Sets the value, and wakes the reader.
    ///
    /// # Errors
    /// Hands `value` back where the reader is gone.
    pub fn fill(self, value: T) -> Result<(), Filled<T>> {
        match self.shared.fill(Locked::new_in(Some(value))) {
            Ok(()) => Ok(()),
            Err(Filled(slot)) => slot.with(Option::take).map_or(Ok(()), |value| Err(Filled(value))),
        }
    }
}

impl<T: 'static, L: RawLock> Drop for OnceFiller<T, L> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

pin_project! {
    /// A value that may come later, for one reader: await it.
    ///
    /// It is [`Abandoned`] where its filler went without a value, and from when the value was taken out.
    ///
    /// # Cancel safety
    /// Strict while it is awaited by reference. Dropping it drops the value that has come, and has a later one handed back.
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Once<T: 'static, L: RawLock = Lock> {
        #[pin]
        hold: Hold<Slot<T, L>, L>,
    }

    impl<T: 'static, L: RawLock> PinnedDrop for Once<T, L> {
        fn drop(this: Pin<&mut Self>) {
            this.hold.ivar().close();
        }
    }
}

impl<T: 'static, L: RawLock> Once<T, L> {
    /// Whether the filler has filled.
    pub fn is_full(&self) -> bool {
        self.hold.ivar().is_full()
    }
}

impl<T: 'static, L: RawLock> Future for Once<T, L> {
    type Output = Result<T, Abandoned>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = ready!(self.project().hold.poll_value(cx))?;
        Poll::Ready(slot.with(Option::take).ok_or(Abandoned))
    }
}

impl<T: 'static, L: RawLock> fmt::Debug for OnceFiller<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceFiller")
    }
}

impl<T: 'static, L: RawLock> fmt::Debug for Once<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_full() { "Once(<full>)" } else { "Once(<empty>)" })
    }
}
