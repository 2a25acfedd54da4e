//! One direction out of a socket, as its owner holds it: bytes go into the sender's queue, and the end of each cycle sends them.
//!
//! Dropping it loses nothing: what is queued still goes out, for a few seconds, before the direction is shut.

use std::{
    io,
    rc::Rc,
    task::{Context, Poll},
};

use super::{
    fd::Fd,
    sender::{Interest, Sender},
    worker::{self, Worker},
};

/// The sending end of a socket.
pub(crate) struct Outbound {
    worker: Rc<Worker>,
    key: u32,
}

impl Outbound {
    /// Sends into `fd`.
    pub(crate) fn new(worker: Rc<Worker>, fd: Fd) -> Self {
        let key = worker.with(|driver| driver.senders.insert(Sender::new(fd)) as u32);
        Self { worker, key }
    }

    pub(super) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    pub(super) fn key(&self) -> u32 {
        self.key
    }

    fn with<R>(&self, f: impl FnOnce(&mut Sender) -> R) -> R {
        self.worker.with(|driver| f(&mut driver.senders[self.key as usize]))
    }

    /// Bytes that the kernel has not taken.
    pub(crate) fn pending(&self) -> usize {
        self.with(|sender| sender.pending())
    }

    /// Bytes that a failure took with it.
    pub(crate) fn lost(&self) -> u64 {
        self.with(|sender| u64::from(sender.lost))
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
            let sender = &mut driver.senders[self.key as usize];
            if let Some(error) = sender.failure() {
                return Err(error);
            }
            driver.pool.append(&mut sender.queued, bytes);
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
                let sender = &mut driver.senders[key];
                if let Some(error) = sender.failure() {
                    return Some(Err(error));
                }
                if sender.pending() <= level {
                    return Some(Ok(()));
                }
                if driver.engine.is_closed() {
                    return Some(Err(worker::closed()));
                }
                // A queue is bounded far below what this cannot count.
                sender.interest = Interest::Below(level as u32);
                None
            },
            |driver| &mut driver.senders[key].waker,
        );
        if polled.is_ready() {
            self.with(|sender| sender.interest = Interest::Failure);
        }
        polled
    }

    /// Waits until nothing is queued or in flight, be it sent or given up.
    pub(crate) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let key = self.key as usize;
        self.worker.poll(
            cx,
            |driver| {
                let sender = &mut driver.senders[key];
                sender.interest = Interest::Below(0);
                let settled = !sender.flies() && sender.pending() == 0;
                (settled || driver.engine.is_closed()).then_some(())
            },
            |driver| &mut driver.senders[key].waker,
        )
    }

    /// Waits for nothing but a failure, if there is none yet.
    #[inline]
    pub(crate) fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let key = self.key as usize;
        self.worker.poll(
            cx,
            |driver| {
                let sender = &mut driver.senders[key];
                sender.interest = Interest::Failure;
                sender.failure()
            },
            |driver| &mut driver.senders[key].waker,
        )
    }

    /// Nobody waits any more: the sends to come may be quiet again.
    pub(crate) fn stop_waiting(&mut self) {
        let waker = self.with(|sender| {
            sender.interest = Interest::Failure;
            sender.waker.take()
        });
        drop(waker);
    }

    /// Tells the peer that no more will come; what is queued is not waited for.
    pub(crate) fn shutdown(&self) -> io::Result<()> {
        self.worker.with(|driver| {
            let fd = driver.senders[self.key as usize].fd.clone();
            driver.shut(&fd)
        })
    }

    /// Gives up what is queued and in flight.
    pub(crate) fn abort(&mut self) {
        self.worker.with(|driver| driver.abort_sender(self.key, libc::ETIMEDOUT));
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        self.worker.with(|driver| driver.orphan_sender(self.key, self.worker.time()));
        self.worker.drop_spent();
    }
}
