//! The current Home: the executor inside whose turn this code runs.
//!
//! | with `std`                                      | without                                                            |
//! |-------------------------------------------------|--------------------------------------------------------------------|
//! | a thread local names the handle that is entered | one static holds a counted handle, changed in a short lock; without `alloc` an address |
//! | [`current`] answers a [`Here`]                  | it answers a [`HomeRef`], since whoever asks may be an interrupt   |
//!
//! [C1] Only the thread that has the Home's Local enters it. So with `std` whoever sees it as current is on that thread; and there a
//!      `Here` stays, being `!Send`, wherever it was made.
//! [C2] The thread local names a `Here` that `enter` has borrowed until it returns (and a handle that `enter_pool` has), and restores what was there before, also on a
//!      panic: it never dangles.
//! [C3] Without `std` an interrupt or a second core may be answered the Home of the task that it interrupts; never a dead one.

#![expect(unsafe_code, reason = "lends a handle whose thread is known")]
#![cfg_attr(
    not(feature = "alloc"),
    allow(clippy::clone_on_copy, reason = "only there is a handle an address")
)]

#[cfg(feature = "alloc")]
use core::any::Any;
use core::marker::PhantomData;
#[cfg(feature = "alloc")]
use core::ptr::NonNull;

#[cfg(not(feature = "alloc"))]
use super::fixed::HomeRef;
#[cfg(feature = "alloc")]
use super::handle::HomeRef;
use super::lock::HomeLock;
#[cfg(feature = "alloc")]
use crate::context::{handle::Done, size::Size};
use crate::{
    clock::{Clock, Instant},
    error::NoContext,
    time::{Wheel, WheelRef},
};

/// A counted handle on a Home, for code that runs on the Home's thread, where it stays. What is given one makes tasks
/// ([`spawn`](Self::spawn)) and waits for moments there, whatever Home is current.
///
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// is_send::<tidemill_core::context::Here>();
/// ```
#[derive(Clone)]
pub struct Here {
    home: HomeRef,
    thread: PhantomData<*const ()>,
}

impl Here {
    /// A handle for this thread.
    ///
    /// # Safety
    /// This is the thread that has the Home's Local.
    pub unsafe fn new(home: HomeRef) -> Self {
        Self { home, thread: PhantomData }
    }

    /// The handle for any thread.
    #[inline]
    pub fn home(&self) -> &HomeRef {
        &self.home
    }

    /// What [`current`] answers while this Home is current.
    #[cfg(feature = "std")]
    pub fn as_current(&self) -> CurrentHome {
        self.clone()
    }

    /// What [`current`] answers while this Home is current.
    #[cfg(not(feature = "std"))]
    pub fn as_current(&self) -> CurrentHome {
        self.home.clone()
    }

    /// Memory for what goes with a task of this Home that is not known yet: see [`clear_beside`](super::clear_beside).
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn lay_beside(&self, size: Size) -> NonNull<u8> {
        // [C1]
        self.home.head().blocks().take(size)
    }

    /// Gives turns until `done` says that they need not go on, and puts how that ended into `ended`: see [`HomeVTable`](super::HomeVTable).
    #[cfg(feature = "alloc")]
    pub(crate) fn drive_home(&self, done: &mut Done<'_>, ended: &mut dyn Any) {
        // SAFETY: [C1].
        unsafe { self.home.drive(done, ended) };
    }

    /// Leaves the Normal tasks that are ready to the next cycle, if it is called within one. (Async's `force_current_cycle_to_end`.)
    pub fn end_cycle(&self) {
        // SAFETY: [C1].
        unsafe { self.home.end_cycle() };
    }
}

impl Clock for Here {
    fn now(&self) -> Instant {
        self.home.now()
    }
}

// SAFETY: 1. a Home has one wheel, and a handle one Home. 2. The handle's count keeps the Home, and the wheel in it, where it is.
// 3. [C1] a `Here` stays on its thread.
unsafe impl WheelRef for Here {
    type Lock = HomeLock;

    #[inline]
    fn wheel(&self) -> &Wheel<HomeLock> {
        // SAFETY: [C1].
        unsafe { self.home.wheel() }
    }
}

// SAFETY: 1. and 2. as above. 3. Without `std` the wheel's lock is `Lock`.
#[cfg(not(feature = "std"))]
unsafe impl WheelRef for HomeRef {
    type Lock = HomeLock;

    #[inline]
    fn wheel(&self) -> &Wheel<HomeLock> {
        // SAFETY: without `std` it is for everybody.
        unsafe { self.wheel() }
    }
}

/// A handle on the current Home, as [`current`] answers it: with `std` one that stays on the Home's thread, which is this one.
#[cfg(feature = "std")]
pub type CurrentHome = Here;
/// A handle on the current Home, as [`current`] answers it: without `std` one for anywhere, since whoever asks may be an interrupt.
#[cfg(not(feature = "std"))]
pub type CurrentHome = HomeRef;

#[cfg(feature = "std")]
mod imp {
    use core::ptr;

    use super::{Here, HomeRef};
    use crate::context::{
        entered::{Entered, NOBODY, entered, handle, replace},
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
        let entered = (address.cast(), here.home().as_ptr(), ptr::null());
        let _restore = Restore(replace(entered));
        outside(f)
    }

