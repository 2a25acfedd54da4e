//! The op table: one entry for each operation in flight that is none of a socket's, and what names operations in completions.
//!
//! | state    | in flight | owned by | on its last completion              |
//! |----------|-----------|----------|-------------------------------------|
//! | idle     | no        | a handle | -                                   |
//! | armed    | yes       | a handle | idle, or done: the handle decides   |
//! | orphaned | yes       | nobody   | what it delivered goes back; free   |
//!
//! [I1] A token names place and generation. The generation moves on when an operation's last completion was seen, so that a late or doubled one finds nobody.
//! [I2] An entry is freed only when it is not in flight.

use std::{mem, rc::Rc, task::Waker};

use super::fd::Fd;

/// No entry.
const NONE: u32 = u32::MAX;
const GENERATIONS: u32 = 1 << 24;

/// Names an operation in a completion: 8 bits of kind, 24 of generation, 32 of place.
pub(crate) type Token = u64;

/// What a token names beside entries of the table: operations that a worker has one of, or whose answer nobody awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// An entry of the table.
    Entry = 0,
    /// The worker's timeout.
    Timer = 1,
    /// A change of it, which failed.
    TimerUpdate = 2,
    /// The doorbell's read.
    Bell = 3,
    /// A cancel that found nothing.
    Cancel = 4,
    /// A socket's send: [`Flights`].
    Send = 5,
    /// A doorbell that was rung by message.
    Message = 6,
    /// A socket's receive: [`Flights`].
    Receive = 7,
}

impl Tag {
    /// The token of an operation that has no entry.
    pub(crate) const fn token(self) -> Token {
        (self as u64) << 56
    }

    /// Whether `token` is of this kind.
    #[inline]
    pub(crate) const fn is_of(self, token: Token) -> bool {
        token >> 56 == self as u64
    }

    /// Which kind `token` is of.
    #[inline]
    pub(crate) const fn of(token: Token) -> Option<Self> {
        match token >> 56 {
            0 => Some(Self::Entry),
            1 => Some(Self::Timer),
            2 => Some(Self::TimerUpdate),
            3 => Some(Self::Bell),
            4 => Some(Self::Cancel),
            5 => Some(Self::Send),
            6 => Some(Self::Message),
            7 => Some(Self::Receive),
            _ => None,
        }
    }
}

/// What an operation is for, and where its answers go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nobody: the entry is free.
    Free,
    /// A listener's accept: descriptors wait in the listener of this number.
    Accept(u32),
    /// The same, for one connection.
    Shot(u32),
    /// A single operation whose result waits in the entry; the address of this number goes when it ends.
    Single(u32),
    /// The end of the way out of the socket of this number, on a direct descriptor.
    Shutdown(u32),
    /// The close of this entry of the ring's table.
    Close(u32),
}

/// The place of an entry, for whoever owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

/// One operation.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Who waits for it.
    pub(crate) waker: Option<Waker>,
    /// What it works on, kept open by it.
    pub(crate) fd: Option<Rc<Fd>>,
    generation: u32,
    /// How it ended, once `done`; of a free entry, the next free one.
    pub(crate) result: i32,
    pub(crate) role: Role,
    /// In flight.
    pub(crate) armed: bool,
    /// Its owner is gone.
    pub(crate) orphan: bool,
    /// A cancel was sent.
    pub(crate) cancelling: bool,
    /// It ended for good: `result` says how.
    pub(crate) done: bool,
}

/// The operations of one worker.
pub(crate) struct Table {
    entries: Vec<Entry>,
    free: u32,
    live: usize,
    armed: usize,
    stale: u64,
}

