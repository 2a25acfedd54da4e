//! A single operation: asked once, answered once. The table keeps what it needs; the future only waits.

use std::{
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use socket2::SockAddr;

use super::{
    fd::Fd,
    table::{Role, Slot},
    worker::{self, Worker},
};

/// An operation on its way.
///
/// Dropped before its end it is cancelled, and what it would have delivered goes back.
pub(crate) struct Single {
    worker: Rc<Worker>,
    slot: Slot,
}

impl Single {
    /// Connects the socket `fd` to `to`, and hands it back then.
    pub(crate) fn connect(worker: Rc<Worker>, fd: Fd, to: SockAddr) -> io::Result<Self> {
        let slot = worker.with(|driver| {
            if driver.engine.is_closed() {
                return Err(worker::closed());
            }
            let (key, op) = driver.addresses.connect(fd.target(), to);
            let slot = driver.table.open(Role::Single(key), Some(Rc::new(fd)));
            let token = driver.table.arm(slot);
            driver.submit(op, token);
            Ok(slot)
        })?;
        Ok(Self { worker, slot })
    }
}

impl Future for Single {
    type Output = io::Result<Fd>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = self.slot;
        self.worker.poll(
            cx,
            |driver| {
                let entry = driver.table.at(slot);
                if !entry.done {
                    return None;
                }
                if entry.result < 0 {
                    return Some(Err(io::Error::from_raw_os_error(-entry.result)));
                }
                let fd = entry.fd.take().and_then(Rc::into_inner);
                Some(fd.ok_or_else(|| io::ErrorKind::NotConnected.into()))
            },
            |driver| &mut driver.table.at(slot).waker,
        )
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        self.worker.with(|driver| driver.abandon(self.slot));
        self.worker.drop_spent();
    }
}
