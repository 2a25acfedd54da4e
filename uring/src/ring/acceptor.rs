//! An acceptor owns the armed accept of a listening socket, and the connections that it delivered.
//!
//! Futures only wait: dropping one loses no connection. Dropping the acceptor closes what nobody took.

use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    rc::Rc,
    task::{Context, Poll},
};

use tidemill_core::clock::{Clock, Instant};

use super::{
    fd::{Fd, File},
    worker::{self, Worker},
};

/// The owner of a listening socket's accept.
pub(crate) struct Acceptor {
    worker: Rc<Worker>,
    fd: Rc<Fd>,
    key: u32,
}

impl Acceptor {
    /// Accepts on `fd`, whose kernel keeps `backlog` connections, from the first `poll_accept` on.
    pub(crate) fn new(worker: Rc<Worker>, fd: OwnedFd, backlog: u32) -> Self {
        let fd = Rc::new(Fd::new(fd));
        let key = worker.with(|driver| driver.listen(&fd, backlog));
        Self { worker, fd, key }
    }

    /// The listening socket.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.plain().expect("plain, as it was given")
    }

    /// The present moment of its worker.
    pub(crate) fn now(&self) -> Instant {
        self.worker.time().now()
    }

    /// The next connection, in the order of their arrival.
    pub(crate) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<File>> {
        let key = self.key;
        self.worker.poll(
            cx,
            |driver| {
                let listening = &mut driver.listeners[key as usize];
                listening.wanted = false;
                if let Some(file) = listening.ready.pop_front() {
                    return Some(Ok(file));
                }
                if let Some(errno) = listening.error.take() {
                    return Some(Err(io::Error::from_raw_os_error(errno)));
                }
                if driver.engine.is_closed() {
                    return Some(Err(worker::closed()));
                }
                listening.wanted = true;
                driver.arm_accepts(key);
                None
            },
            |driver| &mut driver.listeners[key as usize].waker,
        )
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        let left = self.worker.with(|driver| driver.dismiss(self.key));
        drop(left);
        self.worker.drop_spent();
    }
}
