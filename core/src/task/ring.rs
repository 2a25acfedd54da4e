//! A ring: a queue of tasks in a memory of its own, in which no task is touched. A turn asks for the memory of a later one.
//!
//! | with           | it has                                       | `pop_if`                                                     |
//! |----------------|----------------------------------------------|--------------------------------------------------------------|
//! | `std`          | as many places as it was made with           | on x86-64 asks for two lines of who stands AHEAD places on   |
//! | without        | none, and takes no memory                    | finds nothing                                                |
//!
//! \[N1] There are a power of two places, `mask` and one more; or none.
//! \[N2] Tasks stand in the places from `first` to `end`, whose numbers only grow. There are no more than `room`, which is how many places there are, or 0
//!      while the ring is shut.
//! \[N3] What stands in it is named, and not touched: so it need not be alive.

#![cfg_attr(
    feature = "std",
    expect(unsafe_code, reason = "spares a look at bounds in every wake and turn")
)]

pub use imp::Ring;

#[cfg(feature = "std")]
mod imp {
    use core::ptr::NonNull;

    use alloc::vec::Vec;

    use crate::task::header::Header;

    /// So many turns take about as long as memory takes to answer.
    const AHEAD: usize = 12;

    /// In a queue so long memory is waited for.
    const LONG: usize = 1024;

    /// So many wakes likewise.
    const BEYOND: usize = 32;

    /// The places of a [`Ready`](crate::task::Ready) queue.
    pub struct Ring {
        first: usize,
        end: usize,
        room: usize,
        /// Who was put in last of many, and how far from the one before.
        last: usize,
        stride: usize,
        /// One less than how many places there are, or 0.
        mask: usize,
        places: Vec<NonNull<Header>>,
    }

    impl Ring {
        /// Whether there ever are places.
        pub(in crate::task) const IS_OF_USE: bool = true;

        /// One without a place.
        pub(in crate::task) const fn new() -> Self {
            Self { first: 0, end: 0, room: 0, last: 0, stride: 0, mask: 0, places: Vec::new() }
        }

        /// One with so many places at least; with none, where there is no memory for them.
        pub fn of(places: usize) -> Self {
            let mut ring = Self::new();
            if let Some(places) = places.checked_next_power_of_two()
                && ring.places.try_reserve_exact(places).is_ok()
            {
                ring.places.resize(places, NonNull::dangling());
                ring.mask = places - 1;
                ring.open();
            }
            ring
        }

        /// How many places there are.
        pub(in crate::task) fn places(&self) -> usize {
            self.places.len()
        }

        /// Takes nothing from now on.
        #[inline(always)]
        pub(in crate::task) fn shut(&mut self) {
            self.room = 0;
        }

        /// Takes tasks again.
        pub(in crate::task) fn open(&mut self) {
            self.room = self.places.len();
        }

        /// Whether nobody stands in it.
        #[inline(always)]
        pub(in crate::task) fn is_empty(&self) -> bool {
            self.first == self.end
        }

        /// Puts a task at the end. `false`: there is no room.
        #[inline(always)]
        pub(in crate::task) fn push(&mut self, task: NonNull<Header>) -> bool {
            let len = self.end.wrapping_sub(self.first);
            if len >= self.room {
                return false;
            }
            // SAFETY: [N2] where there is room there are places, and [N1] what is masked names one.
            *unsafe { self.places.get_unchecked_mut(self.end & self.mask) } = task;
            self.end = self.end.wrapping_add(1);
            if len >= LONG {
                self.foresee(task);
            }
            true
        }

        /// Tasks that are woken in the order of their memory are woken on in that order: asks for one that will be.
        #[inline(always)]
        fn foresee(&mut self, task: NonNull<Header>) {
            let address = task.as_ptr().addr();
            let stride = address.wrapping_sub(self.last);
            self.last = address;
            if stride == self.stride {
                want(core::ptr::without_provenance(
                    address.wrapping_add(stride.wrapping_mul(BEYOND)),
                ));
            }
            self.stride = stride;
        }

        /// Takes the first task, if there is one and `may` then says so.
        #[inline(always)]
        pub(in crate::task) fn pop_if(
            &mut self,
            may: impl FnOnce() -> bool,
        ) -> Option<NonNull<Header>> {
            if self.is_empty() || !may() {
                return None;
            }
            // SAFETY: [N2] somebody stands there, so there are places, and [N1] what is masked names one.
            let task = *unsafe { self.places.get_unchecked(self.first & self.mask) };
            self.first = self.first.wrapping_add(1);
            if self.end.wrapping_sub(self.first) >= AHEAD {
                self.fetch(self.first.wrapping_add(AHEAD - 1));
            }
            Some(task)
        }

        /// Asks for the memory of who stands there: what a turn touches of a header, and a small future behind it.
        #[inline(always)]
        fn fetch(&self, place: usize) {
            #[cfg(target_arch = "x86_64")]
            {
                // SAFETY: [N2] it is called with a place in which somebody stands.
                let task = *unsafe { self.places.get_unchecked(place & self.mask) };
                want(task.as_ptr());
                want(task.as_ptr().wrapping_byte_add(64));
            }
        }
    }

    /// Asks for the line of a cache in which the hot part of a header begins.
    #[inline(always)]
    fn want(task: *const Header) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let hot = task.cast::<i8>().wrapping_add(Header::HOT);
        // SAFETY: a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(hot) };
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use core::ptr::NonNull;

    use crate::task::header::Header;

    /// The places of a [`Ready`](crate::task::Ready) queue: none here.
    pub struct Ring;

    impl Ring {
        /// Whether there ever are places.
        pub(in crate::task) const IS_OF_USE: bool = false;

        /// One without a place.
        pub(in crate::task) const fn new() -> Self {
            Self
        }

        /// One without a place.
        pub fn of(_places: usize) -> Self {
            Self
        }

        /// How many places there are.
        pub(in crate::task) fn places(&self) -> usize {
            0
        }

        /// It takes nothing anyway.
        pub(in crate::task) fn shut(&mut self) {}

        /// It takes nothing all the same.
        pub(in crate::task) fn open(&mut self) {}

        /// Whether nobody stands in it.
        pub(in crate::task) fn is_empty(&self) -> bool {
            true
        }

        /// There is no room.
        pub(in crate::task) fn push(&mut self, _task: NonNull<Header>) -> bool {
            false
        }

        /// Finds nothing.
        pub(in crate::task) fn pop_if(
            &mut self,
            _may: impl FnOnce() -> bool,
        ) -> Option<NonNull<Header>> {
            None
        }
    }
}
