//! A mask: as long as it is there no interrupt comes, and no other core is in; and the cells that are touched under it, by anyone.
//!
//! | on a cell    | needs      | code of others runs         |
//! |--------------|------------|-----------------------------|
//! | any access   | a [`Mask`] | none: values move in and out |
//!
//! [M1] A `Mask` exists within [`masked`] alone, on the one thread of control that is in there.
//! [M2] No access to a [`Masked`] calls anything of others, so on one thread of control none falls within another.

#![expect(unsafe_code, reason = "a mask makes a cell its holder's")]
#![cfg_attr(feature = "alloc", allow(dead_code, reason = "tasks in boxes use less of it"))]

use core::{marker::PhantomData, mem, task::Waker};

use crate::{
    const_new,
    sync::{UnsafeCell, exclude},
};

/// The proof that interrupts are masked, and other cores kept out.
#[derive(Clone, Copy)]
pub(crate) struct Mask<'m>(PhantomData<*mut &'m ()>);

/// Runs `f` with interrupts masked and other cores kept out: for a few instructions of ours. It may be called within itself.
#[inline(always)]
pub(crate) fn masked<R>(f: impl FnOnce(Mask<'_>) -> R) -> R {
    exclude(|| f(Mask(PhantomData)))
}

/// A cell for everyone who has a [`Mask`].
pub(crate) struct Masked<T>(UnsafeCell<T>);

// SAFETY: [M1] one at a time touches it.
unsafe impl<T: Send> Sync for Masked<T> {}

impl<T> Masked<T> {
    const_new! {
        /// A cell that holds `value`.
        pub(crate) fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }
    }

    /// Puts `value` in, and what was there out.
    #[inline(always)]
    pub(crate) fn replace(&self, _: Mask<'_>, value: T) -> T {
        self.0.with_mut(|held| {
            // SAFETY: [M1], [M2] nobody else touches it.
            mem::replace(unsafe { &mut *held }, value)
        })
    }

    /// What is in, to whoever has the cell alone.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.with_mut(|held| {
            // SAFETY: the borrow is exclusive.
            unsafe { &mut *held }
        })
    }

    /// Lends what is in to `f`.
    ///
    /// # Safety
    /// `f` reaches this cell on no other way, and calls nobody's code.
    #[inline(always)]
    pub(crate) unsafe fn lend<R>(&self, _: Mask<'_>, f: impl FnOnce(&mut T) -> R) -> R {
        self.0.with_mut(|held| {
            // SAFETY: [M1], and the contract.
            f(unsafe { &mut *held })
        })
    }

    /// Puts in what it begins with, without a mask.
    ///
    /// # Safety
    /// Nobody else knows of it yet.
    #[inline(always)]
    pub(crate) unsafe fn begin(&self, value: T) {
        self.0.with_mut(|held| {
            // SAFETY: the contract.
            unsafe { *held = value };
        });
    }

    /// Takes out what is in.
    #[inline(always)]
    pub(crate) fn take(&self, mask: Mask<'_>) -> T
    where
        T: Default,
    {
        self.replace(mask, T::default())
    }
}

impl<T: Copy> Masked<T> {
    /// What it holds.
    #[inline(always)]
    pub(crate) fn get(&self, _: Mask<'_>) -> T {
        self.0.with(|held| {
            // SAFETY: [M1], [M2] nobody else touches it.
            unsafe { *held }
        })
    }

    /// Puts `value` in.
    #[inline(always)]
    pub(crate) fn set(&self, mask: Mask<'_>, value: T) {
        self.replace(mask, value);
    }
}

impl Masked<Option<Waker>> {
    /// Whether it holds a waker that wakes the same as this one. That compares two words, and calls nothing.
    #[inline(always)]
    pub(crate) fn wakes_as(&self, _: Mask<'_>, waker: &Waker) -> bool {
        self.0.with(|held| {
            // SAFETY: [M1], [M2] nobody else touches it.
            unsafe { &*held }.as_ref().is_some_and(|held| held.will_wake(waker))
        })
    }
}
