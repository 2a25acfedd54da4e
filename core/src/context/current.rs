//! The current Home: the executor inside whose turn this code runs.
//!
//! | with `std`                                      | without                                                      |
//! |-------------------------------------------------|--------------------------------------------------------------|
//! | a thread local names the handle that is entered | one static holds a counted handle, changed in a short lock   |
//! | a [`Here`] stays on its thread, the Home's      | a [`Here`] may go anywhere: the wheel of a Home has a lock   |
//!
//! [H1] A [`HomeRef`] owns one count of its Home, so the pointer is alive and fits the vtable. The Home does not move.
//! [H2] With `std` only the thread that has the Home's Local enters it; so whoever sees it as current is on that thread, and there a
//!      `Here` stays, being `!Send`.
//! [H3] The thread local names a `Here` that `enter` has borrowed until it returns, and restores what was there before, also on a
//!      panic: it never dangles.
//! [H4] Without `std` an interrupt or a second core may be answered the Home of the task that it interrupts; never a dead one.

#![expect(unsafe_code, reason = "calls through the vtable of a Home whose type is erased")]

use core::{alloc::Layout, marker::PhantomData, ptr::NonNull};

use super::priority::Priority;
use crate::{
    clock::{Clock, Instant},
    time::{Wheel, WheelRef},
};

/// The lock of what a Home keeps to its own thread: none with `std`; without, where an interrupt may come along, a critical section.
#[cfg(feature = "std")]
pub type HomeLock = crate::lock::Unlocked;
/// The lock of what a Home keeps to its own thread: none with `std`; without, where an interrupt may come along, a critical section.
#[cfg(not(feature = "std"))]
pub type HomeLock = crate::lock::Lock;

/// What one can ask of a Home of any type. Each takes the Home's address.
#[derive(Debug)]
pub struct HomeVTable {
    /// Counts one handle more.
    pub retain: unsafe fn(*const ()),
    /// Counts one handle less; the last one frees the Home.
    pub release: unsafe fn(*const ()),
    /// Tells the time.
    pub now: unsafe fn(*const ()) -> Instant,
    /// Its wheel. With `std` only for its own thread.
    pub wheel: unsafe fn(*const ()) -> NonNull<Wheel<HomeLock>>,
    /// Queues a task whose own half answered `Enqueue`. Only for its own thread.
    pub queue: unsafe fn(*const (), NonNull<()>),
    /// Queues a task whose own half answered `Enqueue` for the next cycle. Only for its own thread.
    pub queue_later: unsafe fn(*const (), NonNull<()>),
    /// Puts a task whose word answered `Enqueue` into the inbox, and rings if need be.
    pub send: unsafe fn(*const (), NonNull<()>),
    /// Memory for a task, a handle counted with it. `None`: the Home takes no tasks. Only for its own thread.
    pub lay: unsafe fn(*const (), Layout) -> Option<NonNull<u8>>,
    /// Takes a new task, on memory that it gave: links and queues it. Only for its own thread.
    pub adopt: unsafe fn(*const (), NonNull<()>, Priority),
    /// Takes back the memory of a task, and the handle that was counted with it.
    pub clear: unsafe fn(*const (), NonNull<u8>, Layout),
}

/// A counted handle on a Home: what tasks and timers keep of their executor.
pub struct HomeRef {
    home: *const (),
    vtable: &'static HomeVTable,
}

// SAFETY: a Home is `Send + Sync` (contract of `from_raw`); what is for its own thread alone has an unsafe door.
unsafe impl Send for HomeRef {}
// SAFETY: as above.
unsafe impl Sync for HomeRef {}

impl HomeRef {
    /// A handle that takes over one count.
    ///
    /// # Safety
    /// `home` is a Home that is `Send + Sync`, stays where it is while it is counted, and fits `vtable`, whose functions do what they say.
    pub unsafe fn from_raw(home: *const (), vtable: &'static HomeVTable) -> Self {
        Self { home, vtable }
    }

    /// The Home's address.
    #[inline]
    pub fn as_ptr(&self) -> *const () {
        self.home
    }

