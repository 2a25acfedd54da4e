//! The side slab of messages: where the vectors of a send of several pieces stay while the kernel may look at them.
//!
//! [I1] A message never moves: slabs are boxed and none is freed before the worker's ring is done with all of them.
//! [I2] From `fill` to `free` a message belongs to one send; its pieces belong to that send's chain.

#![expect(
    unsafe_code,
    reason = "message headers hold pointers, and are plain memory to the kernel"
)]

use std::{cell::UnsafeCell, mem, num::NonZeroU32, ptr::NonNull};

use crate::engine::Message;

/// Messages that are made at once.
const SLAB: usize = 16;

/// The place of a message, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageId(NonZeroU32);

/// Messages of one worker.
#[derive(Default)]
pub(crate) struct Messages {
    slabs: Vec<Box<[UnsafeCell<Message>; SLAB]>>,
    free: Vec<u32>,
}

impl Messages {
    /// Makes a message of `pieces`, at most [`Message::PIECES`] of them; how many bytes that is comes last.
    pub(crate) fn fill(
        &mut self,
        pieces: impl Iterator<Item = (NonNull<u8>, u32)>,
    ) -> (MessageId, *const Message, u32) {
        let id = self.free.pop().unwrap_or_else(|| self.grow());
        let at = self.slabs[id as usize / SLAB][id as usize % SLAB].get();
        // SAFETY: [I1] it stands, [I2] it is free, so nobody else refers to it.
        let message = unsafe { &mut *at };
        let (mut count, mut bytes) = (0, 0);
        for (slot, (base, len)) in message.pieces.iter_mut().zip(pieces) {
            *slot = libc::iovec { iov_base: base.as_ptr().cast(), iov_len: len as usize };
            count += 1;
            bytes += len;
        }
        message.header.msg_iov = message.pieces.as_mut_ptr();
        message.header.msg_iovlen = count;
        (MessageId(NonZeroU32::MIN.saturating_add(id)), at, bytes)
    }

    /// The send that had `id` is over.
    pub(crate) fn free(&mut self, id: MessageId) {
        self.free.push(id.0.get() - 1);
    }

    fn grow(&mut self) -> u32 {
        let first = (self.slabs.len() * SLAB) as u32;
        self.slabs.push(Box::new(std::array::from_fn(|_| {
            // SAFETY: a header and vectors of nothing but integers and null pointers are valid when zero.
            UnsafeCell::new(unsafe { mem::zeroed() })
        })));
        self.free.extend((first + 1..first + SLAB as u32).rev());
        first
    }
}
