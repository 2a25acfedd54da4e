//! What a pipe knows, and each step that it takes, under its lock.
//!
//! | a value is   | in                        | counts as written | takes room | flushed |
//! |--------------|---------------------------|-------------------|------------|---------|
//! | offered      | the slip of a writer      | no                | no         | no      |
//! | buffered     | the buffer                | yes               | yes        | no      |
//! | handed       | the hand of a reader      | yes               | yes        | no      |
//! | held         | a reader that will say so | yes               | no         | no      |
//! | done         | nowhere                   | yes               | no         | yes     |
//!
//! \[P1] Where a reader is in line, the buffer is empty: what is written goes into the hand of the first, who leaves the line.
//! \[P2] `handed` values have left the buffer and still take room. So a reader that goes can always give its value back to the front.
//! \[P3] Once `crowded` is false, no writer is in line.

use crate::{
    share::pipe::buffer::Buffer,
    wait::{Turn, WakeBatch},
};

/// What somebody waits for, without taking a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// There is a value, or there never will be.
    Values = 1,
    /// There is room, or it is of no use.
    Room = 2,
    /// Nobody can write any more.
    Closed = 4,
    /// As many as this were flushed.
    Flushed = 8,
    /// Somebody waits for that.
    Wanted = 16,
}

/// What is to be done once the lock is free.
#[derive(Default)]
#[must_use]
pub(super) struct After {
    /// A writer may be in line, and there may be room.
    pub(super) refill: bool,
    /// All readers in line are at the end.
    pub(super) readers: bool,
    /// What a watcher waits for may be so.
    pub(super) watchers: bool,
}

/// What came of offering a value.
#[must_use]
pub(super) enum Offer {
    Taken,
    Closed,
    Full,
    /// There is room, and perhaps a writer that was there before.
    Crowded,
}

/// What a pipe knows.
pub(super) struct State<B> {
    pub(super) buffer: B,
    pub(super) budget: usize,
    pub(super) closed: bool,
    pub(super) read_closed: bool,
    pub(super) crowded: bool,
    pub(super) written: u64,
    pub(super) done: u64,
    handed: usize,
    /// Which events are waited for, and at what count of `done`.
    watched: u8,
    flush_at: u64,
}

/// The state and the line of the readers, each with its hand.
pub(super) type Inside<'a, B> = Turn<'a, State<B>, Option<<B as Buffer>::Item>>;

impl<B> State<B> {
    pub(super) const fn new(buffer: B, budget: usize) -> Self {
        Self {
            buffer,
            budget,
            closed: false,
            read_closed: false,
            crowded: false,
            written: 0,
            done: 0,
            handed: 0,
            watched: 0,
            flush_at: u64::MAX,
        }
    }

    fn note(&mut self, event: Event) -> bool {
        let watched = self.watched & event as u8 != 0;
        if watched {
            self.watched = 0;
        }
        watched
    }

    /// From now on `note` says so.
    pub(super) fn watch(&mut self, event: Event) {
        self.watched |= event as u8;
    }

    /// Asks to be told when `target` values are done. Says whether those who hold values are to be told.
    pub(super) fn want(&mut self, target: u64) -> bool {
        self.flush_at = self.flush_at.min(target);
        self.note(Event::Wanted)
    }

    /// Whether somebody waits for values to be done.
    pub(super) fn is_wanted(&self) -> bool {
        self.flush_at != u64::MAX
    }

    /// `count` values are done.
    pub(super) fn finish(&mut self, count: u64, after: &mut After) {
        self.done += count;
        if self.done >= self.flush_at {
            self.flush_at = u64::MAX;
            after.watchers = true;
        }
    }
}

impl<B: Buffer> State<B> {
    /// Whether another value fits under `limit`.
    pub(super) fn has_room(&self, limit: usize) -> bool {
        self.buffer.len() + self.handed < limit
    }

    /// Whether nothing will be read any more. A value that is handed may come back.
    pub(super) fn is_over(&self) -> bool {
        self.read_closed || self.closed && self.handed == 0 && self.buffer.is_empty()
    }

    fn over(&mut self, after: &mut After) {
        if self.is_over() {
            after.readers = true;
            after.watchers |= self.note(Event::Values);
        }
    }

    /// Nobody writes any more.
    pub(super) fn close(&mut self, after: &mut After) {
        self.closed = true;
        after.watchers |= self.note(Event::Closed) | self.note(Event::Room);
        self.over(after);
    }

    /// Nobody reads any more. What is left is to be dropped.
    pub(super) fn close_read(&mut self, after: &mut After) -> B {
        self.read_closed = true;
        self.flush_at = u64::MAX;
        self.close(after);
        after.watchers = true;
        self.buffer.take()
    }
}

/// A value that has room goes to the first reader in line [P1], or into the buffer.
pub(super) fn put<B: Buffer>(
    turn: &mut Inside<'_, B>,
    value: B::Item,
    batch: &mut WakeBatch,
    after: &mut After,
) {
    turn.state.written += 1;
    match turn.first() {
        Some(hand) => {
            *hand = Some(value);
            turn.state.handed += 1;
            turn.take(batch);
        }
        None => {
            turn.state.buffer.push_back(value);
            after.watchers |= turn.state.note(Event::Values);
        }
    }
}

/// Takes the value in, if it may come in.
pub(super) fn offer<B: Buffer>(
    turn: &mut Inside<'_, B>,
    value: &mut Option<B::Item>,
    in_turn: bool,
    batch: &mut WakeBatch,
    after: &mut After,
) -> Offer {
    let limit = if in_turn { turn.state.budget } else { turn.state.buffer.capacity() };
    if turn.state.closed {
        return Offer::Closed;
    }
    if !turn.state.has_room(limit) {
        return Offer::Full;
    }
    if in_turn && turn.state.crowded {
        return Offer::Crowded;
    }
    if let Some(value) = value.take() {
        put(turn, value, batch, after);
    }
    Offer::Taken
}

/// The value in the reader's hand, or the first in the buffer. One that is to be held is done later.
pub(super) fn take<B: Buffer>(
    turn: &mut Inside<'_, B>,
    hold: bool,
    after: &mut After,
) -> Option<B::Item> {
    let value = match turn.mark().and_then(Option::take) {
        Some(value) => {
            turn.state.handed -= 1;
            value
        }
        None => turn.state.buffer.pop_front()?,
    };
    after.refill = turn.state.crowded;
    after.watchers |= turn.state.note(Event::Room);
    if !hold {
        turn.state.finish(1, after);
    }
    turn.state.over(after);
    Some(value)
}

/// A reader that leaves gives back what is in its hand: to the next in line, or to the front. What comes out is to be dropped.
pub(super) fn give_back<B: Buffer>(
    turn: &mut Inside<'_, B>,
    batch: &mut WakeBatch,
    after: &mut After,
) -> Option<B::Item> {
    let value = turn.mark().and_then(Option::take)?;
    if turn.state.read_closed {
        turn.state.handed -= 1;
        return Some(value);
    }
    match turn.first() {
        Some(hand) => {
            *hand = Some(value);
            turn.take(batch);
        }
        None => {
            turn.state.handed -= 1;
            turn.state.buffer.push_front(value);
            after.watchers |= turn.state.note(Event::Values);
        }
    }
    None
}
