//! Ending: a direction out of a socket is shut, an entry of the ring's table is closed.
//!
//! | what ends             | plain            | direct                                                                    |
//! |-----------------------|------------------|---------------------------------------------------------------------------|
//! | a direction           | a system call    | an operation, whose entry of the op table keeps the descriptor open        |
//! | the descriptor        | when it is dropped | an operation of the next turn; its slot is free when that is answered    |

use std::io;

use super::{
    driver::Driver,
    fd::Fd,
    table::{Role, Slot},
};
use crate::engine::{Completion, Op};

impl Driver {
    /// Tells the peer that no more will come.
    ///
    /// # Errors
    /// The system refuses, as far as it is asked at once.
    pub(super) fn shut(&mut self, fd: &Fd) -> io::Result<()> {
        if let Ok(fd) = fd.plain() {
            return Ok(rustix::net::shutdown(fd, rustix::net::Shutdown::Write)?);
        }
        if !self.engine.is_closed() {
            let slot = self.table.open(Role::Shutdown, Some(fd.clone()));
            let token = self.table.arm(slot);
            self.submit(Op::shutdown(fd.target()), token);
        }
        Ok(())
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
    pub(super) fn unheard(&mut self, slot: Slot) {
        self.table.land(slot);
        self.close_entry(slot);
    }
}
