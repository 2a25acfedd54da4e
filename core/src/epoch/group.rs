//! A group of buffers, which are awaited together: and its parts, the waits of which it is made, in the same shape.
//!
//! | group                  | its parts                          | what comes of it        |
//! |------------------------|------------------------------------|-------------------------|
//! | a buffer, or reference | an [arrival](super::arrival)       | what awaiting it gives  |
//! | a tuple, an array      | those of its members, likewise     | likewise                |
//! | a `Vec`                | those of its members, in a box     | a `Vec`                 |
//!
//! The invariant [J2] is that of [`all`](super::all).

#![expect(unsafe_code, reason = "lays out and pins the parts of a tuple")]

use core::{mem::MaybeUninit, pin::Pin};

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec::Vec};

use crate::epoch::{
    arrival::{Arrival, Enrolled},
    latch::Gathering,
};

/// Buffers that are awaited together.
pub trait Group {
    /// The waits of which it is made.
    type Parts: Parts;

    /// Puts those waits at `place`, where they stay: a group is as large as it likes, and is not moved there.
    ///
    /// # Safety
    /// `place` fits them, and nothing stands there.
    #[doc(hidden)]
    unsafe fn lay(self, place: *mut Self::Parts);

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
/// `join` gives the latch only to what is in this, pinned.
pub unsafe trait Parts {
    /// What comes of waiting.
    type Output;

    /// Joins the lines of those that have not arrived.
    ///
    /// # Safety
    /// This and the latch are in one pinned future, which drops this first.
    #[doc(hidden)]
    unsafe fn join(self: Pin<&mut Self>, gathering: &mut Gathering<'_>);

    /// What comes of it.
    ///
    /// # Safety
    /// They were joined, and the latch has been open since.
    #[doc(hidden)]
    unsafe fn outputs(self: Pin<&mut Self>) -> Self::Output;
}

impl<B: Enrolled> Group for B {
    type Parts = Arrival<B>;

    #[inline]
    unsafe fn lay(self, place: *mut Arrival<B>) {
        // SAFETY: by the same contract.
        unsafe { place.write(Arrival::new(self)) };
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

    unsafe fn join(self: Pin<&mut Self>, gathering: &mut Gathering<'_>) {
        // SAFETY: by the same contract.
        unsafe { Arrival::join(self, gathering) };
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

            #[inline]
            unsafe fn lay(self, place: *mut Self::Parts) {
                $({
                    // SAFETY: by the same contract, and it is a part of that.
                    let part = unsafe { &raw mut (*place).$at };
                    // SAFETY: by the same contract.
                    unsafe { self.$at.lay(part) };
                })+
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

            unsafe fn join(mut self: Pin<&mut Self>, gathering: &mut Gathering<'_>) {
                $({
                    // SAFETY: [J2] a part of a tuple stays where the tuple does.
                    let part = unsafe { self.as_mut().map_unchecked_mut(|all| &mut all.$at) };
                    // SAFETY: by the same contract.
                    unsafe { part.join(gathering) };
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

    #[inline]
    unsafe fn lay(self, place: *mut Self::Parts) {
        for (at, part) in self.into_iter().enumerate() {
            // SAFETY: by the same contract, and it is an element of that.
            let place = unsafe { place.cast::<P::Parts>().add(at) };
            // SAFETY: by the same contract.
            unsafe { part.lay(place) };
        }
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

    unsafe fn join(mut self: Pin<&mut Self>, gathering: &mut Gathering<'_>) {
        for at in 0..N {
            // SAFETY: by the same contract.
            unsafe { nth(self.as_mut(), at).join(gathering) };
        }
    }

    #[inline]
    unsafe fn outputs(mut self: Pin<&mut Self>) -> Self::Output {
        // Not `array::from_fn`, which makes them elsewhere and moves them.
        let mut outputs = MaybeUninit::<[P::Output; N]>::uninit();
        for at in 0..N {
            // SAFETY: it is an element of the array.
            let place = unsafe { outputs.as_mut_ptr().cast::<P::Output>().add(at) };
            // SAFETY: by the same contract.
            let output = unsafe { nth(self.as_mut(), at).outputs() };
            // SAFETY: the place fits it.
            unsafe { place.write(output) };
        }
        // SAFETY: each was written.
        unsafe { outputs.assume_init() }
    }
}

#[cfg(feature = "alloc")]
impl<P: Group> Group for Vec<P> {
    type Parts = Pin<Box<[P::Parts]>>;

    unsafe fn lay(self, place: *mut Self::Parts) {
        let mut parts = Box::new_uninit_slice(self.len());
        for (part, place) in self.into_iter().zip(&mut parts) {
            // SAFETY: it fits one of them.
            unsafe { part.lay(place.as_mut_ptr()) };
        }
        // SAFETY: there are as many as there are places.
        let parts = unsafe { parts.assume_init() };
        // SAFETY: by the same contract.
        unsafe { place.write(Box::into_pin(parts)) };
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

    unsafe fn join(self: Pin<&mut Self>, gathering: &mut Gathering<'_>) {
        let mut parts = self.get_mut().as_mut();
        for at in 0..parts.len() {
            // SAFETY: by the same contract.
            unsafe { nth(parts.as_mut(), at).join(gathering) };
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
