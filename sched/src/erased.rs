//! A Home whose type is erased: what a [`HomeRef`](tidemill_core::context::HomeRef) calls.
//!
//! Every function here takes the address of a Home with hooks `H` that is counted while it is called: [A2] of `home`. Those that are for
//! the home thread alone say so, as [`HomeVTable`] does.

#![expect(unsafe_code, reason = "a Home of erased type is called through raw pointers")]

#[cfg(feature = "alloc")]
use core::any::Any;
use core::{marker::PhantomData, ptr::NonNull};

use tidemill_core::{
    clock::Instant,
    const_new,
    context::{HOME_IS_KNOWN, Head, HomeVTable, Priority},
    sync::Ordering::Relaxed,
    task::{Hooks, Tasks},
    wait::Push,
};

#[cfg(feature = "alloc")]
use tidemill_core::{
    context::{Here, HomeRef},
    sync::Arc,
    task::{Done, Undone},
};

use crate::home::Home;

/// The vtables of a Home with hooks `H`.
pub(crate) struct Erased<H>(PhantomData<H>);

impl<H: Hooks> Erased<H> {
    /// Of one in a static: nothing to free.
    pub(crate) const STATIC: &'static HomeVTable = &Self::vtable(None);
    /// Of one in an `Arc`.
    #[cfg(feature = "alloc")]
    pub(crate) const SHARED: &'static HomeVTable = &Self::vtable(Some(free::<H>));

    const fn vtable(free: Option<unsafe fn(NonNull<Head>)>) -> HomeVTable {
        HomeVTable {
            now: now::<H>,
            #[cfg(feature = "std")]
            queue: queue::<H>,
            #[cfg(feature = "std")]
            queue_many: queue_many::<H>,
            #[cfg(feature = "std")]
            queue_later: queue_later::<H>,
            send: send::<H>,
            is_open: is_open::<H>,
            adopt: adopt::<H>,
            admit: admit::<H>,
            send_new: send_new::<H>,
            end_cycle: end_cycle::<H>,
            #[cfg(feature = "alloc")]
            drive: drive::<H>,
            free,
        }
    }
}

impl<H: Hooks> Home<H> {
    const_new! {
        /// A Home on these hooks, which nobody has claimed. It belongs into a static or an `Arc`.
        pub fn new(hooks: H) -> Self {
            Self::with(hooks, Erased::<H>::STATIC)
        }
    }
}

/// # Safety
/// It is a Home with hooks `H`, counted for `'a`.
#[inline]
unsafe fn home<'a, H: Hooks>(head: NonNull<Head>) -> &'a Home<H> {
    // SAFETY: [A2], and a Home begins with its Head.
    unsafe { head.cast::<Home<H>>().as_ref() }
}

/// # Safety
/// As [`HomeVTable::now`].
unsafe fn now<H: Hooks>(head: NonNull<Head>) -> Instant {
    // SAFETY: a handle of this Home calls.
    unsafe { home::<H>(head) }.hooks.now()
}

/// # Safety
/// As [`HomeVTable::queue`].
#[cfg(feature = "std")]
unsafe fn queue<H: Hooks>(head: NonNull<Head>, task: NonNull<()>) {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(head) }.bound;
    // SAFETY: [A1], current; its own half answered `Enqueue`.
    unsafe { bound.push(task.cast()) };
}

/// # Safety
/// As [`HomeVTable::queue_many`].
#[cfg(feature = "std")]
unsafe fn queue_many<H: Hooks>(head: NonNull<Head>, tasks: &[NonNull<()>]) {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(head) }.bound;
    for task in tasks {
        // SAFETY: [A1], current; its own half answered `Enqueue`.
        unsafe { bound.push(task.cast()) };
    }
}

/// # Safety
/// As [`HomeVTable::queue_later`].
#[cfg(feature = "std")]
unsafe fn queue_later<H: Hooks>(head: NonNull<Head>, task: NonNull<()>) {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(head) }.bound;
    // SAFETY: [A1], current; its own half answered `Enqueue`.
    unsafe { bound.push_later(task.cast()) };
}

