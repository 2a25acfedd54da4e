//! Waiting for several buffers at once: whoever waits is woken once, when all of them have arrived.
//!
//! | polled             | all were found come before  | some have not arrived         | all have              | polled again after that |
//! |--------------------|-----------------------------|-------------------------------|-----------------------|-------------------------|
//! | the first time     | ready, without any wait     | joins the lines of those      | ready, all outputs    | panics                  |
//! | later              | -                           | only renews its waker         | ready, all outputs    | panics                  |
//!
//! \[J1] Who waits joins every line in its first poll. The latch counts those that it joined; each is counted down once, when it is taken out.
//! \[J2] The parts of a group are pinned where the whole is, and are dropped before the latch.

#![expect(
    unsafe_code,
    reason = "pins the parts of a tuple, beside a latch that their waiters point at"
)]

use core::{
    array, fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

use crate::epoch::{
    arrival::{Arrival, Enrolled},
    latch::Latch,
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
    All { group: Some(group), wait: None }
}

/// Buffers that are awaited together.
pub trait Group {
    /// The waits of which it is made.
    type Parts: Parts;

    /// Those waits.
    #[doc(hidden)]
    fn parts(self) -> Self::Parts;

    /// Whether all were found come.
    #[doc(hidden)]
    fn are_now(&self) -> bool;

    /// What comes of it.
    ///
    /// # Safety
    /// All were found come.
    #[doc(hidden)]
    unsafe fn outputs(self) -> <Self::Parts as Parts>::Output;
}

/// What waits together for one latch.
///
/// # Safety
/// `join` gives `latch` only to what is in this, pinned.
pub unsafe trait Parts {
    /// What comes of waiting.
    type Output;

    /// Joins the lines of those that have not arrived.
    ///
    /// # Safety
    /// This and `latch` are in one pinned future, which drops this first.
    #[doc(hidden)]
    unsafe fn join(self: Pin<&mut Self>, latch: &Latch);

    /// What comes of it.
    ///
    /// # Safety
    /// They were joined, and the latch has been open since.
    #[doc(hidden)]
    unsafe fn outputs(self: Pin<&mut Self>) -> Self::Output;
}

impl<B: Enrolled> Group for B {
    type Parts = Arrival<B>;

    fn parts(self) -> Arrival<B> {
        Arrival::new(self)
    }

    #[inline]
    fn are_now(&self) -> bool {
        self.spot().now
    }

    #[inline]
    unsafe fn outputs(self) -> B::Output {
        self.spot().seat.arrives();
        // SAFETY: by the same contract.
        unsafe { self.arrived() }
    }
}

// SAFETY: the waiter is in the arrival.
unsafe impl<B: Enrolled> Parts for Arrival<B> {
    type Output = B::Output;

    unsafe fn join(self: Pin<&mut Self>, latch: &Latch) {
        // SAFETY: by the same contract.
        unsafe { Arrival::join(self, latch) };
    }

    unsafe fn outputs(self: Pin<&mut Self>) -> B::Output {
        // SAFETY: by the same contract.
        unsafe { self.arrived() }
    }
}

macro_rules! tuples {
    ($($name:ident $at:tt),+) => {
        impl<$($name: Group),+> Group for ($($name,)+) {
            type Parts = ($($name::Parts,)+);

            fn parts(self) -> Self::Parts {
                ($(self.$at.parts(),)+)
            }

            #[inline]
            fn are_now(&self) -> bool {
                $(self.$at.are_now())&&+
            }

            #[inline]
            unsafe fn outputs(self) -> <Self::Parts as Parts>::Output {
                ($({
                    // SAFETY: by the same contract.
                    unsafe { self.$at.outputs() }
                },)+)
            }
        }

        // SAFETY: the parts are in the tuple.
        unsafe impl<$($name: Parts),+> Parts for ($($name,)+) {
            type Output = ($($name::Output,)+);

            unsafe fn join(mut self: Pin<&mut Self>, latch: &Latch) {
                $({
                    // SAFETY: [J2] a part of a tuple stays where the tuple does.
                    let part = unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$at) };
                    // SAFETY: by the same contract.
                    unsafe { part.join(latch) };
                })+
            }

            unsafe fn outputs(mut self: Pin<&mut Self>) -> Self::Output {
                ($({
                    // SAFETY: [J2] as above.
                    let part = unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$at) };
                    // SAFETY: by the same contract.
                    unsafe { part.outputs() }
                },)+)
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// The one at `at`.
fn nth<P>(parts: Pin<&mut [P]>, at: usize) -> Pin<&mut P> {
    // SAFETY: [J2] an element of a slice stays where the slice does.
    unsafe { parts.map_unchecked_mut(|parts| &mut parts[at]) }
}

impl<P: Group, const N: usize> Group for [P; N] {
    type Parts = [P::Parts; N];

    fn parts(self) -> Self::Parts {
        self.map(Group::parts)
    }

    fn are_now(&self) -> bool {
        self.iter().all(Group::are_now)
    }

    unsafe fn outputs(self) -> <Self::Parts as Parts>::Output {
        self.map(|part| {
            // SAFETY: by the same contract.
            unsafe { part.outputs() }
        })
    }
}

// SAFETY: the parts are in the array.
unsafe impl<P: Parts, const N: usize> Parts for [P; N] {
    type Output = [P::Output; N];

    unsafe fn join(mut self: Pin<&mut Self>, latch: &Latch) {
        for at in 0..N {
            // SAFETY: by the same contract.
            unsafe { nth(self.as_mut(), at).join(latch) };
        }
    }

    unsafe fn outputs(mut self: Pin<&mut Self>) -> Self::Output {
        array::from_fn(|at| {
            // SAFETY: by the same contract.
            unsafe { nth(self.as_mut(), at).outputs() }
        })
    }
}

#[cfg(feature = "alloc")]
impl<P: Group> Group for Vec<P> {
    type Parts = Pin<Box<[P::Parts]>>;

    fn parts(self) -> Self::Parts {
        Box::into_pin(self.into_iter().map(Group::parts).collect())
    }

    fn are_now(&self) -> bool {
        self.iter().all(Group::are_now)
    }

    unsafe fn outputs(self) -> <Self::Parts as Parts>::Output {
        let output = |part: P| {
            // SAFETY: by the same contract.
            unsafe { part.outputs() }
        };
        self.into_iter().map(output).collect()
    }
}

// SAFETY: the parts are in the box, which is in this and never moved out of it.
#[cfg(feature = "alloc")]
unsafe impl<P: Parts> Parts for Pin<Box<[P]>> {
    type Output = Vec<P::Output>;

    unsafe fn join(self: Pin<&mut Self>, latch: &Latch) {
        let mut parts = self.get_mut().as_mut();
        for at in 0..parts.len() {
            // SAFETY: by the same contract.
            unsafe { nth(parts.as_mut(), at).join(latch) };
        }
    }

    unsafe fn outputs(self: Pin<&mut Self>) -> Self::Output {
        let mut parts = self.get_mut().as_mut();
        let all = 0..parts.len();
        let output = |at| {
            // SAFETY: by the same contract.
            unsafe { nth(parts.as_mut(), at).outputs() }
        };
        all.map(output).collect()
    }
}

pin_project! {
    /// The future of [`all`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct All<G>
    where
        G: Group,
    {
        // Until the first poll. So nothing is laid out to wait where nobody does.
        group: Option<G>,
        #[pin]
        wait: Option<Joint<G::Parts>>,
    }
}

pin_project! {
    /// Parts that wait together.
    struct Joint<P> {
        // [J2] Before `latch`: fields are dropped in this order.
        #[pin]
        parts: P,
        #[pin]
        latch: Latch,
    }
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
                this.wait.set(Some(Joint { parts: group.parts(), latch: Latch::new() }));
                true
            }
            None => false,
        };
        let wait = this.wait.as_pin_mut().expect("it is not polled after it was ready");
        wait.poll(begins, cx)
    }
}

impl<P: Parts> Joint<P> {
    fn poll(self: Pin<&mut Self>, begins: bool, cx: &mut Context<'_>) -> Poll<P::Output> {
        let mut this = self.project();
        let latch = this.latch.into_ref().get_ref();
        if begins {
            latch.add();
            // SAFETY: [J2] both are in this, which is pinned, in this order.
            unsafe { this.parts.as_mut().join(latch) };
            if latch.sub() {
                // SAFETY: [J1] they were joined above, and all have been counted down.
                return Poll::Ready(unsafe { this.parts.outputs() });
            }
        }
        latch.register(cx.waker());
        if !latch.is_open() {
            return Poll::Pending;
        }
        // SAFETY: [J1] they were joined in the first poll, and all have been counted down.
        Poll::Ready(unsafe { this.parts.outputs() })
    }
}

impl<G: Group> fmt::Debug for All<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("All")
    }
}
