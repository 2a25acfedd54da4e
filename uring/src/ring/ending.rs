//! Ending: a direction out of a socket is shut, an entry of the ring's table is closed.
//!
//! | what ends             | plain              | direct                                                                 |
//! |-----------------------|--------------------|------------------------------------------------------------------------|
//! | a direction           | a system call      | an operation, until whose end the socket stays                         |
//! | the descriptor        | when it is dropped | an operation of a later turn; its slot is free when that is answered   |

use std::io;

use super::{
    driver::Driver,
    table::{Role, Slot},
};
use crate::engine::{Completion, Op};

impl Driver {
    /// Tells the peer of the socket `key` that no more will come.
    ///
    /// # Errors
    /// The system refuses, as far as it is asked at once.
    pub(super) fn shut(&mut self, key: u32) -> io::Result<()> {
        let socket = &mut self.sockets[key as usize];
        if let Ok(fd) = socket.fd.plain() {
            return Ok(rustix::net::shutdown(fd, rustix::net::Shutdown::Write)?);
        }
        if !self.engine.is_closed() && !socket.shutting {
            socket.shutting = true;
            let op = Op::shutdown(socket.fd.target());
            let slot = self.table.open(Role::Shutdown(key), None);
            let token = self.table.arm(slot);
            self.submit(op, token);
        }
        Ok(())
    }

    /// The socket `key` was shut, or could not be.
    pub(super) fn was_shut(&mut self, slot: Slot, key: u32) {
        self.unheard(slot);
        self.sockets[key as usize].shutting = false;
        self.close_if_over(key);
    }

    /// Closes what nobody uses any more, and lets those accept who waited for a slot.
    #[cold]
    pub(super) fn collect(&mut self) {
        while let Some(number) = self.slots.closing() {
            let slot = self.table.open(Role::Close(number), None);
            let token = self.table.arm(slot);
            self.submit(Op::close_direct(number), token);
        }
        if self.slots.collect() {
            self.resume();
        }
    }

    /// A close of the entry `number` was answered.
    pub(super) fn closed(&mut self, slot: Slot, number: u32, completion: Completion) {
        // Where the kernel had no memory for it, the next turn tries again.
        self.slots.entry_closed(number, matches!(-completion.result, 0 | libc::EBADF));
        self.unheard(slot);
    }

    /// An operation ended, and how is of no concern.
    fn unheard(&mut self, slot: Slot) {
        self.table.land(slot);
        self.close_entry(slot);
    }
}
