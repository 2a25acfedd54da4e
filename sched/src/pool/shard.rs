//! A shard: the Home of the tasks that one worker has made; one more is of those that come from elsewhere.
//!
//! All handles on a shard together hold one `Arc` of what the pool shares.
//!
//! [H1] A shard stands in the `Shared` that it names, which lives while the shard has handles.

#![expect(unsafe_code, reason = "a Home of erased type is called through raw pointers")]

use core::{any::Any, ptr::NonNull, task::Waker};
use std::sync::Arc;

use tidemill_core::{
    clock::{Clock, Instant},
    context::{Head, HomeRef, HomeVTable, Priority},
    task::PoolHead,
};

use super::{
    desk::Task,
    shared::{Shared, Why},
};

/// See the [module](self).
#[repr(C)]
pub(super) struct Shard {
    pub(super) head: PoolHead,
    shared: *const Shared,
}

// SAFETY: the head's list has a lock, its count is atomic once it is settled, and nobody uses what else is in it; the pointer is [H1].
unsafe impl Send for Shard {}
// SAFETY: as above.
unsafe impl Sync for Shard {}

static VTABLE: HomeVTable = HomeVTable {
    now,
    queue: never,
    queue_later: never,
    send,
    is_open,
    adopt: never_adopt,
    send_new: never_adopt,
    end_cycle,
    drive: never_drive,
    free: Some(free),
};

impl Shard {
    /// The shard number `number` of `of`, in the `Shared` that comes to stand at the address.
    pub(super) fn new(shared: *const Shared, number: usize, of: usize) -> Self {
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { head: PoolHead::new(&VTABLE, small(number), small(of)), shared }
    }

    /// The first handle.
    ///
    /// # Safety
    /// It stands in `shared`, and this is called once for it, before anything else.
    pub(super) unsafe fn open(&self, shared: &Arc<Shared>) -> HomeRef {
        debug_assert_eq!(self.shared, Arc::as_ptr(shared), "[H1]");
        // One for all handles together, given back by `free`.
        let _ = Arc::into_raw(shared.clone());
        // SAFETY: a shard begins with its head, which stays where it is; nobody else has it yet.
        let handle = unsafe { Head::handle(NonNull::from(self).cast()) };
        self.head.head().settle();
        handle
    }
}

/// # Safety
/// It is a shard, counted for `'a`.
unsafe fn shard<'a>(head: NonNull<Head>) -> &'a Shard {
    // SAFETY: `repr(C)`, it begins with its head.
    unsafe { head.cast::<Shard>().as_ref() }
}

/// # Safety
/// As `shard`.
unsafe fn shared<'a>(head: NonNull<Head>) -> &'a Shared {
    // SAFETY: the contract is the same.
    let shared = unsafe { shard(head) }.shared;
    // SAFETY: [H1].
    unsafe { &*shared }
}

/// # Safety
/// As [`HomeVTable::now`].
unsafe fn now(head: NonNull<Head>) -> Instant {
    // SAFETY: a handle of this Home calls.
    unsafe { shared(head) }.clock.now()
}

/// # Safety
/// As [`HomeVTable::send`].
unsafe fn send(head: NonNull<Head>, task: NonNull<()>) {
    // SAFETY: a handle of this Home calls.
    let shared = unsafe { shared(head) };
    // SAFETY: its word has answered `Enqueue`.
    unsafe { shared.schedule(Task(task.cast()), Why::Woken) };
}

/// # Safety
/// As [`HomeVTable::is_open`].
unsafe fn is_open(head: NonNull<Head>) -> bool {
    // SAFETY: a handle of this Home calls.
    unsafe { shard(head) }.head.is_open()
}

/// # Safety
/// None: a shard is never current.
unsafe fn never(_: NonNull<Head>, _: NonNull<()>) {
    unreachable!("a shard is never current");
}

/// # Safety
/// As `never`.
unsafe fn never_adopt(_: NonNull<Head>, _: NonNull<()>, _: Priority) {
    unreachable!("a shard is never current");
}

/// # Safety
/// None: nothing is done.
unsafe fn end_cycle(_: NonNull<Head>) {}

/// # Safety
/// As `never`.
unsafe fn never_drive(_: &HomeRef, _: &mut dyn FnMut(&Waker) -> bool, _: &mut dyn Any) {
    unreachable!("a shard is never current");
}

/// # Safety
/// As [`HomeVTable::free`].
unsafe fn free(head: NonNull<Head>) {
    // SAFETY: it lives until the `Arc` goes.
    let shared = unsafe { shard(head) }.shared;
    // SAFETY: the one that `open` took.
    drop(unsafe { Arc::from_raw(shared) });
}
