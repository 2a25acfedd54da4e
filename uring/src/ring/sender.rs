//! A sender is one direction out of a socket: bytes queued, at most one send in flight, and what became of it.
//!
//! | state   | queued | in flight          | next                                                                       |
//! |---------|--------|--------------------|----------------------------------------------------------------------------|
//! | resting | no     | no                 | bytes are queued: dirty                                                    |
//! | dirty   | yes    | no                 | the cycle ends: sending                                                    |
//! | sending | any    | yes                | all sent: resting or dirty; a part: dirty with the rest before the queue   |
//! | failed  | no     | no                 | final: every wait ends with the error                                      |
//!
//! [I1] `flying` is what the send in flight points at; nothing is taken from it before that send's end.
//! [I2] A send is quiet only if nobody waits for its end when the cycle is flushed and nothing stays queued behind it: a quiet
//!      success never ends a wait.
//! [I3] At most one send of a socket is in flight: a second one would overtake what a short first one left.

#![expect(unsafe_code, reason = "points sends at chunks of its chain")]

use std::{io, num::NonZeroI32, task::Waker};

use tidemill_core::clock::Instant;

use super::{
    buf::{Chain, Pool},
    fd::Fd,
    message::{MessageId, Messages},
};
use crate::engine::{Message, Op};

/// What an owner waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interest {
    /// Nothing but to hear of a failure.
    Failure,
    /// At most this many bytes left.
    Below(u32),
}

/// One direction out of a socket.
pub(crate) struct Sender {
    pub(crate) fd: Fd,
    pub(crate) queued: Chain,
    flying: Chain,
    message: Option<MessageId>,
    /// Which flight the send in flight is; zero: there is none.
    pub(crate) flight: u32,
    /// The errno of the send that failed.
    pub(crate) error: Option<NonZeroI32>,
    pub(crate) waker: Option<Waker>,
    pub(crate) interest: Interest,
    /// The send in flight answers only if it falls short.
    pub(crate) quiet: bool,
    /// A quiet send found no room: the next one waits for it.
    full: bool,
    /// It stands in the driver's list of those to flush.
    pub(crate) dirty: bool,
    /// Its owner is gone.
    pub(crate) orphan: bool,
    /// When what an orphan has left is given up.
    pub(crate) deadline: Instant,
    /// Bytes that were given up.
    pub(crate) lost: u32,
}

impl Sender {
    /// A sender into `fd` that has nothing to send.
    pub(crate) fn new(fd: Fd) -> Self {
        Self {
            fd,
            queued: Chain::EMPTY,
            flying: Chain::EMPTY,
            message: None,
            flight: 0,
            error: None,
            waker: None,
            interest: Interest::Failure,
            quiet: false,
            full: false,
            dirty: false,
            orphan: false,
            deadline: Instant::FAR,
            lost: 0,
        }
    }

    /// Bytes that the kernel has not taken.
    #[inline]
    pub(crate) fn pending(&self) -> usize {
        self.queued.bytes() + self.flying.bytes()
    }

    /// Whether what the owner waits for has come.
    #[inline]
    pub(crate) fn is_met(&self) -> bool {
        match self.interest {
            _ if self.error.is_some() => true,
            Interest::Failure => false,
            Interest::Below(level) => self.pending() <= level as usize,
        }
    }

    /// The failure, as users see it.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.error.map(|errno| io::Error::from_raw_os_error(errno.get()))
    }

    /// Whether a send is in flight.
    #[inline]
    pub(crate) fn flies(&self) -> bool {
        self.flight != 0
    }

    /// The next send, in flight from now on as `flight`. There is something queued and nothing in flight ([I3]).
    #[inline]
    pub(crate) fn launch(
        &mut self,
        flight: u32,
        pool: &mut Pool,
        messages: &mut Messages,
        low: bool,
    ) -> Op {
        debug_assert!(!self.flies() && self.flying.is_empty() && !self.queued.is_empty(), "[I3]");
        self.flight = flight;
        let most = pool.share().min(Message::PIECES);
        if self.queued.count() <= most {
            self.flying = self.queued.take();
        } else {
            for _ in 0..most {
                let Some(chunk) = pool.pop(&mut self.queued) else { break };
                pool.push(&mut self.flying, chunk);
            }
        }
        // [I2]
        let awaited = self.orphan || self.interest != Interest::Failure;
        self.quiet = !awaited && !self.full && self.queued.is_empty() && !low;
        if self.flying.count() == 1
            && let Some((at, len)) = pool.front(&self.flying)
        {
            // SAFETY: [I1], the chunk is held by `flying` until the send's end.
            return unsafe { Op::send(self.fd.target(), at.as_ptr(), len, self.quiet) };
        }
        let (id, message) = messages.fill(pool.pieces(&self.flying));
        self.message = Some(id);
        // SAFETY: [I1], and the message is this send's until it is freed in `land`.
        unsafe { Op::send_message(self.fd.target(), message, self.quiet) }
    }

    /// The send in flight ended with `result`.
    pub(crate) fn land(&mut self, result: i32, pool: &mut Pool, messages: &mut Messages) {
        self.flight = 0;
        self.full = self.quiet;
        if let Some(id) = self.message.take() {
            messages.free(id);
        }
        let sent = result.max(0) as usize;
        pool.consume(&mut self.flying, sent);
        let rest = self.flying.take();
        pool.put_before(rest, &mut self.queued);
        let again = [-libc::EAGAIN, -libc::EINTR];
        if result < 0 && !again.contains(&result) {
            self.fail(-result, pool);
        } else if let Some(errno) = self.error {
            self.fail(errno.get(), pool);
        }
    }

    /// The quiet send in flight sent all.
    #[inline]
    pub(crate) fn land_whole(&mut self, pool: &mut Pool, messages: &mut Messages) {
        self.flight = 0;
        if let Some(id) = self.message.take() {
            messages.free(id);
        }
        pool.give_all(&mut self.flying);
    }

    /// Gives up what is queued.
    pub(crate) fn fail(&mut self, errno: i32, pool: &mut Pool) {
        self.error = self.error.or(NonZeroI32::new(errno));
        self.lost += self.queued.bytes() as u32;
        pool.give_all(&mut self.queued);
    }
}

const _: () = assert!(size_of::<Sender>() <= 96, "an idle connection has one");
