//! Waiting for several buffers at once: whoever waits is woken once, when all of them have arrived.
//!
//! | polled             | all were found come before  | some have not arrived         | all have              | polled again after that |
//! |--------------------|-----------------------------|-------------------------------|-----------------------|-------------------------|
//! | the first time     | ready, without any wait     | joins the lines of those      | ready, all outputs    | panics                  |
//! | later              | -                           | only renews its waker         | ready, all outputs    | panics                  |
//!
//! \[J1] Who waits joins every line in its first poll, once for those parts in a row that wait for the same. The latch counts those that it
//!      joined; each is counted down once, when it is taken out: then its time has come, and that of those beside it. It stays so [S3].
//! \[J2] The parts of a group are pinned where the whole is, and are dropped before the latch.
//! \[J3] The parts stand in their place from `begin` to `clear`, while `waits` says so.

#![expect(
    unsafe_code,
    reason = "lays out the parts of a group, beside a latch that their waiters point at"
)]

use core::{
    fmt,
    future::Future,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::epoch::{
    group::{Group, Parts},
    latch::{Gathering, Latch},
};

/// Waits until all buffers of a group have arrived, with one wake, and gives what awaiting each would give, in the same shape. A group is a
/// buffer or a reference to one, a tuple or an array of groups, with `alloc` a `Vec` of them.
///
/// ```
/// # use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::epoch::{Async, all};
///
/// let (x, mut y) = (Async::ready(20), Async::ready(1));
/// let (a, mut b) = (x.read(), y.mutate());
/// # let mut cx = Context::from_waker(Waker::noop());
/// # {
/// # let both = pin!(async {
/// let (a, b) = all((&a, &mut b)).await;
/// *b? += a?;
/// # Ok::<(), tidemill_core::error::Missing>(())
/// # });
/// # assert!(matches!(both.poll(&mut cx), Poll::Ready(Ok(()))));
/// # }
/// # b.release();
/// # assert_eq!(*y.read().try_get().unwrap().unwrap(), 21);
/// ```
///
/// # Cancel safety
/// Strict for references; the buffers that it was given are dropped with it.
///
/// Source: uni20's `all`, which does not nest.
#[inline]
pub fn all<G: Group>(group: G) -> All<G> {
    All { group: Some(group), wait: Joint::new() }
}

pin_project! {
    /// The future of [`all`], which stays where it was polled:
    /// ```compile_fail,E0277
    /// fn is_unpin<T: Unpin>(_: T) {}
    /// is_unpin(tidemill_core::epoch::all(&tidemill_core::epoch::Async::ready(1).read()));
    /// ```
    #[must_use = "a future does nothing unless it is polled"]
    #[repr(C)]
    pub struct All<G>
    where
        G: Group,
    {
        // Until the first poll.
        group: Option<G>,
        #[pin]
        wait: Joint<G::Parts>,
    }
}

pin_project! {
    /// Parts that wait together, once they do.
    #[repr(C)]
    struct Joint<P> {
        waits: bool,
        // [J3] Nothing is laid out to wait where nobody does.
        #[pin]
        laid: MaybeUninit<Laid<P>>,
    }

    impl<P> PinnedDrop for Joint<P> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            if this.waits {
                this.clear();
            }
        }
    }
}

/// What they wait with. It is pinned where it is laid.
struct Laid<P> {
    // [J2] Before `latch`: fields are dropped in this order.
    parts: P,
    latch: Latch,
}

impl<G: Group> Future for All<G> {
    type Output = <G::Parts as Parts>::Output;

    /// # Panics
    /// When polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let begins = match this.group.take() {
            // SAFETY: they were found come.
            Some(group) if group.are_now() => return Poll::Ready(unsafe { group.outputs() }),
            Some(group) => {
                this.wait.as_mut().begin(group);
                true
            }
            None => false,
        };
        this.wait.poll(begins, cx)
    }
}

impl<P> Joint<P> {
    /// Nobody waits.
    #[inline]
    fn new() -> Self {
        Self { waits: false, laid: MaybeUninit::uninit() }
    }

    /// Lays the parts of `group` out, the only time.
    #[inline]
    fn begin<G: Group<Parts = P>>(self: Pin<&mut Self>, group: G) {
        let this = self.project();
        debug_assert!(!*this.waits, "a group is taken once");
        // SAFETY: [J2] what is laid there stays.
        let laid = unsafe { this.laid.get_unchecked_mut() }.as_mut_ptr();
        // SAFETY: it is their place, of which only the address is formed.
        let parts = unsafe { &raw mut (*laid).parts };
        // SAFETY: nothing stands there [J3].
        unsafe { group.lay(parts) };
        // SAFETY: likewise.
        let latch = unsafe { &raw mut (*laid).latch };
        // SAFETY: likewise.
        unsafe { latch.write(Latch::new()) };
        *this.waits = true;
    }

    /// Drops what was laid out.
    #[inline(never)]
    fn clear(self: Pin<&mut Self>) {
        let this = self.project();
        *this.waits = false;
        // SAFETY: [J2] it is dropped where it is.
        let laid = unsafe { this.laid.get_unchecked_mut() };
        // SAFETY: [J3] it stood there, and is dropped once.
        unsafe { laid.assume_init_drop() };
    }
}

impl<P: Parts> Joint<P> {
    #[inline(never)] // So that what comes of it, which may be large, is moved to where it belongs, and nowhere before.
    fn poll(self: Pin<&mut Self>, begins: bool, cx: &mut Context<'_>) -> Poll<P::Output> {
        let this = self.project();
        assert!(*this.waits, "it is not polled after it was ready");
        // SAFETY: [J2] nothing is moved out of it.
        let laid = unsafe { this.laid.get_unchecked_mut() };
        // SAFETY: [J3].
        let Laid { parts, latch } = unsafe { laid.assume_init_mut() };
        // SAFETY: [J2] they are pinned where this is: `clear` drops them there, and nothing else touches them.
        let mut parts = unsafe { Pin::new_unchecked(parts) };
        let latch = &*latch;
        let mut is_open = false;
        if begins {
            latch.add();
            // SAFETY: [J2] both are in this, which is pinned, in this order.
            unsafe { parts.as_mut().join(&mut Gathering::new(latch)) };
            is_open = latch.sub();
        }
        if !is_open {
            latch.register(cx.waker());
            is_open = latch.is_open();
        }
        if !is_open {
            return Poll::Pending;
        }
        // SAFETY: [J1] they were joined in the first poll, and all have been counted down.
        Poll::Ready(unsafe { parts.outputs() })
    }
}

impl<G: Group> fmt::Debug for All<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("All")
    }
}
