//! The limit: an echo server on io_uring by hand, with everything that the kernel offers and nothing that a runtime would add.
//!
//! Multishot accept into direct descriptors, multishot receive from one ring of buffers, sends from the buffer that was received into, which goes back
//! when it is sent; one enter for each batch. One send at a time for each connection, so that bytes stay in order whatever the socket takes.

use std::{io, os::fd::AsFd};

use tidemill_benches::{
    ring::{Files, Geometry, Hand, Held},
    server::{self, Arguments, BUFFER_BYTES},
};

const USAGE: &str = "\
The limit: an echo server on io_uring by hand.

usage: echo-limit [--listen ADDR] [--core N] [--buffers N] [--plain]

  --plain  plain descriptors, not direct ones; all else as without";

/// The most connections there may be at a time.
const FILES: u32 = 16 * 1024;

/// What a completion is of, in the low bits of its token; the slot stands above.
const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;
const CLOSE: u64 = 3;

fn main() {
    server::main(USAGE, serve);
}

/// A connection.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// Buffers to send, the first of them now: a list through [`Parcel::next`], by their number plus one.
    first: u16,
    last: u16,
    ended: bool,
}

/// A buffer on its way out.
#[derive(Default)]
struct Parcel {
    held: Option<Held>,
    len: u32,
    next: u16,
}

struct Limit {
    hand: Hand,
    slots: Vec<Slot>,
    parcels: Vec<Parcel>,
    /// Slots whose receive ended for want of a buffer.
    starved: Vec<u32>,
}

fn serve(told: Arguments) -> io::Result<()> {
    let listener = server::listener(told.listen)?;
    let buffers = told.value("--buffers")?.unwrap_or(1024);
    let most = server::raise_descriptors() as u32;
    // The kernel takes no larger table than a process may have descriptors.
    let (slots, files) = match told.has("--plain") {
        true => (most, Files::Plain),
        false => (FILES.min(most), Files::Direct(FILES.min(most))),
    };
    let geometry = Geometry { submissions: 4096, completions: 16 * 1024, files };
    let mut hand = Hand::new(geometry)?;
    hand.set_buffers(buffers, BUFFER_BYTES as u32)?;
    hand.accept(listener.as_fd(), ACCEPT)?;
    server::ready(listener.local_addr()?)?;
    let mut limit = Limit {
        hand,
        slots: vec![Slot::default(); slots as usize],
        parcels: (0..buffers).map(|_| Parcel::default()).collect(),
        starved: Vec::new(),
    };
    loop {
        limit.hand.enter(1)?;
        while let Some(done) = limit.hand.next_done() {
            let slot = (done.token >> 2) as u32;
            match done.token & 3 {
                RECEIVE => limit.received(slot, done.result, done.last, done.held)?,
                SEND => limit.sent(slot, done.result)?,
                CLOSE => {}
                _ => {
                    if done.last {
                        limit.hand.accept(listener.as_fd(), ACCEPT)?;
                    }
                    if let Ok(slot) = u32::try_from(done.result) {
                        limit.slots[slot as usize] = Slot::default();
                        limit.receive(slot)?;
                    }
                }
            }
        }
    }
}

impl Limit {
    #[inline]
    fn receive(&mut self, slot: u32) -> io::Result<()> {
        self.hand.receive(slot, RECEIVE | u64::from(slot) << 2)
    }

    #[inline]
    fn received(
        &mut self,
        slot: u32,
        result: i32,
        last: bool,
        held: Option<Held>,
    ) -> io::Result<()> {
        const ENOBUFS: i32 = -105;
        if let Some(held) = held {
            let number = held.index() as u16 + 1;
            let state = &mut self.slots[slot as usize];
            let idle = state.first == 0;
            if idle {
                state.first = number;
            } else {
                self.parcels[usize::from(state.last) - 1].next = number;
            }
            state.last = number;
            let parcel = &mut self.parcels[held.index()];
            *parcel = Parcel { held: Some(held), len: result as u32, next: 0 };
            if idle {
                self.send(slot)?;
            }
        }
        if !last {
            return Ok(());
        }
        if result > 0 {
            return self.receive(slot);
        }
        if result == ENOBUFS {
            self.starved.push(slot);
            return Ok(());
        }
        self.slots[slot as usize].ended = true;
        self.close_if_done(slot)
    }

    /// Sends the first buffer of a connection.
    #[inline]
    fn send(&mut self, slot: u32) -> io::Result<()> {
        let parcel = &self.parcels[usize::from(self.slots[slot as usize].first) - 1];
        match &parcel.held {
            Some(held) => self.hand.send_held(slot, held, parcel.len, SEND | u64::from(slot) << 2),
            None => Ok(()),
        }
    }

    #[inline]
    fn sent(&mut self, slot: u32, result: i32) -> io::Result<()> {
        let state = &mut self.slots[slot as usize];
        let parcel = &mut self.parcels[usize::from(state.first) - 1];
        // Short only where the connection broke: its receive ends too, and what is left cannot be sent.
        let broken = result < 0 || (result as u32) < parcel.len;
        state.first = parcel.next;
        if let Some(held) = parcel.held.take() {
            self.hand.recycle(held);
        }
        if broken {
            self.drop_rest(slot);
        }
        if self.slots[slot as usize].first != 0 {
            return self.send(slot);
        }
        // A buffer came back, which is enough for one.
        if let Some(starved) = self.starved.pop() {
            self.receive(starved)?;
        }
        self.close_if_done(slot)
    }

    fn drop_rest(&mut self, slot: u32) {
        let state = &mut self.slots[slot as usize];
        while state.first != 0 {
            let parcel = &mut self.parcels[usize::from(state.first) - 1];
            state.first = parcel.next;
            if let Some(held) = parcel.held.take() {
                self.hand.recycle(held);
            }
        }
    }

    #[inline]
    fn close_if_done(&mut self, slot: u32) -> io::Result<()> {
        let state = &mut self.slots[slot as usize];
        if state.ended && state.first == 0 {
            state.ended = false;
            server::connection_ended();
            return self.hand.close(slot, CLOSE);
        }
        Ok(())
    }
}