/// # Safety
/// As [`HomeVTable::send`].
unsafe fn send<H: Hooks>(head: NonNull<Head>, task: NonNull<()>) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(head) };
    // SAFETY: its word answered `Enqueue`: it is not in the inbox, and not complete as long as it is, so it lives.
    match unsafe { home.inbox.push(task.cast()) } {
        Push::Ring => home.hooks.ring(),
        // Closed: whoever closed it has cancelled the task, or will.
        Push::Quiet | Push::Closed => {}
    }
}

/// # Safety
/// As [`HomeVTable::is_open`].
unsafe fn is_open<H: Hooks>(head: NonNull<Head>) -> bool {
    // SAFETY: a handle of this Home calls.
    !unsafe { home::<H>(head) }.inbox.is_closed()
}

/// # Safety
/// As [`HomeVTable::adopt`].
unsafe fn adopt<H: Hooks>(head: NonNull<Head>, task: NonNull<()>, priority: Priority) {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(head) }.bound;
    // SAFETY: it is new, and this is the home thread.
    unsafe { bound.adopt(task.cast(), priority) };
}

/// # Safety
/// As [`HomeVTable::admit`].
unsafe fn admit<H: Hooks>(head: NonNull<Head>, task: NonNull<()>, priority: Priority) -> bool {
    // SAFETY: a handle of this Home calls.
    let bound = &unsafe { home::<H>(head) }.bound;
    // SAFETY: it is new, and this is the home thread.
    unsafe { bound.admit(task.cast(), priority) };
    true
}

/// # Safety
/// As [`HomeVTable::send_new`].
unsafe fn send_new<H: Hooks>(head: NonNull<Head>, task: NonNull<()>, priority: Priority) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(head) };
    // SAFETY: it is new, and this is without `std` (contract).
    unsafe { home.bound.tasks.send(task.cast(), priority) };
    // SAFETY: it is new, so not in the inbox, and its word says that it is to be there.
    match unsafe { home.inbox.push(task.cast()) } {
        Push::Ring => home.hooks.ring(),
        Push::Quiet => {}
        // SAFETY: sent, and not taken; it may be dropped anywhere (contract).
        Push::Closed => unsafe { Tasks::refuse(task.cast()) },
    }
}

/// # Safety
/// As [`HomeVTable::end_cycle`].
unsafe fn end_cycle<H: Hooks>(head: NonNull<Head>) {
    // SAFETY: a handle of this Home calls.
    let home = unsafe { home::<H>(head) };
    if HOME_IS_KNOWN {
        home.bound.cut();
    } else {
        // ordering: Relaxed, nothing is published with it.
        home.cut.store(true, Relaxed);
    }
}

/// # Safety
/// As [`HomeVTable::drive`].
#[cfg(feature = "alloc")]
unsafe fn drive<H: Hooks>(handle: &HomeRef, done: &mut Done<'_>, to: &mut dyn Any) {
    // SAFETY: the handle counts it; it has these hooks (contract).
    let home = unsafe { &*handle.as_ptr().cast::<Home<H>>() };
    let ended = home.bound.waits.drive(done).unwrap_or_else(|| {
        // SAFETY: this is the home thread (contract).
        let here = unsafe { Here::new(handle.clone()) };
        // SAFETY: likewise, and the handle is of this Home.
        unsafe { home.drive(&here, done, |_| false) }
    });
    match to.downcast_mut::<Result<(), Undone>>() {
        Some(to) => *to = ended,
        None => unreachable!("it asks for this"),
    }
}

/// # Safety
/// As [`HomeVTable::free`].
#[cfg(feature = "alloc")]
unsafe fn free<H: Hooks>(head: NonNull<Head>) {
    let home = head.as_ptr().cast_const().cast::<Home<H>>();
    // SAFETY: no handle is left, so the `Arc` that they held together goes.
    drop(unsafe { Arc::from_raw(home) });
}
