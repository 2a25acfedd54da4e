//! A share keeps an Ivar alive: a static one for ever, a counted one for as long as somebody has a share. A hold is a read with a share
//! of its own, so that it can outlive the others.
//!
//! [I1] The Ivar behind a share stays where it is, alive, for as long as the share or a clone of it lives.
//! [I2] A hold drops its read before its share. A hold that is forgotten keeps its share, and so its Ivar, for ever.
//! [I3] The read of a hold, and what it answers, is lent to nobody for longer than the hold is borrowed.

#![expect(unsafe_code, reason = "a future beside the share that it borrows from")]

use core::{
    future::Future,
    ops::Deref,
    pin::Pin,
    ptr,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

#[cfg(feature = "alloc")]
use crate::sync::Arc;
use crate::{
    error::Abandoned,
    ivar::{Ivar, Read},
    lock::RawLock,
};

/// One of those who share an Ivar.
pub(super) enum Shared<T: 'static, L: RawLock> {
    Static(&'static Ivar<T, L>),
    #[cfg(feature = "alloc")]
    Counted(Arc<Ivar<T, L>>),
}

impl<T: 'static, L: RawLock> Deref for Shared<T, L> {
    type Target = Ivar<T, L>;

    #[inline]
    fn deref(&self) -> &Ivar<T, L> {
        match self {
            Self::Static(ivar) => ivar,
            #[cfg(feature = "alloc")]
            Self::Counted(ivar) => ivar,
        }
    }
}

impl<T: 'static, L: RawLock> Clone for Shared<T, L> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(ivar) => Self::Static(ivar),
            #[cfg(feature = "alloc")]
            Self::Counted(ivar) => Self::Counted(Arc::clone(ivar)),
        }
    }
}

pin_project! {
    /// Waits for the end of an Ivar, and has a share of it.
    pub(super) struct Hold<T: 'static, L: RawLock> {
        // [I2] Before `shared`: fields are dropped in this order.
        #[pin]
        read: Read<'static, T, L>,
        shared: Shared<T, L>,
    }
}

impl<T: 'static, L: RawLock> Hold<T, L> {
    pub(super) fn new(shared: Shared<T, L>) -> Self {
        let ivar: *const Ivar<T, L> = ptr::from_ref(&*shared);
        // SAFETY: [I1] the Ivar lives and stays for as long as `shared`, which lives for longer than what borrows here [I2] [I3].
        let ivar: &'static Ivar<T, L> = unsafe { &*ivar };
        Self { read: ivar.read(), shared }
    }

    #[cfg(feature = "alloc")]
    pub(super) fn ivar(&self) -> &Ivar<T, L> {
        &self.shared
    }

    /// Waits until the Ivar is full, and lends its value.
    pub(super) fn poll_value<'s>(
        self: Pin<&'s mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<&'s T, Abandoned>> {
        let this = self.project();
        // [I3] The answer is shortened to the borrow of the hold.
        this.read.poll(cx)
    }
}
