//! The exit of a kernel: who cannot go on says why, and is not polled again.
//!
//! | `or_cancel` finds | in the body of a kernel                                   | elsewhere              |
//! |-------------------|-----------------------------------------------------------|------------------------|
//! | a value           | `Ok`                                                      | `Ok`                   |
//! | none              | leaves why at the exit; the kernel drops its body there   | `Err`, as a plain read |
//!
//! A kernel shows its exit to its body alone: by the waker that it polls it with, whose clones are clones of the kernel's own. So it needs
//! nothing ambient, which an interrupt could mistake for its own; and what is polled with another waker is not its body.
//!
//! \[X1] A waker with this vtable is lent by [`Exit::show`] for the length of one poll, and its data is the [`Door`] of an [`Exit`], which
//!      `show` borrows meanwhile. It is never dropped, and its clones are other wakers.
//! \[X2] The door of an exit stands at its beginning, and says of which type it is.

#![expect(unsafe_code, reason = "finds the exit of a kernel behind a waker")]

use core::{
    any::TypeId,
    future::{Future, poll_fn},
    mem::ManuallyDrop,
    ptr,
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};

use crate::{
    epoch::{ReadBuffer, ReadGuard},
    error::Missing,
    lock::{Lock, Locked, RawLock},
};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, stay);

/// Where the body of a kernel is left, and why it was.
#[repr(C)]
pub(super) struct Exit<'a, E> {
    door: Door<'a>,
    left: Locked<Option<Missing<E>>, Lock>,
}

/// What is the same for all exits.
struct Door<'a> {
    waker: &'a Waker,
    error: TypeId,
}

impl<'a, E: Send + 'static> Exit<'a, E> {
    /// The exit of a kernel that `waker` wakes.
    #[inline]
    pub(super) fn new(waker: &'a Waker) -> Self {
        let door = Door { waker, error: TypeId::of::<E>() };
        Self { door, left: Locked::new_in(None) }
    }

    /// Runs `poll` with this exit.
    #[inline]
    pub(super) fn show<R>(&self, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let data: *const Self = self;
        // SAFETY: [X1] the vtable keeps the contract of wakers while `self` is borrowed: it hands all on to the kernel's waker.
        let waker = ManuallyDrop::new(unsafe { Waker::new(data.cast(), &VTABLE) });
        poll(&mut Context::from_waker(&waker))
    }

    /// Why the body was left, if it was.
    pub(super) fn left(&self) -> Option<Missing<E>> {
        self.left.with(Option::take)
    }

    /// The exit that `waker` leads to, if that is one for this error.
    fn behind(waker: &Waker) -> Option<&Self> {
        if !ptr::eq(waker.vtable(), &VTABLE) {
            return None;
        }
        // SAFETY: [X1] it lives as long as the waker is lent.
        let door = unsafe { &*waker.data().cast::<Door<'_>>() };
        if door.error != TypeId::of::<E>() {
            return None;
        }
        // SAFETY: [X2] it is an exit, and of this type. It may be another thread that looks: all in it is `Sync`, as `E` is `Send`.
        Some(unsafe { &*waker.data().cast::<Self>() })
    }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: [X1].
    let door = unsafe { &*data.cast::<Door<'_>>() };
    let waker = ManuallyDrop::new(door.waker.clone());
    RawWaker::new(waker.data(), waker.vtable())
}

unsafe fn wake(data: *const ()) {
    // SAFETY: [X1].
    unsafe { &*data.cast::<Door<'_>>() }.waker.wake_by_ref();
}

unsafe fn stay(_: *const ()) {}

/// Leaves the kernel whose body this is in; elsewhere `missing` is handed back.
fn leave<E: Send + 'static>(missing: Missing<E>) -> impl Future<Output = Missing<E>> {
    let mut missing = Some(missing);
    poll_fn(move |cx| match Exit::<E>::behind(cx.waker()) {
        Some(exit) => {
            if let Some(missing) = missing.take() {
                // One that was left before is dropped outside the lock.
                let _before = exit.left.with(|left| left.replace(missing));
            }
            Poll::Pending
        }
        None => missing.take().map_or(Poll::Pending, Poll::Ready),
    })
}

impl<T, E: Clone + Send + 'static, L: RawLock> ReadBuffer<T, E, L> {
    /// Waits for the value, and lends it; where there is none, ends the [kernel](crate::kernel::kernel) whose body this is in: it is dropped
    /// at this await, and the kernel's outputs are cancelled, or fail with the same error.
    ///
    /// # Errors
    /// Elsewhere than in the body of a kernel, or in one whose outputs fail with another type: as a plain read.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    pub async fn or_cancel(&self) -> Result<&T, Missing<E>> {
        match self.get().await {
            Ok(value) => Ok(value),
            Err(missing) => Err(leave(missing).await),
        }
    }

    /// As awaiting the buffer; where there is no value, ends the kernel as [`or_cancel`](Self::or_cancel) does.
    ///
    /// # Errors
    /// As [`or_cancel`](Self::or_cancel).
    ///
    /// # Cancel safety
    /// Dropping it drops the buffer.
    pub async fn into_or_cancel(self) -> Result<ReadGuard<T, E, L>, Missing<E>> {
        match self.await {
            Ok(guard) => Ok(guard),
            Err(missing) => Err(leave(missing).await),
        }
    }
}
