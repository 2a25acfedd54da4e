//! One direction into a socket: an armed multishot receive and the filled chunks that nobody has taken yet.
//!
//! | the socket is  | `poll_fill`                                      |
//! |----------------|--------------------------------------------------|
//! | holding bytes  | lends the first chunk                            |
//! | ended          | end of stream, or the failure, each time         |
//! | armed, empty   | waits                                            |
//! | idle, empty    | arms, waits                                      |
//!
//! [I1] The chunks in the socket's `received` are this handle's; only `&mut self` changes the chain's front, so what `&self` lends stays as it is. (The
//!      driver pushes behind, and empties it only when the handle is dropped.)
//! [I2] The pool lives as long as its worker, which this handle counts.
//! [I3] The descriptor is open until this handle is dropped.

#![expect(
    unsafe_code,
    reason = "lends received bytes, and the descriptor, while the driver is not borrowed"
)]

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use super::{
    buf,
    fd::File,
    lent::Lent,
    outbound::Outbound,
    socket::{Interest, Socket},
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
    key: u32,
}

impl Inbound {
    /// Both ends of the connected socket `file`. Receives from the first `poll_fill` on.
    pub(crate) fn pair(worker: Rc<Worker>, file: File) -> (Self, Outbound) {
        let key = worker.with(|driver| driver.sockets.insert(Socket::new(file)) as u32);
        (Self { worker: worker.clone(), key }, Outbound::new(worker, key))
    }

    /// The receiving end of what nobody sends into.
    pub(crate) fn alone(worker: Rc<Worker>, fd: OwnedFd) -> Self {
        let mut socket = Socket::new(fd.into());
        socket.writer_left = true;
        let key = worker.with(|driver| driver.sockets.insert(socket) as u32);
        Self { worker, key }
    }

    /// Waits until there is something to lend; `false` at the end of the stream.
    #[inline]
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let key = self.key;
        self.worker.poll(
            cx,
            |driver| {
                let socket = &driver.sockets[key as usize];
                if !socket.received.is_empty() {
                    if socket.is_idle() && socket.received.count() <= driver.pool.share() / 2 {
                        driver.arm_receive(key);
                    }
                    return Some(Ok(true));
                }
                if let Some(end) = socket.end() {
                    return Some(end.map(|()| false));
                }
                if driver.engine.is_closed() {
                    return Some(Err(worker::closed()));
                }
                if socket.is_idle() {
                    driver.arm_receive(key);
                }
                None
            },
            |driver| &mut driver.sockets[key as usize].reader,
        )
    }

    /// The descriptor. `None`: it is direct.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        let raw = self.worker.with(|driver| {
            let fd = driver.sockets[self.key as usize].fd.plain();
            fd.map(|fd| fd.as_raw_fd()).ok()
        });
        // SAFETY: [I3]
        raw.map(|raw| unsafe { BorrowedFd::borrow_raw(raw) })
    }

    /// The bytes of the first chunk, without waiting; empty where there is none.
    pub(crate) fn peek(&self) -> &[u8] {
        let piece = self.worker.with(|driver| {
            let socket = &driver.sockets[self.key as usize];
            driver.pool.front(&socket.received)
        });
        match piece {
            // SAFETY: [I1], [I2]
            Some(piece) => unsafe { buf::lend(piece, self) },
            None => &[],
        }
    }

    /// Bytes that wait.
    pub(crate) fn buffered(&self) -> usize {
        self.worker.with(|driver| driver.sockets[self.key as usize].received.bytes())
    }

    /// Takes the first chunk, for as long as its holder likes; `None` where there is none.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Lent> {
        self.worker.with(|driver| {
            let chain = &mut driver.sockets[self.key as usize].received;
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
            let chain = &mut driver.sockets[self.key as usize].received;
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
        let (from, to) = (self.key as usize, to.key() as usize);
        self.worker.with(|driver| {
            let source = &mut driver.sockets[from];
            let seated = |seat: &Option<Waker>| seat.as_ref().is_some_and(|w| w.will_wake(waker));
            let rests = source.receive != 0 && seated(&source.reader);
            // The sink may be the same socket.
            let mut chain = source.received.take();
            let sink = &mut driver.sockets[to];
            if sink.has_failed() {
                driver.sockets[from].received = chain;
                return (0, Next::Ask);
            }
            let before = chain.bytes();
            if chain.count() == 1 && sink.queued.is_empty() {
                sink.queued = chain.take();
            } else if before > 0 {
                let most = driver.pool.share().min(Message::PIECES);
                while sink.pending() <= level
                    && sink.queued.count() < most
                    && let Some(chunk) = driver.pool.pop(&mut chain)
                {
                    driver.pool.push(&mut sink.queued, chunk);
                }
            }
            let moved = before - chain.bytes();
            let next = if !chain.is_empty() {
                Next::Full
            } else if rests && seated(&sink.writer) {
                sink.interest = Interest::FAILURE;
                Next::Rest
            } else {
                Next::Ask
            };
            if !chain.is_empty() {
                driver.sockets[from].received = chain;
            }
            if moved > 0 {
                driver.stir(to as u32);
            }
            (moved, next)
        })
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        self.worker.with(|driver| driver.leave_reader(self.key));
        self.worker.drop_spent();
    }
}
