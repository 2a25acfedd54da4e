//! The side slab of addresses: where the address of a connect stays while the kernel may look at it.
//!
//! [I1] An address is boxed, and removed by its operation's completion, not before.

#![expect(unsafe_code, reason = "points operations at addresses of the side slab")]

use slab::Slab;
use socket2::SockAddr;

use crate::engine::{Op, Target};

/// Addresses that operations in flight point at.
#[derive(Default)]
pub(super) struct Addresses(Slab<Box<SockAddr>>);

impl Addresses {
    /// A connect of the socket `fd` to `to`, and the number under which its address stays.
    pub(super) fn connect(&mut self, fd: Target, to: SockAddr) -> (u32, Op) {
        let entry = self.0.vacant_entry();
        let key = entry.key() as u32;
        let address = entry.insert(Box::new(to));
        // SAFETY: [I1]
        let op = unsafe { Op::connect(fd, address.as_ptr().cast(), address.len()) };
        (key, op)
    }

    /// The operation that pointed at `key` is over.
    pub(super) fn remove(&mut self, key: u32) {
        drop(self.0.try_remove(key as usize));
    }
}
