//! Notes of what stands in a queue: addresses whose memory will be wanted, by their places.
//!
//! | on                                                  | they are                       | `fetch`                       |
//! |-----------------------------------------------------|--------------------------------|-------------------------------|
//! | x86-64, with `alloc`                                | a ring of words                | asks for two lines of a cache |
//! | elsewhere (Rust has no stable word for that)        | nothing, of no size            | does nothing                  |
//!
//! \[N1] What a note names is asked for and nothing else. So it need not be alive, nor be what stands at that place.

#![cfg_attr(
    all(target_arch = "x86_64", feature = "alloc"),
    expect(unsafe_code, reason = "asks for memory by its address")
)]

pub use imp::Notes;

#[cfg(all(target_arch = "x86_64", feature = "alloc"))]
mod imp {
    use core::{
        arch::x86_64::{_MM_HINT_T0, _mm_prefetch},
        ptr::NonNull,
    };

    use alloc::vec::Vec;

    /// Notes of who stands where in a [`Ready`](crate::task::Ready) queue: a ring of words.
    pub struct Notes {
        /// Addresses; as many as a power of two, or none.
        ring: Vec<usize>,
    }

    impl Notes {
        /// None.
        pub(in crate::task) const fn new() -> Self {
            Self { ring: Vec::new() }
        }

        /// For so many places at least; for none, where there is no memory.
        pub fn of(places: usize) -> Self {
            let mut ring = Vec::new();
            if let Some(places) = places.checked_next_power_of_two()
                && ring.try_reserve_exact(places).is_ok()
            {
                ring.resize(places, 0);
            }
            Self { ring }
        }

        /// Whether there are so many places.
        #[inline]
        pub(in crate::task) fn have(&self, places: usize) -> bool {
            self.ring.len() >= places
        }

        /// Notes what stands at this place.
        #[inline]
        pub(in crate::task) fn set(&mut self, place: usize, to: NonNull<u8>) {
            let mask = self.ring.len().wrapping_sub(1);
            if let Some(note) = self.ring.get_mut(place & mask) {
                *note = to.as_ptr().addr();
            }
        }

        /// Asks for what stands at this place: for a header, and most of a small future behind it.
        #[inline]
        pub(in crate::task) fn fetch(&self, place: usize) {
            let mask = self.ring.len().wrapping_sub(1);
            if let Some(&note) = self.ring.get(place & mask) {
                let first = core::ptr::without_provenance::<i8>(note);
                for line in [0, 64] {
                    // SAFETY: [N1] a hint, whatever the address.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(line)) };
                }
            }
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", feature = "alloc")))]
mod imp {
    use core::ptr::NonNull;

    /// Notes of who stands where in a [`Ready`](crate::task::Ready) queue: none here.
    pub struct Notes;

    impl Notes {
        /// None.
        pub(in crate::task) const fn new() -> Self {
            Self
        }

        /// None.
        pub fn of(_places: usize) -> Self {
            Self
        }

        /// As many as are of use.
        #[inline]
        pub(in crate::task) fn have(&self, _places: usize) -> bool {
            true
        }

        /// Forgets it.
        #[inline]
        pub(in crate::task) fn set(&mut self, _place: usize, _to: NonNull<u8>) {}

        /// Does nothing.
        #[inline]
        pub(in crate::task) fn fetch(&self, _place: usize) {}
    }
}
