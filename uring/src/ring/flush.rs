//! The flush: what each turn does with what sockets have to send, from bytes queued to a send asked for, sent, and retired.
//!
//! | a socket is        | at the turn's beginning   | after its reap                                     |
//! |--------------------|---------------------------|----------------------------------------------------|
//! | dirty              | one send is asked for     | -                                                  |
//! | in a quiet send    | -                         | retired as sent, unless a completion said otherwise|
//! | without writer     | the same                  | shut once nothing is left, or its time is over     |
//!
//! [I1] A quiet send is retired as whole only when the submission queue is empty, everything was dispatched, and no completion is kept back by the kernel, or
//!      was dropped for want of memory.

use std::{mem, time::Duration};

use tidemill_core::{
    clock::{Clock, Instant},
    task::wake_here,
};

use super::{
    driver::{Driver, Seat},
    socket::Interest,
    table::{Tag, flight_token},
};
use crate::engine::Op;

/// How long a socket without a writer may take to send what is left.
const LINGER: Duration = Duration::from_secs(5);

impl Driver {
    /// Starts a send for each socket that has something to send and nothing in flight.
    #[inline]
    pub(super) fn flush(&mut self) {
        self.loud = 0;
        if self.dirty.is_empty() {
            return;
        }
        let low = self.pool.provided() < self.scarce;
        let mut dirty = mem::take(&mut self.dirty);
        for key in &dirty {
            let Some(socket) = self.sockets.get_mut(*key as usize) else { continue };
            socket.dirty = false;
            if !socket.wants_to_send() {
                continue;
            }
            let flight = self.flights.next();
            let op = socket.launch(flight, &self.pool, &mut self.messages, low);
            if socket.quiet {
                self.quiet.push((flight, *key));
            } else {
                self.loud += 1;
            }
            self.submit(op, flight_token(Tag::Send, flight, *key));
        }
        dirty.clear();
        self.dirty = dirty;
    }

    /// Retires the quiet sends of this turn as sent, or, where completions were lost, as failed ([I1]).
    #[inline(always)]
    pub(super) fn retire_quiet(&mut self) {
        let dropped = self.engine.dropped();
        let lost = dropped != self.dropped;
        let kept_back = !lost && self.engine.is_overflowing();
        if !self.quiet.is_empty()
            && (kept_back || !self.backlog.is_empty() || !self.engine.is_submitted())
        {
            return;
        }
        self.dropped = dropped;
        let mut quiet = mem::take(&mut self.quiet);
        for &(flight, key) in &quiet {
            let Some(socket) = self.sockets.get_mut(key as usize) else { continue };
            if socket.send != flight {
                continue;
            }
            self.flights.end();
            if lost {
                socket.land(-libc::EIO, &mut self.pool, &mut self.messages);
            } else {
                let back = socket.land_whole(&mut self.pool, &mut self.messages);
                if let Some((id, at, len)) =
                    back.and_then(|chunk| self.pool.hand_on(chunk, self.ring))
                {
                    self.engine.provide(id, at, len);
                }
                if socket.is_at_ease() {
                    continue;
                }
            }
            self.settle(key);
        }
        quiet.clear();
        self.quiet = quiet;
    }

    /// There may be something to send by the socket `key`.
    #[inline]
    pub(super) fn stir(&mut self, key: u32) {
        let socket = &mut self.sockets[key as usize];
        if socket.wants_to_send() && !mem::replace(&mut socket.dirty, true) {
            self.dirty.push(key);
        }
    }

    /// After a change of what the socket `key` has to send: sends what is left, wakes its writer, or shuts the way out where that has left.
    pub(super) fn settle(&mut self, key: u32) {
        let socket = &mut self.sockets[key as usize];
        if socket.writer_left && socket.is_settled() {
            return self.end_writer(key);
        }
        if socket.is_met()
            && let Some(waker) = &socket.writer
            && !wake_here(waker)
        {
            self.woken.extend(socket.writer.take().map(|waker| (Seat::Writer(key), waker)));
        }
        self.stir(key);
    }

    /// The writer of the socket `key` leaves: what is queued still goes out, for a while.
    pub(super) fn leave_writer(&mut self, key: u32, clock: &impl Clock) {
        let socket = &mut self.sockets[key as usize];
        self.spent.extend(socket.writer.take());
        socket.writer_left = true;
        if socket.pending() > 0 {
            self.lingers = self.lingers.wrapping_add(1);
            socket.interest = Interest::linger(self.lingers);
            self.orphans.push_back((clock.now() + LINGER, key, socket.interest));
        }
        self.settle(key);
    }

    pub(super) fn give_up_orphans(&mut self, now: Instant) {
        while let Some(&(deadline, key, linger)) = self.orphans.front()
            && deadline <= now
        {
            self.orphans.pop_front();
            // It may have ended, and the place may be another's.
            let socket = self.sockets.get(key as usize);
            if socket.is_some_and(|socket| socket.writer_left && socket.interest == linger) {
                self.abort_send(key, libc::ETIMEDOUT);
            }
        }
    }

    /// Gives up what the socket `key` still has to send.
    pub(super) fn abort_send(&mut self, key: u32, errno: i32) {
        let socket = &mut self.sockets[key as usize];
        if socket.writer_left && socket.is_settled() {
            return;
        }
        socket.fail(errno, &mut self.pool);
        if socket.send != 0 {
            let token = flight_token(Tag::Send, socket.send, key);
            self.submit(Op::cancel(token), Tag::Cancel.token());
        }
        self.settle(key);
    }

    /// Nothing is left to send, and nobody who might write more.
    fn end_writer(&mut self, key: u32) {
        if !self.sockets[key as usize].is_over() {
            // The other direction goes on, or ends with the next turn: the peer learns now that no more will come. A socket that is not connected any
            // more needs no word.
            let _ = self.shut(key);
        }
        self.close_if_over(key);
    }

    /// The reader of the socket `key` leaves: nothing more is received.
    pub(super) fn leave_reader(&mut self, key: u32) {
        let socket = &mut self.sockets[key as usize];
        self.spent.extend(socket.reader.take());
        self.pool.give_all(&mut socket.received);
        socket.reader_left = true;
        if socket.receive != 0 {
            self.cancel_receive(key);
        } else {
            self.close_if_over(key);
        }
    }

    /// Closes the socket `key` if nobody has to do with it any more.
    pub(super) fn close_if_over(&mut self, key: u32) {
        if self.sockets[key as usize].is_over() {
            let socket = self.sockets.remove(key as usize);
            self.stats.lost += u64::from(socket.lost);
            self.spent.extend(socket.reader);
            self.spent.extend(socket.writer);
            if socket.counted {
                self.slots.let_go(socket.fd.target().entry());
            }
        }
    }
}
