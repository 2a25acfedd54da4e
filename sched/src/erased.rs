//! A Home whose type is erased: what a [`HomeRef`](tidemill_core::context::HomeRef) calls.
//!
//! Every function here takes the address of a Home with hooks `H` that is counted while it is called: [A2] of `home`. Those that are for
//! the home thread alone say so, as [`HomeVTable`] does.

#![expect(unsafe_code, reason = "a Home of erased type is called through raw pointers")]

use core::{alloc::Layout, marker::PhantomData, ptr::NonNull};

use tidemill_core::{
    clock::Instant,
    context::{HOME_IS_KNOWN, HomeLock, HomeVTable, Priority, is_current},
    sync::Ordering::Relaxed,
    task::{Hooks, Tasks},
    time::Wheel,
    wait::Push,
};

#[cfg(feature = "alloc")]
use tidemill_core::{
    sync::{Arc, Ordering::AcqRel},
    task::give_back,
};

use crate::home::Home;

/// The vtable of a Home in a static: nothing to count.
pub(crate) struct Static<H>(PhantomData<H>);

impl<H: Hooks> Static<H> {
    pub(crate) const VTABLE: &'static HomeVTable = &HomeVTable {
        retain: |_| (),
        release: |_| (),
        now: now::<H>,
        wheel: wheel::<H>,
        schedule: schedule::<H>,
        schedule_later: schedule_later::<H>,
        is_open: is_open::<H>,
        lay: lay::<H>,
        adopt: adopt::<H>,
        send: send::<H>,
        end_cycle: end_cycle::<H>,
        clear: clear::<H, false>,
    };
}

/// The vtable of a Home in an `Arc`.
#[cfg(feature = "alloc")]
pub(crate) struct Shared<H>(PhantomData<H>);

#[cfg(feature = "alloc")]
impl<H: Hooks> Shared<H> {
    pub(crate) const VTABLE: &'static HomeVTable = &HomeVTable {
        retain: retain::<H>,
        release: release::<H>,
        now: now::<H>,
        wheel: wheel::<H>,
        schedule: schedule::<H>,
        schedule_later: schedule_later::<H>,
        is_open: is_open::<H>,
        lay: lay::<H>,
        adopt: adopt::<H>,
        send: send::<H>,
        end_cycle: end_cycle::<H>,
        clear: clear::<H, true>,
    };
}

/// # Safety
/// It is a Home with hooks `H`, counted for `'a`.
#[inline]
unsafe fn home<'a, H: Hooks>(home: *const ()) -> &'a Home<H> {
    // SAFETY: [A2].
    unsafe { &*home.cast::<Home<H>>() }
}

/// # Safety
/// As [`HomeVTable::now`].
unsafe fn now<H: Hooks>(address: *const ()) -> Instant {
    // SAFETY: a handle of this Home calls.
    unsafe { home::<H>(address) }.hooks.now()
}

/// # Safety
/// As [`HomeVTable::wheel`].
unsafe fn wheel<H: Hooks>(address: *const ()) -> NonNull<Wheel<HomeLock>> {
    // SAFETY: a handle of this Home calls.
    NonNull::from(&unsafe { home::<H>(address) }.wheel)
}

/// # Safety
/// As [`HomeVTable::schedule`].
unsafe fn schedule<H: Hooks>(address: *const (), task: NonNull<()>) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(address) };
    if is_current(address) {
        // SAFETY: [A1], current; its state answered `Enqueue`.
        return unsafe { home.bound.push(task.cast()) };
    }
    // SAFETY: its state answered `Enqueue`: it is in no queue, and not complete as long as it is in this one, so it lives.
    match unsafe { home.inbox.push(task.cast()) } {
        Push::Ring => home.hooks.ring(),
        // Closed: whoever closed it has cancelled the task, or will.
        Push::Quiet | Push::Closed => {}
    }
}

/// # Safety
/// As [`HomeVTable::schedule_later`].
unsafe fn schedule_later<H: Hooks>(address: *const (), task: NonNull<()>) {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(address) }.bound;
    // SAFETY: [A1], current; its state answered `Enqueue`.
    unsafe { bound.push_later(task.cast()) };
}

/// # Safety
/// As [`HomeVTable::is_open`].
unsafe fn is_open<H: Hooks>(address: *const ()) -> bool {
    // SAFETY: a handle of this Home calls.
    !unsafe { home::<H>(address) }.inbox.is_closed()
}

