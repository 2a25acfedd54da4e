//! A rack: room for `N` values in place, first in first out.
//!
//! [R1] From `first` on `len` places hold values, where place 0 comes after the last: `first < N`, `len <= N`.

#![expect(unsafe_code, reason = "keeps values in places that may be empty")]

use core::mem::MaybeUninit;

/// See the [module](self).
pub(super) struct Rack<T, const N: usize> {
    first: usize,
    len: usize,
    places: [MaybeUninit<T>; N],
}

impl<T, const N: usize> Rack<T, N> {
    /// Without values.
    pub(super) const fn new() -> Self {
        Self { first: 0, len: 0, places: [const { MaybeUninit::uninit() }; N] }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no room.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.len == N
    }

    /// Adds what `take` answers behind the others, if there is room.
    #[inline(always)]
    pub(super) fn add(&mut self, take: impl FnOnce() -> T) -> Option<()> {
        let len = self.len;
        if len == N {
            return None;
        }
        let (place, value) = (Self::after(self.first, len), take());
        self.len = len + 1;
        // SAFETY: [R1] `after` stays below `N`.
        unsafe { self.places.get_unchecked_mut(place) }.write(value);
        Some(())
    }

    /// Takes out the first.
    #[inline(always)]
    pub(super) fn take(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        let first = if N == 1 { 0 } else { self.first };
        if N > 1 {
            self.first = Self::after(first, 1);
        }
        // SAFETY: [R1] below `N`.
        let place = unsafe { self.places.get_unchecked(first) };
        // SAFETY: [R1] there was a value, which counts no more.
        Some(unsafe { place.assume_init_read() })
    }

    /// The place that comes so many after `first`, which are less than `N`, or `N`. Where there is one place nobody is to look.
    #[inline(always)]
    const fn after(first: usize, many: usize) -> usize {
        let left = N - first;
        if N == 1 {
            0
        } else if many < left {
            first + many
        } else {
            many - left
        }
    }
}

impl<T, const N: usize> Drop for Rack<T, N> {
    fn drop(&mut self) {
        while let Some(value) = self.take() {
            drop(value);
        }
    }
}
