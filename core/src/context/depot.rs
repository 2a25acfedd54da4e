//! The depot: free blocks on their way from threads on which more tasks end than are made, to those where it is the other way round. Allocators move memory between
//! threads under locks on which these threads would meet at every task; here they meet at every batch.
//!
//! [D1] A batch is as many blocks of its class as [`BATCH`] says, linked, and in no other list ([B1] of `blocks`). The first of each names that of
//!      the batch below.

#![expect(unsafe_code, reason = "links batches through themselves")]

use core::ptr::{self, NonNull};

use super::size::{BATCH, CLASSES, MOST};
use crate::{
    lock::{Lock, Locked},
    shared_static,
    sync::MODELLED,
};

/// A block that is in a list.
pub(super) struct Free {
    pub(super) next: *mut Free,
    /// In the depot, where it is the first of its batch: that of another.
    pub(super) below: *mut Free,
}

#[derive(Clone, Copy)]
struct Pile {
    top: *mut Free,
    batches: usize,
}

// SAFETY: a pile owns its blocks, which are plain memory.
unsafe impl Send for Pile {}

shared_static!(static PILES: Locked<[Pile; CLASSES], Lock> =
    Locked::new_in([Pile { top: ptr::null_mut(), batches: 0 }; CLASSES]));

/// Whether blocks travel: not where there is one thread; nor in models, to which a lock for every task that is made would give more to try than they can.
const TRAVELS: bool = cfg!(feature = "std") && !MODELLED;

/// Puts a batch down. `false`: there are enough of this class.
///
/// # Safety
/// [D1], and it is the caller's; where this answers `true` no more.
pub(super) unsafe fn put(class: usize, mut batch: NonNull<Free>) -> bool {
    TRAVELS
        && PILES.with(|piles| {
            let Pile { top, batches } = &mut piles[class];
            let has_room = *batches < MOST[class] / BATCH[class];
            if has_room {
                // SAFETY: it is ours.
                unsafe { batch.as_mut() }.below = *top;
                *top = batch.as_ptr();
                *batches += 1;
            }
            has_room
        })
}

/// Takes the batch on top: the first of its blocks.
pub(super) fn take(class: usize) -> Option<NonNull<Free>> {
    if !TRAVELS {
        return None;
    }
    PILES.with(|piles| {
        let Pile { top, batches } = &mut piles[class];
        let batch = NonNull::new(*top)?;
        // SAFETY: [D1].
        *top = unsafe { batch.as_ref() }.below;
        *batches -= 1;
        Some(batch)
    })
}
