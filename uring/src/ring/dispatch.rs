//! Dispatch brings each completion to whom it concerns: a stream, a listener, a sender, a single operation, or the worker itself.
//!
//! | role    | result              | then                                                                   |
//! |---------|---------------------|------------------------------------------------------------------------|
//! | receive | a filled buffer     | it waits in the entry; over its quota the receive is cancelled         |
//! | receive | `ENOBUFS`           | with a reader waiting: armed again once there are buffers              |
//! | receive | 0, or another errno | done: end of stream or failure, told after what came before it         |
//! | accept  | a descriptor        | it waits in the listener                                               |
//! | send    | bytes               | what is left goes out before anything newer                            |
//! | any     | owner gone          | what it delivered goes back; the last completion frees the entry       |

use super::{
    driver::{Driver, Seat},
    table::{Role, Slot, Tag, flight_of},
};
use crate::engine::Completion;

impl Driver {
    /// Delivers all completions of this turn.
    #[inline]
    pub(super) fn dispatch(&mut self) {
        let mut batch = self.take_completions();
        self.stats.completions += batch.len() as u64;
        for completion in batch.drain(..) {
            self.deliver(completion);
        }
        self.reuse(batch);
    }

    #[inline]
    fn deliver(&mut self, completion: Completion) {
        match Tag::of(completion.token) {
            Some(Tag::Entry) => {}
            Some(Tag::Send) => return self.sent(completion),
            Some(Tag::Timer | Tag::TimerUpdate) => return self.timer_fired(),
            Some(Tag::Bell) => return self.ear.heard(),
            Some(Tag::Cancel | Tag::Message) | None => return,
        }
        let Some(slot) = self.table.resolve(completion.token) else { return };
        match self.table.get(slot).role {
            Role::Receive => self.received(slot, completion),
            Role::Accept(key) | Role::Shot(key) => self.accepted(slot, key, completion),
            Role::Single(address) => self.ended(slot, address, completion),
            Role::Shutdown => self.unheard(slot),
            Role::Close(number) => self.closed(slot, number, completion),
            Role::Free => {}
        }
    }

    #[inline]
    fn received(&mut self, slot: Slot, completion: Completion) {
        let entry = self.table.at(slot);
        let len = completion.result.max(0) as u32;
        if let Some(id) = completion.buffer()
            && let Some(chunk) = self.pool.claim(id, len)
        {
            if entry.orphan || len == 0 {
                self.pool.give(chunk);
            } else {
                self.stats.received += u64::from(len);
                self.pool.push(&mut entry.chain, chunk);
            }
        }
        if !completion.more() {
            return self.receive_landed(slot, completion.result);
        }
        let count = entry.chain.count();
        if count >= self.allowance() {
            self.cancel(slot);
        }
        self.wake_entry(slot);
    }

    /// The receive is not armed any more.
    #[cold]
    fn receive_landed(&mut self, slot: Slot, result: i32) {
        self.table.land(slot);
        let entry = self.table.at(slot);
        if entry.orphan {
            return self.close_entry(slot);
        }
        match -result {
            0 => entry.done = true,
            libc::ENOBUFS => {
                self.stats.starved += 1;
                // Without a reader that waits, the next one that comes arms it.
                if entry.waker.is_some() && entry.chain.is_empty() {
                    return self.starve(slot);
                }
            }
            libc::ECANCELED | libc::EINTR | libc::EAGAIN => {}
            errno if errno > 0 => {
                entry.done = true;
                entry.result = result;
            }
            _ => {}
        }
        let entry = self.table.at(slot);
        if entry.done || !entry.chain.is_empty() {
            self.wake_entry(slot);
        } else if entry.waker.is_some() {
            self.arm_receive(slot);
        }
    }

    #[inline]
    fn sent(&mut self, completion: Completion) {
        let (flight, key) = flight_of(completion.token);
        match self.senders.get_mut(key as usize) {
            Some(sender) if sender.flight == flight => {
                self.flights.end();
                sender.land(completion.result, &mut self.pool, &mut self.messages);
                self.settle(key);
            }
            _ => self.stats.stale += 1,
        }
    }

    fn ended(&mut self, slot: Slot, address: u32, completion: Completion) {
        self.table.land(slot);
        self.addresses.remove(address);
        let entry = self.table.at(slot);
        entry.done = true;
        entry.result = completion.result;
        if entry.orphan {
            return self.close_entry(slot);
        }
        self.wake_entry(slot);
    }

    /// Wakes who waits for `slot`, after the turn.
    #[inline]
    fn wake_entry(&mut self, slot: Slot) {
        if let Some(waker) = self.table.at(slot).waker.take() {
            self.woken.push((Seat::Entry(slot), waker));
        }
    }

    /// Frees the entry and what waits in it; its flight is over.
    pub(super) fn close_entry(&mut self, slot: Slot) {
        let entry = self.table.at(slot);
        self.pool.give_all(&mut entry.chain);
        let (fd, waker) = self.table.close(slot);
        self.spent.extend(waker);
        drop(fd);
    }

    /// The owner of `slot` leaves: its flight is cancelled, or it is freed at once.
    pub(super) fn abandon(&mut self, slot: Slot) {
        let entry = self.table.at(slot);
        self.spent.extend(entry.waker.take());
        self.pool.give_all(&mut entry.chain);
        if entry.armed {
            entry.orphan = true;
            self.cancel(slot);
        } else {
            self.close_entry(slot);
        }
    }
}
