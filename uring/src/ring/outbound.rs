//! One direction out of a socket, as its owner holds it: bytes go into the socket's queue, and the end of each cycle sends them.
//!
//! Dropping it loses nothing: what is queued still goes out, for a few seconds, before the direction is shut.

use std::{
    io,
    rc::Rc,
    task::{Context, Poll},
};

use super::{
    socket::{Interest, Socket},
    worker::{self, Worker},
};

/// The sending end of a socket.
pub(crate) struct Outbound {
    worker: Rc<Worker>,
    key: u32,
}

impl Outbound {
    /// The sending end of the socket `key`.
    pub(super) fn new(worker: Rc<Worker>, key: u32) -> Self {
        Self { worker, key }
    }

    pub(super) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    pub(super) fn key(&self) -> u32 {
        self.key
    }

    fn with<R>(&self, f: impl FnOnce(&mut Socket) -> R) -> R {
        self.worker.with(|driver| f(&mut driver.sockets[self.key as usize]))
    }

    /// Bytes that the kernel has not taken.
    pub(crate) fn pending(&self) -> usize {
        self.with(|socket| socket.pending())
    }

    /// Bytes that a failure took with it.
    pub(crate) fn lost(&self) -> u64 {
        self.with(|socket| u64::from(socket.lost))
    }

    /// Queues a copy of all of `bytes`, which go out when the cycle ends.
    ///
    /// # Errors
    /// The failure of an earlier send; nothing was queued.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.worker.with(|driver| {
            if driver.engine.is_closed() {
                return Err(worker::closed());
            }
            let socket = &mut driver.sockets[self.key as usize];
            if let Some(error) = socket.failure() {
                return Err(error);
            }
            driver.pool.append(&mut socket.queued, bytes);
            driver.settle(self.key);
            Ok(())
        })
    }

    /// Waits until at most `level` bytes are left to send.
    #[inline]
    pub(crate) fn poll_below(
        &mut self,
        cx: &mut Context<'_>,
        level: usize,
    ) -> Poll<io::Result<()>> {
        let key = self.key as usize;
        let polled = self.worker.poll(
            cx,
            |driver| {
                let socket = &mut driver.sockets[key];
                if let Some(error) = socket.failure() {
                    return Some(Err(error));
                }
                if socket.pending() <= level {
                    return Some(Ok(()));
                }
                if driver.engine.is_closed() {
                    return Some(Err(worker::closed()));
                }
                socket.interest = Interest::below(level);
                None
            },
            |driver| &mut driver.sockets[key].writer,
        );
        if polled.is_ready() {
            self.with(|socket| socket.interest = Interest::FAILURE);
        }
        polled
    }

    /// Waits until nothing is queued or in flight, be it sent or given up.
    pub(crate) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let key = self.key as usize;
        self.worker.poll(
            cx,
            |driver| {
                let socket = &mut driver.sockets[key];
                socket.interest = Interest::below(0);
                (socket.is_settled() || driver.engine.is_closed()).then_some(())
            },
            |driver| &mut driver.sockets[key].writer,
        )
    }

    /// Waits for nothing but a failure, if there is none yet.
    #[inline]
    pub(crate) fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let key = self.key as usize;
        self.worker.poll(
            cx,
            |driver| {
                let socket = &mut driver.sockets[key];
                socket.interest = Interest::FAILURE;
                socket.failure()
            },
            |driver| &mut driver.sockets[key].writer,
        )
    }

    /// Nobody waits any more: the sends to come may be quiet again.
    pub(crate) fn stop_waiting(&mut self) {
        let waker = self.with(|socket| {
            socket.interest = Interest::FAILURE;
            socket.writer.take()
        });
        drop(waker);
    }

    /// Tells the peer that no more will come; what is queued is not waited for.
    pub(crate) fn shutdown(&self) -> io::Result<()> {
        self.worker.with(|driver| driver.shut(self.key))
    }

    /// Gives up what is queued and in flight.
    pub(crate) fn abort(&mut self) {
        self.worker.with(|driver| driver.abort_send(self.key, libc::ETIMEDOUT));
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.worker.with(|driver| driver.leave_writer(self.key, self.worker.time()));
        self.worker.drop_spent();
    }
}
