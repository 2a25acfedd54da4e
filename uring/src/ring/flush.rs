//! The flush: what each turn does with the senders, from bytes queued to a send asked for, sent, and retired.
//!
//! | a sender is        | at the turn's beginning   | after its reap                                     |
//! |--------------------|---------------------------|----------------------------------------------------|
//! | dirty              | one send is asked for     | -                                                  |
//! | in a quiet send    | -                         | retired as sent, unless a completion said otherwise|
//! | without owner      | the same                  | ended once nothing is left, or its time is over    |
//!
//! [I1] A quiet send is retired as whole only when the submission queue is empty, everything was reaped, and no completion is kept back by the kernel.

use std::{mem, time::Duration};

use tidemill_core::clock::{Clock, Instant};

use super::{
    driver::{Driver, Seat},
    table::{Tag, send_token},
};
use crate::engine::Op;

/// How long a sender without an owner may take to send what is left.
const LINGER: Duration = Duration::from_secs(5);

impl Driver {
    /// Starts a send for each sender that has something to send and nothing in flight.
    pub(super) fn flush(&mut self) {
        let low = self.pool.provided() < self.ring / 4 || !self.quiet_sends;
        self.loud = 0;
        let mut dirty = mem::take(&mut self.dirty);
        for key in dirty.drain(..) {
            let Some(sender) = self.senders.get_mut(key as usize) else { continue };
            sender.dirty = false;
            if sender.flies() || sender.queued.is_empty() {
                continue;
            }
            let flight = self.flights.next();
            let op = sender.launch(flight, &mut self.pool, &mut self.messages, low);
            if sender.quiet {
                self.quiet.push((flight, key));
            } else {
                self.loud += 1;
            }
            self.submit(op, send_token(flight, key));
        }
        self.dirty = dirty;
    }

    /// Retires the quiet sends of this turn as sent, or, where completions were lost, as failed ([I1]).
    pub(super) fn retire_quiet(&mut self) {
        if self.quiet.is_empty() {
            self.lost = false;
            return;
        }
        if !self.backlog.is_empty()
            || !self.engine.is_submitted()
            || (!self.lost && self.engine.is_overflowing())
        {
            return;
        }
        let lost = mem::take(&mut self.lost);
        let mut quiet = mem::take(&mut self.quiet);
        for (flight, key) in quiet.drain(..) {
            let Some(sender) = self.senders.get_mut(key as usize) else { continue };
            if sender.flight != flight {
                continue;
            }
            self.flights.end();
            if lost {
                sender.land(-libc::EIO, &mut self.pool, &mut self.messages);
            } else {
                sender.land_whole(&mut self.pool, &mut self.messages);
            }
            self.settle(key);
        }
        self.quiet = quiet;
    }

    /// After a change of the sender `key`: sends what is left, wakes its owner, or ends it when it has none.
    pub(super) fn settle(&mut self, key: u32) {
        let sender = &mut self.senders[key as usize];
        if sender.orphan && !sender.flies() && sender.pending() == 0 {
            return self.end_sender(key);
        }
        if !sender.queued.is_empty() && !sender.flies() && !mem::replace(&mut sender.dirty, true) {
            self.dirty.push(key);
        }
        if sender.is_met()
            && let Some(waker) = sender.waker.take()
        {
            self.woken.push((Seat::Sender(key), waker));
        }
    }

    /// The owner of the sender `key` left: what is queued still goes out, for a while.
    pub(super) fn orphan_sender(&mut self, key: u32, clock: &impl Clock) {
        let sender = &mut self.senders[key as usize];
        self.spent.extend(sender.waker.take());
        sender.orphan = true;
        if sender.pending() > 0 {
            sender.deadline = clock.now() + LINGER;
            self.orphans.push_back((sender.deadline, key));
        }
        self.settle(key);
    }

    pub(super) fn give_up_orphans(&mut self, now: Instant) {
        while let Some(&(deadline, key)) = self.orphans.front()
            && deadline <= now
        {
            self.orphans.pop_front();
            // The sender may have ended, and the place may be another's.
            if self.senders.get(key as usize).is_some_and(|sender| sender.deadline == deadline) {
                self.abort_sender(key, libc::ETIMEDOUT);
            }
        }
    }

    /// Gives up what the sender `key` still has to send.
    pub(super) fn abort_sender(&mut self, key: u32, errno: i32) {
        let sender = &mut self.senders[key as usize];
        sender.fail(errno, &mut self.pool);
        if sender.flies() {
            let token = send_token(sender.flight, key);
            self.submit(Op::cancel(token), Tag::Cancel.token());
        }
        self.settle(key);
    }

    fn end_sender(&mut self, key: u32) {
        let sender = self.senders.remove(key as usize);
        self.stats.lost += u64::from(sender.lost);
        self.spent.extend(sender.waker);
        if !sender.fd.is_last() {
            // The other direction goes on: the peer learns that no more will come. A socket that is not connected any more needs no word.
            let _ = self.shut(&sender.fd);
        }
    }
}
