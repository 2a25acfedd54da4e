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
    /// Connects the socket `fd` to `to`.
    pub(crate) fn connect(worker: Rc<Worker>, fd: Fd, to: SockAddr) -> io::Result<Self> {
        let slot = worker.with(|driver| {
            if driver.engine.is_closed() {
                return Err(worker::closed());
            }
            let target = fd.target();
            let (key, op) = driver.addresses.connect(target, to);
            let slot = driver.table.open(Role::Single(key), Some(fd));
            let token = driver.table.arm(slot);
            driver.submit(op, token);
            Ok(slot)
        })?;
        Ok(Self { worker, slot })
    }
}

impl Future for Single {
    type Output = io::Result<u32>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = self.slot;
        self.worker.poll(
            cx,
            |driver| {
                let entry = driver.table.get(slot);
                let result = entry.done.then_some(entry.result)?;
                Some(match u32::try_from(result) {
                    Ok(value) => Ok(value),
                    Err(_) => Err(io::Error::from_raw_os_error(-result)),
                })
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