/// # Safety
/// As [`HomeVTable::lay`].
#[cfg(feature = "alloc")]
unsafe fn lay<H: Hooks>(address: *const (), layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(address) };
    if home.inbox.is_closed() {
        return None;
    }
    if HOME_IS_KNOWN {
        home.bound.recount(1);
    } else {
        // ordering: Relaxed, who has a handle makes another.
        home.count.fetch_add(1, Relaxed);
    }
    Some(home.bound.blocks.take(layout))
}

/// # Safety
/// As [`HomeVTable::lay`].
#[cfg(not(feature = "alloc"))]
#[expect(
    clippy::extra_unused_type_parameters,
    reason = "the vtable names it as it does with `alloc`"
)]
unsafe fn lay<H: Hooks>(_: *const (), _: Layout) -> Option<NonNull<u8>> {
    None
}

/// # Safety
/// As [`HomeVTable::adopt`].
unsafe fn adopt<H: Hooks>(address: *const (), task: NonNull<()>, priority: Priority) {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(address) }.bound;
    // SAFETY: it is new, and this is the home thread.
    unsafe { bound.adopt(task.cast(), priority) };
}

/// # Safety
/// As [`HomeVTable::send`].
unsafe fn send<H: Hooks>(address: *const (), task: NonNull<()>, priority: Priority) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(address) };
    // SAFETY: it is new, and this is without `std` (contract).
    unsafe { home.bound.tasks.send(task.cast(), priority) };
    // SAFETY: it is new, so in no queue, and its state says that it is to be in one.
    match unsafe { home.inbox.push(task.cast()) } {
        Push::Ring => home.hooks.ring(),
        Push::Quiet => {}
        // SAFETY: sent, and not taken; it may be dropped anywhere (contract).
        Push::Closed => unsafe { Tasks::refuse(task.cast()) },
    }
}

/// # Safety
/// As [`HomeVTable::end_cycle`].
unsafe fn end_cycle<H: Hooks>(address: *const ()) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(address) };
    if HOME_IS_KNOWN {
        home.bound.cut();
    } else {
        // ordering: Relaxed, nothing is published with it.
        home.cut.store(true, Relaxed);
    }
}

/// # Safety
/// As [`HomeVTable::clear`].
#[cfg(feature = "alloc")]
unsafe fn clear<H: Hooks, const COUNTED: bool>(
    address: *const (),
    block: NonNull<u8>,
    layout: Layout,
) {
    // SAFETY: the handle that calls is still counted.
    let bound = &unsafe { home::<H>(address) }.bound;
    if is_current(address) || !HOME_IS_KNOWN {
        // SAFETY: the contract is the same.
        unsafe { bound.blocks.put(block, layout) };
    } else {
        // SAFETY: the contract is the same.
        unsafe { give_back(block, layout) };
    }
    if COUNTED {
        // SAFETY: that handle's count goes.
        unsafe { release::<H>(address) };
    }
}

/// # Safety
/// As [`HomeVTable::clear`].
#[cfg(not(feature = "alloc"))]
#[expect(
    clippy::extra_unused_type_parameters,
    reason = "the vtable names it as it does with `alloc`"
)]
unsafe fn clear<H: Hooks, const COUNTED: bool>(_: *const (), _: NonNull<u8>, _: Layout) {
    unreachable!("memory is taken back where it was given");
}

/// # Safety
/// As [`HomeVTable::retain`].
#[cfg(feature = "alloc")]
unsafe fn retain<H: Hooks>(address: *const ()) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(address) };
    if is_current(address) {
        home.bound.recount(1);
    } else {
        // ordering: Relaxed, who has a handle makes another.
        home.count.fetch_add(1, Relaxed);
    }
}

/// # Safety
/// As [`HomeVTable::release`].
#[cfg(feature = "alloc")]
unsafe fn release<H: Hooks>(address: *const ()) {
    // SAFETY: the handle that calls is still counted.
    let counted = unsafe { home::<H>(address) };
    if is_current(address) {
        return counted.bound.recount(usize::MAX);
    }
    // ordering: Release makes what this handle did visible to the last; Acquire pairs with it there.
    if counted.count.fetch_sub(1, AcqRel) == 1 {
        // SAFETY: no handle is left, so the `Arc` that they held together goes.
        drop(unsafe { Arc::from_raw(address.cast::<Home<H>>()) });
    }
}
