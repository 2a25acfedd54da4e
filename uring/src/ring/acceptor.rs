//! An acceptor owns the armed accept of a listening socket, and the connections that it delivered.
//!
//! Futures only wait: dropping one loses no connection. Dropping the acceptor closes what nobody took.

use std::{
    io, mem,
    os::fd::OwnedFd,
    rc::Rc,
    task::{Context, Poll},
};

use tidemill_core::clock::{Clock, Instant};

use super::{
    fd::Fd,
    listening::Listening,
    table::{Role, Slot},
    worker::{self, Worker},
};
use crate::engine::Op;

/// The owner of a listening socket's accept.
pub(crate) struct Acceptor {
    worker: Rc<Worker>,
    fd: Fd,
    key: u32,
    slot: Slot,
}

impl Acceptor {
    /// Accepts on `fd`, from the first `poll_accept` on.
    pub(crate) fn new(worker: Rc<Worker>, fd: OwnedFd) -> Self {
        let fd = Fd::new(fd);
        let (key, slot) = worker.with(|driver| {
            let key = driver.listeners.insert(Listening::default()) as u32;
            (key, driver.table.open(Role::Accept(key), Some(fd.clone())))
        });
        Self { worker, fd, key, slot }
    }

    /// The listening socket.
    pub(crate) fn fd(&self) -> &Fd {
        &self.fd
    }

    /// The present moment of its worker.
    pub(crate) fn now(&self) -> Instant {
        self.worker.time().now()
    }

    /// The next connection, in the order of their arrival.
    pub(crate) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<OwnedFd>> {
        let (key, slot, target) = (self.key, self.slot, self.fd.target());
        self.worker.poll(
            cx,
            |driver| {
                let listening = &mut driver.listeners[key as usize];
                if let Some(fd) = listening.ready.pop_front() {
                    return Some(Ok(fd));
                }
                if let Some(errno) = listening.error.take() {
                    return Some(Err(io::Error::from_raw_os_error(errno)));
                }
                if driver.engine.is_closed() {
                    return Some(Err(worker::closed()));
                }
                if !driver.table.get(slot).armed {
                    let token = driver.table.arm(slot);
                    driver.submit(Op::accept(target), token);
                }
                None
            },
            |driver| &mut driver.listeners[key as usize].waker,
        )
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let left = self.worker.with(|driver| {
            let left = mem::take(&mut driver.listeners[self.key as usize]);
            driver.listeners.remove(self.key as usize);
            driver.abandon(self.slot);
            left
        });
        drop(left);
        self.worker.drop_spent();
    }
}