    /// Its vtable, to make further handles.
    #[inline]
    pub fn vtable(&self) -> &'static HomeVTable {
        self.vtable
    }

    /// Queues `task`.
    ///
    /// # Safety
    /// `task` is the header of a task of this Home, which is current; its own half has just answered `Enqueue`; a reference to it
    /// outlasts this call.
    #[inline]
    pub(crate) unsafe fn queue(&self, task: NonNull<()>) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.queue)(self.home, task) };
    }

    /// Queues `task` for the next cycle.
    ///
    /// # Safety
    /// As for `queue`.
    pub(crate) unsafe fn queue_later(&self, task: NonNull<()>) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.queue_later)(self.home, task) };
    }

    /// Puts `task` into the inbox.
    ///
    /// # Safety
    /// `task` is the header of a task of this Home; its word has just answered `Enqueue`; a reference to it outlasts this call.
    pub(crate) unsafe fn send(&self, task: NonNull<()>) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.send)(self.home, task) };
    }

    /// Gives back the memory of a task with the handle that was counted for it.
    ///
    /// # Safety
    /// The Home laid `block` for `layout` (or it comes from the allocator, with the layout that the Home would ask for), and nothing
    /// uses it any more.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) unsafe fn clear(self, block: NonNull<u8>, layout: Layout) {
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: [H1], and the contract; our count goes with the call.
        unsafe { (this.vtable.clear)(this.home, block, layout) };
    }
}

impl Clone for HomeRef {
    fn clone(&self) -> Self {
        // SAFETY: [H1].
        unsafe { (self.vtable.retain)(self.home) };
        Self { home: self.home, vtable: self.vtable }
    }
}

impl Drop for HomeRef {
    fn drop(&mut self) {
        // SAFETY: [H1], and this handle's count goes.
        unsafe { (self.vtable.release)(self.home) };
    }
}

impl Clock for HomeRef {
    fn now(&self) -> Instant {
        // SAFETY: [H1].
        unsafe { (self.vtable.now)(self.home) }
    }
}

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

    /// Memory for a task of the Home that is current, and the handle for its header.
    ///
    /// # Safety
    /// This thread is the Home's, without `std` too, and not in an interrupt.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn lay(&self, layout: Layout) -> Option<(NonNull<u8>, HomeRef)> {
        let HomeRef { home, vtable } = self.home;
        // SAFETY: [H1], [H2].
        let block = unsafe { (vtable.lay)(home, layout) }?;
        Some((block, HomeRef { home, vtable }))
    }

    /// Hands a new task over.
    ///
    /// # Safety
    /// `task` is the header of a new task on memory from `lay`, its state as it was made.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn adopt(&self, task: NonNull<()>, priority: Priority) {
        // SAFETY: [H1], [H2], and the contract.
        unsafe { (self.home.vtable.adopt)(self.home.home, task, priority) };
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
        // SAFETY: [H1], [H2].
        let wheel = unsafe { (self.home.vtable.wheel)(self.home.home) };
        // SAFETY: [H1], the wheel is part of the Home, which our count keeps.
        unsafe { wheel.as_ref() }
    }
}

#[cfg(feature = "std")]
mod imp {
    use core::{cell::Cell, ptr};

    use super::Here;
    use crate::{context::outside, thread_local_cell};

    /// The `Here` that is entered, and the address of its Home.
    type Entered = (*const Here, *const ());

    thread_local_cell!(static CURRENT: Entered = (ptr::null(), ptr::null()));

    /// Puts back what was current before.
    struct Restore(Entered);

    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.with(|current| current.set(self.0));
        }
    }

    /// Runs `f` with the Home of `here` as the current one, in the root context.
    ///
    /// # Safety
    /// This is the Home's thread, and its Local outlives the call.
    pub unsafe fn enter<R>(here: &Here, f: impl FnOnce() -> R) -> R {
        let entered: Entered = (here, here.home().as_ptr());
        let _restore = Restore(CURRENT.with(|current| current.replace(entered)));
        outside(f)
    }

    /// Runs `f` with no Home as the current one.
    pub fn leave<R>(f: impl FnOnce() -> R) -> R {
        let _restore = Restore(CURRENT.with(|current| current.replace((ptr::null(), ptr::null()))));
        f()
    }

    /// Whether the Home at this address is the current one of this thread.
    #[inline]
    pub fn is_current(home: *const ()) -> bool {
        CURRENT.with(|current: &Cell<Entered>| ptr::eq(current.get().1, home))
    }

    /// Lends the current Home, if there is one.
    #[inline]
    pub fn with_current<R>(f: impl FnOnce(Option<&Here>) -> R) -> R {
        let here = CURRENT.with(|current| current.get().0);
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

    /// Whether the Home at this address is the current one of this thread: never known without threads.
    #[inline(always)]
    pub fn is_current(_home: *const ()) -> bool {
        false
    }

    /// Lends the current Home, if there is one.
    pub fn with_current<R>(f: impl FnOnce(Option<&Here>) -> R) -> R {
        let here = CURRENT.with(|current| current.clone());
        f(here.as_ref())
    }
}

pub use imp::{enter, is_current, leave, with_current};

/// A handle on the current Home, if there is one.
pub fn current() -> Option<Here> {
    with_current(|here| here.cloned())
}
