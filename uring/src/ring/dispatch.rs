//! Dispatch brings each completion to whom it concerns: a socket, a listener, a single operation, or the worker itself.
//!
//! | is of   | result              | then                                                                   |
//! |---------|---------------------|------------------------------------------------------------------------|
//! | receive | a filled buffer     | it waits in the socket; over its share the receive is cancelled        |
//! | receive | `ENOBUFS`           | with a reader waiting: armed again once there are buffers              |
//! | receive | 0, or another errno | ended: end of stream or failure, told after what came before it        |
//! | send    | bytes               | what is left goes out before anything newer                            |
//! | accept  | a descriptor        | it waits in the listener                                               |
//! | any     | owner gone          | what it delivered goes back; the last completion frees the place       |

use tidemill_core::task::wake_here;

use super::{
    buf::Pool,
    driver::{Driver, Seat},
    table::{Role, Slot, Tag, flight_of},
};
use crate::engine::Completion;

impl Driver {
    /// Delivers all completions of this turn.
    #[inline(always)]
    pub(super) fn dispatch(&mut self) {
        self.engine.look();
        while let Some(completion) = self.engine.next() {
            self.stats.completions += 1;
            self.deliver(completion);
        }
        self.engine.looked();
    }

    #[inline(always)]
    fn deliver(&mut self, completion: Completion) {
        if Tag::Receive.is_of(completion.token) {
            return self.received(completion);
        }
        match Tag::of(completion.token) {
            Some(Tag::Receive) => {}
            Some(Tag::Send) => self.sent(completion),
            Some(Tag::Entry) => self.answered(completion),
            Some(Tag::Timer | Tag::TimerUpdate) => self.timer_fired(),
            Some(Tag::Bell) => self.ear.heard(),
            Some(Tag::Message) => self.messaged(completion.token),
            Some(Tag::Cancel) | None => {}
        }
    }

    #[inline(always)]
    fn received(&mut self, completion: Completion) {
        let (flight, key) = flight_of(completion.token);
        let socket = match self.sockets.get_mut(key as usize) {
            Some(socket) if socket.receive == flight => socket,
            _ => return self.stats.stale += 1,
        };
        let len = completion.result.max(0) as u32;
        if let Some(id) = completion.buffer()
            && let Some(chunk) = self.pool.claim(id, len)
        {
            if socket.reader_left || len == 0 {
                self.pool.give(chunk);
            } else {
                self.stats.received += u64::from(len);
                self.pool.push(&mut socket.received, chunk);
            }
        }
        if !completion.more() {
            return self.receive_landed(key, completion.result);
        }
        let count = socket.received.count();
        let hoards = count >= Pool::LEAST && count >= self.pool.share();
        if let Some(waker) = &socket.reader
            && !wake_here(waker)
        {
            self.woken.extend(socket.reader.take().map(|waker| (Seat::Reader(key), waker)));
        }
        if hoards {
            self.cancel_receive(key);
        }
    }

    /// The receive is not in flight any more.
    #[cold]
    fn receive_landed(&mut self, key: u32, result: i32) {
        self.flights.end();
        let socket = &mut self.sockets[key as usize];
        socket.receive = 0;
        socket.cancelling = false;
        if socket.reader_left {
            return self.close_if_over(key);
        }
        match -result {
            // A send may have been told of the reset, and then nobody else is.
            0 if socket.was_reset() => socket.set_end(libc::ECONNRESET),
            0 => socket.set_end(0),
            libc::ENOBUFS => {
                self.stats.starved += 1;
                // Without a reader that waits, the next one that comes arms it.
                if socket.reader.is_some() && socket.received.is_empty() {
                    return self.starve(key);
                }
            }
            libc::ECANCELED | libc::EINTR | libc::EAGAIN => {}
            errno if errno > 0 => socket.set_end(errno),
            _ => {}
        }
        if socket.has_ended() || !socket.received.is_empty() {
            self.wake_reader(key);
        } else if socket.reader.is_some() {
            self.arm_receive(key);
        }
    }

    #[inline(never)]
    fn sent(&mut self, completion: Completion) {
        let (flight, key) = flight_of(completion.token);
        match self.sockets.get_mut(key as usize) {
            Some(socket) if socket.send == flight => {
                self.flights.end();
                socket.land(completion.result, &mut self.pool, &mut self.messages);
                self.settle(key);
            }
            _ => self.stats.stale += 1,
        }
    }

    /// An operation of the table.
    #[inline(never)]
    fn answered(&mut self, completion: Completion) {
        let Some(slot) = self.table.resolve(completion.token) else { return };
        match self.table.get(slot).role {
            Role::Accept(key) | Role::Shot(key) => self.accepted(slot, key, completion),
            Role::Single(address) => self.ended(slot, address, completion),
            Role::Shutdown(key) => self.was_shut(slot, key),
            Role::Close(number) => self.closed(slot, number, completion),
            Role::Free => {}
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
        if let Some(waker) = entry.waker.take() {
            self.woken.push((Seat::Entry(slot), waker));
        }
    }

    /// Wakes who waits for bytes of the socket `key`.
    fn wake_reader(&mut self, key: u32) {
        let socket = &mut self.sockets[key as usize];
        if let Some(waker) = &socket.reader
            && !wake_here(waker)
        {
            self.woken.extend(socket.reader.take().map(|waker| (Seat::Reader(key), waker)));
        }
    }

    /// Frees the entry; its flight is over.
    pub(super) fn close_entry(&mut self, slot: Slot) {
        let (fd, waker) = self.table.close(slot);
        self.spent.extend(waker);
        drop(fd);
    }

    /// The owner of `slot` leaves: its flight is cancelled, or it is freed at once.
    pub(super) fn abandon(&mut self, slot: Slot) {
        let entry = self.table.at(slot);
        self.spent.extend(entry.waker.take());
        if entry.armed {
            entry.orphan = true;
            self.cancel(slot);
        } else {
            self.close_entry(slot);
        }
    }
}
