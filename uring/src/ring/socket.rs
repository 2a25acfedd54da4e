//! A socket is both directions of a connection, in one place: what came and nobody took yet, what is to go, and who waits for either.
//!
//! | direction | state   | in flight | next                                                                          |
//! |-----------|---------|-----------|-------------------------------------------------------------------------------|
//! | in        | idle    | no        | its reader asks, or there are buffers again: armed                            |
//! | in        | armed   | yes       | bytes, many times; after the last answer idle, or ended                       |
//! | in        | ended   | no        | final: end of stream or failure, told after what came before it               |
//! | out       | resting | no        | bytes are queued: dirty                                                       |
//! | out       | dirty   | no        | the cycle ends: sending                                                       |
//! | out       | sending | yes       | all sent: resting or dirty; a part: dirty, the rest before all else           |
//! | out       | failed  | no        | final: every wait ends with the error                                         |
//! | both      | left    | any       | once both owners have left, nothing flies and nothing is queued: closed       |
//!
//! [I1] The first `flying` bytes of `queued` are what the send in flight points at; nothing is taken from there before that send's end.
//! [I2] A send is quiet only if nobody waits for its end when the cycle is flushed and nothing stays queued behind it: a quiet
//!      success never ends a wait.
//! [I3] At most one send of a socket is in flight: a second one would overtake what a short first one left. And at most one receive.
//! [I4] The descriptor is closed with the place, and a place is freed when nothing of it is in flight.

#![expect(unsafe_code, reason = "points sends at chunks of its chain")]

use std::{io, num::NonZeroU16, task::Waker};

use super::{
    buf::{Chunk, Pool},
    chain::Chain,
    fd::{Fd, File},
    message::{MessageId, Messages},
    slots::Place,
};
use crate::engine::{Message, Op};

/// No errno: the way in has not ended.
const GOES_ON: u16 = u16::MAX;

/// What the owner of the way out waits for; of one that has left, its linger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interest(u32);

impl Interest {
    /// Nothing but to hear of a failure.
    pub(crate) const FAILURE: Self = Self(u32::MAX);

    /// At most this many bytes left. (A queue is bounded far below what this cannot count.)
    pub(crate) const fn below(level: usize) -> Self {
        Self(level as u32)
    }

    /// The time that a writer that has left was given, by number.
    pub(crate) const fn linger(number: u32) -> Self {
        Self(number)
    }
}

/// Both directions of a connection.
pub(crate) struct Socket {
    pub(crate) fd: Fd,
    /// Who waits for bytes to come.
    pub(crate) reader: Option<Waker>,
    /// Who waits for bytes to go, or for a failure.
    pub(crate) writer: Option<Waker>,
    /// What came and nobody took.
    pub(crate) received: Chain,
    /// What the kernel has not taken.
    pub(crate) queued: Chain,
    flying: u32,
    /// Which flight the receive in flight is; zero: there is none.
    pub(crate) receive: u32,
    /// Which flight the send in flight is; zero: there is none.
    pub(crate) send: u32,
    message: Option<MessageId>,
    pub(crate) interest: Interest,
    /// Bytes that were given up.
    pub(crate) lost: u32,
    /// How the way in ended: with the errno, zero at the end of the stream.
    ended: u16,
    /// The errno of the send that failed.
    error: Option<NonZeroU16>,
    /// The receive in flight is being cancelled.
    pub(crate) cancelling: bool,
    /// It waits for buffers to be received into.
    pub(crate) starved: bool,
    /// The send in flight answers only if it falls short; or, where none is, the last one did: the next waits for room.
    pub(crate) quiet: bool,
    /// It stands in the driver's list of those to flush.
    pub(crate) dirty: bool,
    /// The owner of the way in is gone.
    pub(crate) reader_left: bool,
    /// The owner of the way out is gone.
    pub(crate) writer_left: bool,
    /// Its descriptor takes a slot of the worker's.
    pub(crate) counted: bool,
    /// An operation that shuts the way out is in flight.
    pub(crate) shutting: bool,
}

impl Socket {
    /// A connection that has nothing to send and receives nothing yet.
    pub(crate) fn new(File { fd, place }: File) -> Self {
        Self {
            fd,
            reader: None,
            writer: None,
            received: Chain::EMPTY,
            queued: Chain::EMPTY,
            flying: 0,
            receive: 0,
            send: 0,
            message: None,
            interest: Interest::FAILURE,
            lost: 0,
            ended: GOES_ON,
            error: None,
            cancelling: false,
            starved: false,
            quiet: false,
            dirty: false,
            reader_left: false,
            writer_left: false,
            counted: place.map(Place::hand_over).is_some(),
            shutting: false,
        }
    }

    /// How the way in ended, as readers are told: `Ok` is the end of the stream.
    pub(crate) fn end(&self) -> Option<io::Result<()>> {
        match self.ended {
            GOES_ON => None,
            0 => Some(Ok(())),
            errno => Some(Err(io::Error::from_raw_os_error(errno.into()))),
        }
    }

    /// The way in ends: with the errno, or zero.
    pub(crate) fn set_end(&mut self, errno: i32) {
        self.ended = errno as u16;
    }

