//! The tag of a boxed task: what a wake on its home thread touches, close to those of others and apart from the task itself. So a wake waits for no memory of the task, and of a
//! crowd that is woken one after the other several tags lie in a line of a cache.
//!
//! | a task                                      | its Home, for wakers   | its own half    | its wakers have             |
//! |---------------------------------------------|------------------------|-----------------|-----------------------------|
//! | in a block of a [slab](crate::context), with `std` | in its tag      | in its tag      | the vtable of tagged tasks  |
//! | anywhere else, or pooled                    | in its header          | in its header   | that of the others          |
//!
//! [Y1] A tag is written when its task is made, and is there while that is: it goes with the block.
//! [Y2] `home` is not changed meanwhile; `own` is for the home thread ([O1] of `own`).

#![expect(unsafe_code, reason = "finds what belongs to a task by its address")]

use core::ptr;

use super::own::Own;
pub(super) use crate::context::HAS_TAGS;
use crate::context::{HomeRef, is_current, tag_of};

/// See the [module](self).
#[repr(C)]
pub(super) struct Tag {
    /// The address of its Home, which its header keeps.
    home: *const (),
    own: Own,
}

const _: () = assert!(!HAS_TAGS || size_of::<Tag>() <= 16, "so much room has a tag");

/// The home thread's half of the state of a task, and the address of its Home: on that thread.
pub(super) type AtHome<'a> = (&'a Own, *const ());

/// Gives a new task its tag: one at this address.
///
/// # Safety
/// It is to stand in a block of a slab, at its beginning.
#[inline(always)]
pub(super) unsafe fn write(task: usize, home: &HomeRef, own: Own) {
    let tag = ptr::with_exposed_provenance_mut::<Tag>(tag_of(task));
    // SAFETY: [S3] of `slab`, it is ours, and [S1] there it is.
    unsafe { tag.write(Tag { home: home.as_ptr(), own }) };
}

/// The own half in the tag of the task at this address.
///
/// # Safety
/// It is tagged, and alive for `'a`.
#[inline(always)]
pub(super) unsafe fn own<'a>(task: usize) -> &'a Own {
    // SAFETY: the contract is the same.
    &unsafe { tag(task) }.own
}

/// The same, and the address of its Home, if this is the home thread, in a turn of its Local.
///
/// # Safety
/// As for `own`.
#[inline(always)]
pub(super) unsafe fn own_here<'a>(task: usize) -> Option<AtHome<'a>> {
    // SAFETY: the contract is the same.
    let tag = unsafe { tag(task) };
    is_current(tag.home).then_some((&tag.own, tag.home))
}

/// # Safety
/// As for `own`.
#[inline(always)]
unsafe fn tag<'a>(task: usize) -> &'a Tag {
    let tag = ptr::with_exposed_provenance::<Tag>(tag_of(task));
    // SAFETY: [Y1], and the block is taken while its task is alive.
    unsafe { &*tag }
}
