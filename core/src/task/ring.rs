//! A ring: a queue of tasks in a memory of its own, in which no task is touched. A turn asks for the memory of a later one.
//!
//! | with           | it has                                       | `pop_if`                                                     |
//! |----------------|----------------------------------------------|--------------------------------------------------------------|
//! | `std`          | as many places as it was made with           | on x86-64 asks for the lines of who stands AHEAD places on   |
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
    use core::ptr::{self, NonNull};

    use alloc::vec::Vec;

    use crate::{context::tag_of, task::header::Header};

    /// So many turns take about as long as memory takes to answer.
    const AHEAD: usize = 48;

    /// In a queue so long memory is waited for, at least.
    const LONG: usize = 1024;

    /// The places of a [`Ready`](crate::task::Ready) queue.
    pub struct Ring {
        first: usize,
        end: usize,
        room: usize,
        /// One less than how many places there are, or 0.
        mask: usize,
        places: Vec<NonNull<Header>>,
    }

    impl Ring {
        /// Whether there ever are places.
        pub(in crate::task) const IS_OF_USE: bool = true;

        /// One without a place.
        pub(in crate::task) const fn new() -> Self {
            Self { first: 0, end: 0, room: 0, mask: 0, places: Vec::new() }
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
            true
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
            if self.end.wrapping_sub(self.first) >= LONG {
                self.fetch(self.first.wrapping_add(AHEAD - 1));
            }
            Some(task)
        }

        /// Asks for the memory of who stands there: what a turn touches of a header, a small future behind it, and the tag.
        #[inline(always)]
        fn fetch(&self, place: usize) {
            #[cfg(target_arch = "x86_64")]
            {
                // SAFETY: [N2] it is called with a place in which somebody stands.
                let task = *unsafe { self.places.get_unchecked(place & self.mask) };
                let hot = task.as_ptr().cast::<i8>().wrapping_add(Header::HOT);
                want(hot);
                want(hot.wrapping_add(64));
                want(ptr::without_provenance(tag_of(task.as_ptr().addr())));
            }
        }
    }

    /// Asks for a line of a cache.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn want(line: *const i8) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
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
