//! One direction into a socket: an armed multishot receive and the filled chunks that nobody has taken yet.
//!
//! | the entry is   | `poll_fill`                                      |
//! |----------------|--------------------------------------------------|
//! | holding bytes  | lends the first chunk                            |
//! | done           | end of stream, or the failure, each time         |
//! | armed, empty   | waits                                            |
//! | idle, empty    | arms, waits                                      |
//!
//! [I1] The chunks in the entry's chain are this handle's; only `&mut self` changes the chain's front, so what `&self` lends stays as it is. (The driver
//!      pushes behind, and empties it only when the handle is dropped.)
//! [I2] The pool lives as long as its worker, which this handle counts.

#![expect(unsafe_code, reason = "lends received bytes while the driver is not borrowed")]

use std::{
    io,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use super::{
    buf,
    fd::Fd,
    lent::Lent,
    outbound::Outbound,
    sender::Interest,
    table::{Role, Slot},
    worker::{self, Worker},
};
use crate::engine::Message;

/// What a copy does after it moved what it could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Rest: nothing is left, more is awaited, and either end wakes the copy.
    Rest,
    /// Wait for the sink: there is more.
    Full,
    /// Ask the source.
    Ask,
}

/// The receiving end of a socket.
pub(crate) struct Inbound {
    worker: Rc<Worker>,
    slot: Slot,
}

impl Inbound {
    /// Receives from `fd`, from the first `poll_fill` on.
    pub(crate) fn new(worker: Rc<Worker>, fd: Fd) -> Self {
        let slot = worker.with(|driver| driver.table.open(Role::Receive, Some(fd)));
        Self { worker, slot }
    }

    /// Waits until there is something to lend; `false` at the end of the stream.
    #[inline]
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let slot = self.slot;
        self.worker.poll(
            cx,
            |driver| {
                let entry = driver.table.get(slot);
                let idle = !entry.armed && !entry.done && !entry.starved;
                if !entry.chain.is_empty() {
                    if idle && entry.chain.count() <= driver.allowance() / 2 {
                        driver.arm_receive(slot);
                    }
                    return Some(Ok(true));
                }
                if entry.done {
                    let result = entry.result;
                    return Some(if result == 0 {
                        Ok(false)
                    } else {
                        Err(io::Error::from_raw_os_error(-result))
                    });
                }
                if driver.engine.is_closed() {
                    return Some(Err(worker::closed()));
                }
                if idle {
                    driver.arm_receive(slot);
                }
                None
            },
            |driver| &mut driver.table.at(slot).waker,
        )
    }

    /// The bytes of the first chunk, without waiting; empty where there is none.
    pub(crate) fn peek(&self) -> &[u8] {
        let piece =
            self.worker.with(|driver| driver.pool.front(&driver.table.get(self.slot).chain));
        match piece {
            // SAFETY: [I1], [I2]
            Some(piece) => unsafe { buf::lend(piece, self) },
            None => &[],
        }
    }

    /// Bytes that wait.
    pub(crate) fn buffered(&self) -> usize {
        self.worker.with(|driver| driver.table.get(self.slot).chain.bytes())
    }

    /// Takes the first chunk, for as long as its holder likes; `None` where there is none.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Lent> {
        self.worker.with(|driver| {
            let chain = &mut driver.table.at(self.slot).chain;
            Lent::first(&self.worker, &mut driver.pool, chain)
        })
    }

    /// A chunk with as many of `bytes` as it holds; `None` where there are none.
    pub(crate) fn copy(&self, bytes: &[u8]) -> Option<Lent> {
        self.worker.with(|driver| Lent::copy(&self.worker, &mut driver.pool, bytes))
    }

    /// Forgets the first `count` bytes, of those that wait.
    pub(crate) fn consume(&mut self, count: usize) {
        self.worker.with(|driver| {
            let chain = &mut driver.table.at(self.slot).chain;
            debug_assert!(count <= chain.bytes(), "only bytes that are there can be consumed");
            driver.pool.consume(chain, count);
        });
    }

    /// Whether both belong to one worker, so that chunks can go from one to the other.
    #[inline]
    pub(crate) fn is_beside(&self, to: &Outbound) -> bool {
        Rc::ptr_eq(&self.worker, to.worker())
    }

    /// Moves whole chunks to `to`, of the same worker, as many as keep what it has to send at or below `level` before the last of them, and fewer when the
    /// pool runs low; the bytes moved, and what comes next.
    #[inline]
    pub(crate) fn forward(
        &mut self,
        to: &mut Outbound,
        level: usize,
        waker: &Waker,
    ) -> (usize, Next) {
        assert!(self.is_beside(to), "chunks stay with their worker");
        let key = to.key();
        self.worker.with(|driver| {
            let entry = driver.table.at(self.slot);
            let sender = &mut driver.senders[key as usize];
            if sender.error.is_some() {
                return (0, Next::Ask);
            }
            let before = entry.chain.bytes();
            let most = driver.pool.share().min(Message::PIECES);
            if sender.queued.is_empty() && entry.chain.count() == 1 && sender.pending() <= level {
                sender.queued = entry.chain.take();
            }
            while sender.pending() <= level
                && sender.queued.count() < most
                && let Some(chunk) = driver.pool.pop(&mut entry.chain)
            {
                driver.pool.push(&mut sender.queued, chunk);
            }
            let moved = before - entry.chain.bytes();
            let seated = |seat: &Option<Waker>| seat.as_ref().is_some_and(|w| w.will_wake(waker));
            let next = if !entry.chain.is_empty() {
                Next::Full
            } else if entry.armed && seated(&entry.waker) && seated(&sender.waker) {
                sender.interest = Interest::Failure;
                Next::Rest
            } else {
                Next::Ask
            };
            if moved > 0 {
                driver.settle(key);
            }
            (moved, next)
        })
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        self.worker.with(|driver| driver.abandon(self.slot));
        self.worker.drop_spent();
    }
}
