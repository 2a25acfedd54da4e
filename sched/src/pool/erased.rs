//! A shard whose type is erased: what handles on it call.
//!
//! Every function here takes the address of a [`Shard`] that is counted while it is called ([H1] of `shard`).

#![expect(unsafe_code, reason = "a Home of erased type is called through raw pointers")]

use core::{any::Any, ptr::NonNull};
use std::sync::Arc;

use tidemill_core::{
    clock::{Clock, Instant},
    context::{Done, Head, HomeRef, HomeVTable, Priority},
};

use super::{inject::Task, schedule::Why, shard::Shard, shared::Shared};

/// The vtable of all shards.
pub(super) static VTABLE: HomeVTable = HomeVTable {
    now,
    queue: never,
    queue_many: |_, _| unreachable!(),
    queue_later: never,
    send,
    is_open,
    adopt,
    admit,
    send_new: never_adopt,
    end_cycle,
    drive: never_drive,
    free: Some(free),
};

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
    let shared = unsafe { shard(head) }.shared.cast::<Shared>();
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
/// As [`HomeVTable::adopt`], on any thread.
unsafe fn adopt(head: NonNull<Head>, task: NonNull<()>, priority: Priority) {
    // SAFETY: a handle of this Home calls.
    let shard = unsafe { shard(head) };
    // SAFETY: as above.
    let shared = unsafe { shared(head) };
    // SAFETY: it was made just now, with a handle on this.
    if unsafe { shard.head.insert(task.cast(), priority) }.is_some() {
        // SAFETY: it is new, and to be queued.
        unsafe { shared.schedule(Task(task.cast()), Why::New) };
    }
}

/// # Safety
/// As [`HomeVTable::admit`], on any thread.
unsafe fn admit(head: NonNull<Head>, task: NonNull<()>, priority: Priority) -> bool {
    // SAFETY: a handle of this Home calls.
    let shard = unsafe { shard(head) };
    // SAFETY: it was made just now, with a handle on this.
    unsafe { shard.head.insert(task.cast(), priority) }.is_some()
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
unsafe fn never_drive(_: &HomeRef, _: &mut Done<'_>, _: &mut dyn Any) {
    unreachable!("a shard is never current");
}

/// # Safety
/// As [`HomeVTable::free`].
unsafe fn free(head: NonNull<Head>) {
    // SAFETY: it lives until the `Arc` goes.
    let shared = unsafe { shard(head) }.shared.cast::<Shared>();
    // SAFETY: the one that `open` took.
    drop(unsafe { Arc::from_raw(shared) });
}
