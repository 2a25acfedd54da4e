//! The answers of a simulated ring: those on their way, those in the completion queue, and those that found no room there.
//!
//! [I1] Answers of one operation are on their way in order: each has its moment, none before that of the one before it; equal moments go by number.
//! [I2] While any is kept back, all that come are kept back behind it.

use std::collections::{BTreeMap, VecDeque};

use tidemill_core::clock::Instant;

use super::deed::{Digest, Proof};
use crate::engine::op::Completion;

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) completion: Completion,
    /// Its result is a descriptor, whose number is nobody's choice.
    pub(super) descriptor: bool,
    pub(super) proof: Option<Proof>,
    /// It is followed by copies.
    pub(super) echoes: bool,
}

/// The answers of a ring.
#[derive(Debug)]
pub(super) struct Answers {
    coming: BTreeMap<(Instant, u64), Answer>,
    queue: VecDeque<Completion>,
    kept: VecDeque<Completion>,
    capacity: usize,
    /// Room in the queue in this enter.
    pub(super) room: usize,
    number: u64,
    pub(super) digest: Digest,
    /// Answers that were kept back so far.
    pub(super) overflowed: u64,
}

impl Answers {
    /// With a queue for `capacity`.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            coming: BTreeMap::new(),
            queue: VecDeque::new(),
            kept: VecDeque::new(),
            capacity,
            room: capacity,
            number: 0,
            digest: Digest::default(),
            overflowed: 0,
        }
    }

    /// How many the queue takes in this enter, at most its capacity.
    pub(super) fn limit(&mut self, room: usize) {
        self.room = room.min(self.capacity);
    }

    /// `answer` comes at `at`.
    pub(super) fn send(&mut self, at: Instant, answer: Answer) {
        self.number += 1;
        self.coming.insert((at, self.number), answer);
    }

    /// When the next one comes.
    pub(super) fn next(&self) -> Option<Instant> {
        self.coming.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next one, if its moment has come.
    pub(super) fn arrive(&mut self, now: Instant) -> Option<Answer> {
        let first = self.coming.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Puts it into the queue, or keeps it back ([I2]).
    pub(super) fn post(&mut self, completion: Completion, descriptor: bool) {
        let result = if descriptor { 0 } else { completion.result };
        self.digest.add(&completion.token.to_le_bytes());
        self.digest.add(&result.to_le_bytes());
        self.digest.add(&completion.flags.to_le_bytes());
        if self.kept.is_empty() && self.queue.len() < self.room {
            self.queue.push_back(completion);
        } else {
            self.overflowed += 1;
            self.kept.push_back(completion);
        }
    }

    /// What was kept back goes into the queue, as far as there is room.
    pub(super) fn flush(&mut self) {
        while self.queue.len() < self.room
            && let Some(completion) = self.kept.pop_front()
        {
            self.queue.push_back(completion);
        }
    }

    /// Takes the first of the queue.
    pub(super) fn take(&mut self) -> Option<Completion> {
        self.queue.pop_front()
    }

    /// Whether the queue is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the queue has no room for one more.
    pub(super) fn is_full(&self) -> bool {
        self.is_overflowing() || self.queue.len() >= self.room
    }

    /// Whether any is kept back.
    pub(super) fn is_overflowing(&self) -> bool {
        !self.kept.is_empty()
    }
}
