//! A Home as everyone may know it: a counted handle of which the type is erased.
//!
//! [H1] A [`HomeRef`] owns one count of its Home, so the pointer is alive and fits the vtable. The Home does not move.
//! [H2] With `std` a thread knows the Home that is current on it, and what comes from elsewhere goes through the inbox; so what is for the
//!      Home's own thread needs no lock. Without, nobody knows whether an interrupt or another core calls: all that can be reached
//!      from there has a lock or is atomic.

#![expect(unsafe_code, reason = "calls through the vtable of a Home whose type is erased")]

use core::{alloc::Layout, ptr::NonNull};

use super::priority::Priority;
use crate::{
    clock::{Clock, Instant},
    time::Wheel,
};

/// The lock of what a Home keeps to its own thread: none with `std`; without, where an interrupt may come along, a critical section.
#[cfg(feature = "std")]
pub type HomeLock = crate::lock::Unlocked;
/// The lock of what a Home keeps to its own thread: none with `std`; without, where an interrupt may come along, a critical section.
#[cfg(not(feature = "std"))]
pub type HomeLock = crate::lock::Lock;

/// Whether code can tell if it runs on a Home's own thread, within a turn: with `std` it can.
pub const HOME_IS_KNOWN: bool = cfg!(feature = "std");

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
    /// Queues a task whose state answered `Enqueue`, and rings if need be.
    pub schedule: unsafe fn(*const (), NonNull<()>),
    /// Queues a task whose state answered `Enqueue` for the next cycle. Only for its own thread.
    pub schedule_later: unsafe fn(*const (), NonNull<()>),
    /// Whether it takes tasks: not any more once its Local is dropped, or is being dropped.
    pub is_open: unsafe fn(*const ()) -> bool,
    /// Memory for a task, a handle counted with it. `None`: it takes no tasks, or none in boxes. With `std` only for its own thread.
    pub lay: unsafe fn(*const (), Layout) -> Option<NonNull<u8>>,
    /// Takes a new task, and a handle counted for it: links and queues it. Only for its own thread.
    pub adopt: unsafe fn(*const (), NonNull<()>, Priority),
    /// As `adopt`, from anywhere, without `std` alone. If it is closed, the task is cancelled.
    pub send: unsafe fn(*const (), NonNull<()>, Priority),
    /// Leaves the Normal tasks that are ready to the next cycle. With `std` only for its own thread.
    pub end_cycle: unsafe fn(*const ()),
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

    /// The handle for any thread: this one.
    #[cfg(not(feature = "std"))]
    pub(crate) fn home(&self) -> &Self {
        self
    }

    /// Queues `task`.
    ///
    /// # Safety
    /// `task` is the header of a task of this Home; its state has just answered `Enqueue`; a reference to it outlasts this call.
    #[inline]
    pub(crate) unsafe fn schedule(&self, task: NonNull<()>) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.schedule)(self.home, task) };
    }

    /// Queues `task` for the next cycle.
    ///
    /// # Safety
    /// As for `schedule`; and the Home is current.
    pub(crate) unsafe fn schedule_later(&self, task: NonNull<()>) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.schedule_later)(self.home, task) };
    }

    /// Its wheel.
    ///
    /// # Safety
    /// With `std`: this is the Home's thread.
    #[inline]
    pub(super) unsafe fn wheel(&self) -> &Wheel<HomeLock> {
        // SAFETY: [H1], and the contract.
        let wheel = unsafe { (self.vtable.wheel)(self.home) };
        // SAFETY: [H1], the wheel is part of the Home, which our count keeps.
        unsafe { wheel.as_ref() }
    }

    /// Whether it takes tasks. Elsewhere than on its thread it may be closed a moment later.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        // SAFETY: [H1].
        unsafe { (self.vtable.is_open)(self.home) }
    }

    /// Memory for a task, and the handle for its header.
    ///
    /// # Safety
    /// With `std`: this is the Home's thread.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) unsafe fn lay(&self, layout: Layout) -> Option<(NonNull<u8>, Self)> {
        // SAFETY: [H1], and the contract.
        let block = unsafe { (self.vtable.lay)(self.home, layout) }?;
        // The handle was counted with it.
        Some((block, Self { home: self.home, vtable: self.vtable }))
    }

    /// Hands a new task over.
    ///
    /// # Safety
    /// `task` is the header of a new task with a handle on this Home, its state as it was made. This is the Home's thread, and it is open.
    #[inline]
    pub(crate) unsafe fn adopt(&self, task: NonNull<()>, priority: Priority) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.adopt)(self.home, task, priority) };
    }

    /// Hands a new task over, from anywhere.
    ///
    /// # Safety
    /// `task` is the header of a new task with a handle on this Home, its state as it was made. Its future and output may go to another
    /// thread.
    #[cfg(not(feature = "std"))]
    pub(crate) unsafe fn send(&self, task: NonNull<()>, priority: Priority) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.send)(self.home, task, priority) };
    }

    /// Leaves the Normal tasks that are ready to the next cycle, if there is one under way.
    ///
    /// # Safety
    /// With `std`: this is the Home's thread.
    pub(super) unsafe fn end_cycle(&self) {
        // SAFETY: [H1], and the contract.
        unsafe { (self.vtable.end_cycle)(self.home) };
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