    /// Runs `f` with `pool` as the one to which tasks go that are `Send`, until another Home is entered.
    pub(crate) fn enter_pool<R>(pool: &HomeRef, f: impl FnOnce() -> R) -> R {
        let address: *const HomeRef = pool;
        let (handle, home, _) = entered();
        let _restore = Restore(replace((handle, home, address.cast())));
        f()
    }

    /// Lends that pool, if there is one.
    #[inline]
    pub(crate) fn with_pool<R>(f: impl FnOnce(Option<&HomeRef>) -> R) -> R {
        let pool: *const HomeRef = entered().2.cast();
        // SAFETY: [C2], and `f` runs within the frame that entered.
        f(unsafe { pool.as_ref() })
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
        // SAFETY: [C2], and `f` runs within the frame that entered.
        f(unsafe { here.as_ref() })
    }
}

#[cfg(all(feature = "alloc", not(feature = "std")))]
mod imp {
    use super::{Here, HomeRef};
    use crate::{
        context::outside,
        lock::{Lock, Locked},
        shared_static,
    };

    shared_static!(static CURRENT: Locked<Option<HomeRef>, Lock> = Locked::new_in(None));

    /// Puts back what was current before.
    struct Restore(Option<HomeRef>);

    impl Drop for Restore {
        fn drop(&mut self) {
            swap(self.0.take());
        }
    }

    /// Changes the current Home. The old one is dropped by the caller, outside the lock.
    fn swap(home: Option<HomeRef>) -> Option<HomeRef> {
        CURRENT.with(|current| core::mem::replace(current, home))
    }

    /// Runs `f` with the Home of `here` as the current one, in the root context.
    ///
    /// # Safety
    /// This is the Home's thread, and its Local outlives the call.
    pub unsafe fn enter<R>(here: &Here, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(swap(Some(here.home().clone())));
        outside(f)
    }

    /// Runs `f` with no Home as the current one.
    pub fn leave<R>(f: impl FnOnce() -> R) -> R {
        let _restore = Restore(swap(None));
        f()
    }

    /// Lends the current Home, if there is one.
    pub fn with_current<R>(f: impl FnOnce(Option<&HomeRef>) -> R) -> R {
        let home = CURRENT.with(|current| current.clone());
        f(home.as_ref())
    }
}

#[cfg(not(feature = "alloc"))]
mod imp {
    use core::ptr;

    use super::{Here, HomeRef};
    use crate::{
        context::outside,
        shared_static,
        sync::{AtomicPtr, Ordering::Relaxed},
    };

    // A Home is in a static: its address is all there is to know, and lives for ever.
    shared_static!(static CURRENT: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut()));

    /// Puts back what was current before.
    #[derive(Debug)]
    pub struct Restore(*mut ());

    impl Drop for Restore {
        fn drop(&mut self) {
            // ordering: Relaxed, as everywhere here: whoever uses a Home was given it before.
            CURRENT.store(self.0, Relaxed);
        }
    }

    fn replace(home: *mut ()) -> Restore {
        let before = Restore(CURRENT.load(Relaxed));
        CURRENT.store(home, Relaxed);
        before
    }

    /// Runs `f` with the Home of `here` as the current one, in the root context.
    ///
    /// # Safety
    /// This is the Home's thread, and its Local outlives the call.
    #[inline(always)]
    pub unsafe fn enter<R>(here: &Here, f: impl FnOnce() -> R) -> R {
        let _restore = replace(here.home().as_ptr().cast_mut());
        outside(f)
    }

    /// As `enter`, until what this answers is dropped.
    ///
    /// # Safety
    /// As for `enter`.
    #[inline(always)]
    pub unsafe fn stay(here: &Here) -> Restore {
        replace(here.home().as_ptr().cast_mut())
    }

    /// Runs `f` with no Home as the current one.
    pub fn leave<R>(f: impl FnOnce() -> R) -> R {
        let _restore = replace(ptr::null_mut());
        outside(f)
    }

    /// Lends the current Home, if there is one.
    #[inline(always)]
    pub fn with_current<R>(f: impl FnOnce(Option<&HomeRef>) -> R) -> R {
        // SAFETY: what is stored there is the address of a handle.
        let home = unsafe { HomeRef::at(CURRENT.load(Relaxed)) };
        f(home.as_ref())
    }
}

#[cfg(not(feature = "alloc"))]
pub use imp::stay;
pub use imp::{enter, leave, with_current};
#[cfg(feature = "std")]
pub(crate) use imp::{enter_pool, with_pool};

/// A handle on the current Home, if there is one.
#[cfg_attr(not(feature = "alloc"), inline(always))]
pub fn current() -> Option<CurrentHome> {
    with_current(|home| home.cloned())
}

/// Leaves the Normal tasks that are ready to the next cycle of the current Home: what is called in a task is the last of this one. (Async's
/// `force_current_cycle_to_end`.)
///
/// # Errors
/// No Home is current.
pub fn end_cycle() -> Result<(), NoContext> {
    with_current(|home| {
        let home = home.ok_or(NoContext)?;
        #[cfg(feature = "std")]
        home.end_cycle();
        // SAFETY: without `std` it may be done from anywhere.
        #[cfg(not(feature = "std"))]
        unsafe {
            home.end_cycle();
        }
        Ok(())
    })
}