    /// Whether the way in has ended.
    #[inline]
    pub(crate) fn has_ended(&self) -> bool {
        self.ended != GOES_ON
    }

    /// Whether nothing is received, and nothing keeps it from being.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.receive == 0 && !self.starved && !self.has_ended()
    }

    /// Bytes that the kernel has not taken.
    #[inline]
    pub(crate) fn pending(&self) -> usize {
        self.queued.bytes()
    }

    /// Whether there is something to send, and nothing is being sent.
    #[inline]
    pub(crate) fn wants_to_send(&self) -> bool {
        self.send == 0 && !self.queued.is_empty()
    }

    /// Whether nothing is left to send or being sent.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        self.send == 0 && self.queued.is_empty()
    }

    /// Whether nothing follows from that all was sent.
    #[inline]
    pub(crate) fn is_at_ease(&self) -> bool {
        self.queued.is_empty() && self.interest == Interest::FAILURE && !self.writer_left
    }

    /// Whether nobody has to do with it any more.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.reader_left
            && self.writer_left
            && self.receive == 0
            && !self.shutting
            && self.is_settled()
    }

    /// Whether what the writer waits for has come.
    #[inline]
    pub(crate) fn is_met(&self) -> bool {
        self.error.is_some()
            || self.interest != Interest::FAILURE && self.pending() <= self.interest.0 as usize
    }

    /// Whether sending has failed.
    #[inline]
    pub(crate) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// Whether a send was told that the peer has reset the connection.
    pub(crate) fn was_reset(&self) -> bool {
        self.error.is_some_and(|errno| i32::from(errno.get()) == libc::ECONNRESET)
    }

    /// The failure to send, as users see it.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.error.map(|errno| io::Error::from_raw_os_error(errno.get().into()))
    }

    /// The next send, in flight from now on as `flight`. There is something queued and nothing in flight ([I3]). `low`: whoever holds
    /// buffers is to be heard of.
    #[inline]
    pub(crate) fn launch(
        &mut self,
        flight: u32,
        pool: &Pool,
        messages: &mut Messages,
        low: bool,
    ) -> Op {
        debug_assert!(self.wants_to_send() && self.flying == 0, "[I3]");
        self.send = flight;
        if self.queued.count() == 1
            && let Some((at, len)) = pool.front(&self.queued)
        {
            self.flying = len;
            self.quiet = self.may_be_quiet() && !low;
            // SAFETY: [I1]
            return unsafe { Op::send(self.fd.target(), at.as_ptr(), len, self.quiet) };
        }
        let most = pool.share().min(Message::PIECES);
        let (id, message, bytes) = messages.fill(pool.pieces(&self.queued).take(most));
        self.message = Some(id);
        self.flying = bytes;
        // [I2]
        self.quiet = self.may_be_quiet() && !low && self.queued.count() <= most;
        // SAFETY: [I1], and the message is this send's until it is freed in `land`.
        unsafe { Op::send_message(self.fd.target(), message, self.quiet) }
    }

    /// [I2]
    #[inline]
    fn may_be_quiet(&self) -> bool {
        self.interest == Interest::FAILURE && !self.quiet && !self.writer_left
    }

    /// The send in flight ended with `result`.
    pub(crate) fn land(&mut self, result: i32, pool: &mut Pool, messages: &mut Messages) {
        let sent = (result.max(0) as u32).min(self.flying);
        self.touch_down(sent, pool, messages);
        let again = [-libc::EAGAIN, -libc::EINTR];
        if result < 0 && !again.contains(&result) {
            self.fail(-result, pool);
        } else if let Some(errno) = self.error {
            self.fail(errno.get().into(), pool);
        }
    }

    /// The quiet send in flight sent all. What comes back from it, if that is one chunk.
    #[inline]
    pub(crate) fn land_whole(&mut self, pool: &mut Pool, messages: &mut Messages) -> Option<Chunk> {
        if self.message.is_none() && self.flying as usize == self.queued.bytes() {
            self.send = 0;
            self.flying = 0;
            self.quiet = false;
            return pool.pop_only(&mut self.queued);
        }
        self.touch_down(self.flying, pool, messages);
        self.quiet = false;
        None
    }

    fn touch_down(&mut self, sent: u32, pool: &mut Pool, messages: &mut Messages) {
        self.send = 0;
        self.flying = 0;
        if let Some(id) = self.message.take() {
            messages.free(id);
        }
        pool.consume(&mut self.queued, sent as usize);
    }

    /// Gives up what is queued and not in flight.
    pub(crate) fn fail(&mut self, errno: i32, pool: &mut Pool) {
        self.error = self.error.or(NonZeroU16::new(errno as u16));
        self.lost += self.queued.bytes() as u32 - self.flying;
        pool.truncate(&mut self.queued, self.flying as usize);
    }

    /// Copies what is queued and not in flight together, out of the way of those who receive.
    pub(crate) fn spill(&mut self, pool: &mut Pool) {
        pool.spill(&mut self.queued, self.flying as usize);
    }
}

const _: () = assert!(size_of::<Socket>() <= 104, "an idle connection has one");