impl Table {
    /// A table with room for `capacity` entries; it grows beyond.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), free: NONE, live: 0, armed: 0, stale: 0 }
    }

    /// An idle entry.
    pub(crate) fn open(&mut self, role: Role, fd: Option<Rc<Fd>>) -> Slot {
        self.live += 1;
        if self.free == NONE {
            self.entries.push(Entry {
                waker: None,
                fd,
                generation: 0,
                result: 0,
                role,
                armed: false,
                orphan: false,
                cancelling: false,
                done: false,
            });
            return Slot(self.entries.len() as u32 - 1);
        }
        let slot = Slot(self.free);
        let entry = &mut self.entries[slot.0 as usize];
        self.free = mem::take(&mut entry.result) as u32;
        entry.role = role;
        entry.fd = fd;
        slot
    }

    /// The entry at `slot`.
    #[inline]
    pub(crate) fn at(&mut self, slot: Slot) -> &mut Entry {
        &mut self.entries[slot.0 as usize]
    }

    /// The entry at `slot`, to look at.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> &Entry {
        &self.entries[slot.0 as usize]
    }

    /// Where the one who waits for `slot` leaves its waker, as long as somebody owns it.
    #[inline]
    pub(crate) fn seat(&mut self, slot: Slot) -> Option<&mut Option<Waker>> {
        let entry = &mut self.entries[slot.0 as usize];
        (entry.role != Role::Free && !entry.orphan).then_some(&mut entry.waker)
    }

    /// Marks the entry as in flight, and names that flight.
    #[inline]
    pub(crate) fn arm(&mut self, slot: Slot) -> Token {
        self.armed += 1;
        let entry = &mut self.entries[slot.0 as usize];
        debug_assert!(!entry.armed, "one flight at a time");
        entry.armed = true;
        u64::from(entry.generation) << 32 | u64::from(slot.0)
    }

    /// The entry that `token` names; `None`, and counted, where its flight is over ([I1]).
    #[inline]
    pub(crate) fn resolve(&mut self, token: Token) -> Option<Slot> {
        let slot = Slot(token as u32);
        let generation = (token >> 32) as u32 & (GENERATIONS - 1);
        match self.entries.get(slot.0 as usize) {
            Some(entry) if entry.armed && entry.generation == generation => Some(slot),
            _ => {
                self.stale += 1;
                None
            }
        }
    }

    /// The token of the flight that the entry is in.
    pub(crate) fn token(&self, slot: Slot) -> Option<Token> {
        let entry = &self.entries[slot.0 as usize];
        entry.armed.then(|| u64::from(entry.generation) << 32 | u64::from(slot.0))
    }

    /// Its last completion came.
    #[inline]
    pub(crate) fn land(&mut self, slot: Slot) {
        self.armed -= 1;
        let entry = &mut self.entries[slot.0 as usize];
        entry.armed = false;
        entry.cancelling = false;
        entry.generation = (entry.generation + 1) & (GENERATIONS - 1);
    }

    /// Frees an entry that is not in flight ([I2]); its descriptor and waker are the caller's to drop.
    pub(crate) fn close(&mut self, slot: Slot) -> (Option<Rc<Fd>>, Option<Waker>) {
        let entry = &mut self.entries[slot.0 as usize];
        debug_assert!(!entry.armed, "an entry in use is not freed");
        entry.role = Role::Free;
        entry.orphan = false;
        entry.done = false;
        entry.result = self.free as i32;
        self.free = slot.0;
        self.live -= 1;
        (entry.fd.take(), entry.waker.take())
    }

    /// Entries in use.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Operations in flight.
    pub(crate) fn armed(&self) -> usize {
        self.armed
    }

    /// Completions that found nobody.
    pub(crate) fn stale(&self) -> u64 {
        self.stale
    }
}

/// The flights of sends and receives. A socket has at most one of each, and is their entry: they need no other.
///
/// Flights are numbered through, so that no completion is taken for one of a later flight: 16 million lie in between.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    last: u32,
    up: usize,
}

impl Flights {
    /// Begins one: its number, which is not zero.
    #[inline]
    pub(crate) fn next(&mut self) -> u32 {
        self.up += 1;
        self.last = if self.last == GENERATIONS - 1 { 1 } else { self.last + 1 };
        self.last
    }

    /// One is over.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.up -= 1;
    }

    /// How many are not.
    pub(crate) fn up(&self) -> usize {
        self.up
    }
}

/// The token of the flight `flight` of the socket `key`: a send, or a receive, as `tag` says.
#[inline]
pub(crate) const fn flight_token(tag: Tag, flight: u32, key: u32) -> Token {
    tag.token() | (flight as u64) << 32 | key as u64
}

/// The flight and the socket that such a token names.
#[inline]
pub(crate) const fn flight_of(token: Token) -> (u32, u32) {
    ((token >> 32) as u32 & (GENERATIONS - 1), token as u32)
}

const _: () = assert!(size_of::<Entry>() <= 64, "an entry is a cache line at the most");
