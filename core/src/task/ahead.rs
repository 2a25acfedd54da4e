//! A note on what comes after: an address whose memory will be wanted soon.
//!
//! | on                                       | it is                 | `fetch`                       |
//! |------------------------------------------|-----------------------|-------------------------------|
//! | x86-64                                   | a word                | asks for two lines of a cache |
//! | where Rust has no stable word for that   | nothing, of no size   | does nothing                  |
//!
//! [N1] What it names is asked for and nothing else, so it need not be alive.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "asks for memory by its address"))]

pub(super) use imp::Ahead;

#[cfg(target_arch = "x86_64")]
mod imp {
    use core::{
        arch::x86_64::{_MM_HINT_T0, _mm_prefetch},
        cell::Cell,
        ptr::{self, NonNull},
    };

    /// See the [module](super).
    pub(in crate::task) struct Ahead(Cell<*const u8>);

    impl Ahead {
        /// Whether it is of use.
        pub(in crate::task) const IS_KNOWN: bool = true;

        /// A note on nothing.
        #[inline]
        pub(in crate::task) fn new() -> Self {
            Self(Cell::new(ptr::null()))
        }

        /// Notes what begins there.
        #[inline]
        pub(in crate::task) fn set(&self, to: NonNull<u8>) {
            self.0.set(to.as_ptr());
        }

        /// Asks for it: for a header, and most of a small future behind it.
        #[inline]
        pub(in crate::task) fn fetch(&self) {
            for line in [0, 64] {
                // SAFETY: [N1] a hint, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(self.0.get().wrapping_add(line).cast()) };
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod imp {
    use core::ptr::NonNull;

    /// See the [module](super).
    pub(in crate::task) struct Ahead;

    impl Ahead {
        /// Whether it is of use.
        pub(in crate::task) const IS_KNOWN: bool = false;

        /// A note on nothing.
        #[inline]
        pub(in crate::task) fn new() -> Self {
            Self
        }

        /// Forgets it.
        #[inline]
        pub(in crate::task) fn set(&self, _to: NonNull<u8>) {}

        /// Does nothing.
        #[inline]
        pub(in crate::task) fn fetch(&self) {}
    }
}
