//! The current Home: the executor inside whose turn this code runs.
//!
//! | with `std`                                      | without                                                      |
//! |-------------------------------------------------|--------------------------------------------------------------|
//! | a thread local names the handle that is entered | one static holds a counted handle, changed in a short lock   |
//! | a [`Here`] stays on its thread, the Home's      | a [`Here`] may go anywhere: the wheel of a Home has a lock   |
//!
//! [H1] A [`HomeRef`] owns one count of its Home, which is alive, and does not move ([C1] of `handle`).
//! [H2] With `std` only the thread that has the Home's Local enters it; so whoever sees it as current is on that thread, and there a
//!      `Here` stays, being `!Send`.
//! [H3] The thread local names a `Here` that `enter` has borrowed until it returns, and restores what was there before, also on a
//!      panic: it never dangles.
//! [H4] Without `std` an interrupt or a second core may be answered the Home of the task that it interrupts; never a dead one.

#![expect(unsafe_code, reason = "names a borrowed handle in a thread local")]

use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::ptr::NonNull;

#[cfg(feature = "std")]
use super::{blocks::Size, priority::Priority};
use super::{handle::HomeRef, lock::HomeLock};
use crate::{
    clock::{Clock, Instant},
    time::{Wheel, WheelRef},
};

/// With `std` what is `!Send`, without what is anything.
#[cfg(feature = "std")]
type Place = PhantomData<*const ()>;
/// With `std` what is `!Send`, without what is anything.
#[cfg(not(feature = "std"))]
type Place = PhantomData<()>;

/// A counted handle on a Home, for code that runs on the Home's thread: with `std` it stays there.
#[derive(Clone)]
pub struct Here {
    home: HomeRef,
    place: Place,
}

impl Here {
    /// A handle for this thread.
    ///
    /// # Safety
    /// With `std`: this is the thread that has the Home's Local.
    pub unsafe fn new(home: HomeRef) -> Self {
        Self { home, place: PhantomData }
    }

    /// The handle for any thread.
    #[inline]
    pub fn home(&self) -> &HomeRef {
        &self.home
    }

    /// Memory for a task of this Home, which is current.
    ///
    /// # Safety
    /// This thread is the Home's, without `std` too, and not in an interrupt.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn lay(&self, size: Size) -> NonNull<u8> {
        self.home.head().blocks().take(size)
    }

    /// Hands a new task over.
    ///
    /// # Safety
    /// `task` is the header of a new task on memory from `lay`, its state as it was made.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn adopt(&self, task: NonNull<()>, priority: Priority) {
        // SAFETY: [H2], and the contract.
        unsafe { self.home.adopt(task, priority) };
    }
}

impl Clock for Here {
    fn now(&self) -> Instant {
        self.home.now()
    }
}

// SAFETY: 1. a Home has one wheel, and a handle one Home. 2. [H1] the handle's count keeps the Home, and the wheel in it, where it is.
// 3. With `std` a `Here` stays on its thread; without, the wheel's lock is `Lock`.
unsafe impl WheelRef for Here {
    type Lock = HomeLock;

    #[inline]
    fn wheel(&self) -> &Wheel<HomeLock> {
        self.home.head().wheel()
    }
}

#[cfg(feature = "std")]
mod imp {
    use super::Here;
    use crate::context::{
        entered::{Entered, NOBODY, handle, replace},
        outside,
    };

    /// Puts back what was current before.
    struct Restore(Entered);

    impl Drop for Restore {
        fn drop(&mut self) {
            replace(self.0);
        }
    }

    /// Runs `f` with the Home of `here` as the current one, in the root context.
    ///
    /// # Safety
    /// This is the Home's thread, and its Local outlives the call.
    pub unsafe fn enter<R>(here: &Here, f: impl FnOnce() -> R) -> R {
        let address: *const Here = here;
        let _restore = Restore(replace((address.cast(), here.home().as_ptr())));
        outside(f)
    }

    /// Runs `f` with no Home as the current one.
    pub fn leave<R>(f: impl FnOnce() -> R) -> R {
        let _restore = Restore(replace(NOBODY));
        f()
    }

    /// Lends the current Home, if there is one.
    #[inline]
    pub fn with_current<R>(f: impl FnOnce(Option<&Here>) -> R) -> R {
        let here: *const Here = handle().cast();
        // SAFETY: [H3], and `f` runs within the frame that entered.
        f(unsafe { here.as_ref() })
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use super::Here;
    use crate::{
        context::outside,
        lock::{Lock, Locked},
    };

    static CURRENT: Locked<Option<Here>, Lock> = Locked::new_in(None);

    /// Puts back what was current before.
    struct Restore(Option<Here>);

    impl Drop for Restore {
        fn drop(&mut self) {
            swap(self.0.take());
        }
    }

    /// Changes the current Home. The old one is dropped by the caller, outside the lock.
    fn swap(here: Option<Here>) -> Option<Here> {
        CURRENT.with(|current| core::mem::replace(current, here))
    }

    /// Runs `f` with the Home of `here` as the current one, in the root context.
    ///
    /// # Safety
    /// This is the Home's thread, and its Local outlives the call.
    pub unsafe fn enter<R>(here: &Here, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(swap(Some(here.clone())));
        outside(f)
    }

    /// Runs `f` with no Home as the current one.
    pub fn leave<R>(f: impl FnOnce() -> R) -> R {
        let _restore = Restore(swap(None));
        f()
    }

    /// Lends the current Home, if there is one.
    pub fn with_current<R>(f: impl FnOnce(Option<&Here>) -> R) -> R {
        let here = CURRENT.with(|current| current.clone());
        f(here.as_ref())
    }
}

pub use imp::{enter, leave, with_current};

/// A handle on the current Home, if there is one.
pub fn current() -> Option<Here> {
    with_current(|here| here.cloned())
}
