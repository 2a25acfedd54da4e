//! An epoch is one step of a value: one who writes, then all who read what was written, at once.
//!
//! | phase   | is                                             | the writer                 | its readers             |
//! |---------|------------------------------------------------|----------------------------|-------------------------|
//! | Vacant  | without a writer, and may get one              | whoever enrols next        | wait                    |
//! | Writing | has a writer, whose turn it is when in front   | waits, or has its turn     | wait                    |
//! | Ended (Kept, Cancelled, Failed) | its writer left before its turn, and said how | nobody | wait               |
//! | Reading | written, or not to be written any more         | nobody                     | wait, or read when in front |
//!
//! Phases follow each other in this order. An epoch is in front when all before it have ended: then Vacant, Writing and Reading mean what
//! they say, and Ended is done by whoever finds it there.

/// How a writer leaves its epoch.
#[derive(Debug)]
pub(super) enum End<E> {
    /// What there is stays: a value that it wrote, or found.
    Keep,
    /// There is no value.
    Cancel,
    /// There is none, and this is why.
    Fail(E),
}

/// Where an epoch stands. What a writer failed with that left before its turn is kept [elsewhere](super::failures).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Phase {
    // First, so that an epoch that is over is zero.
    Reading,
    Vacant,
    Writing,
    /// Ended: what there is stays.
    Kept,
    /// Ended: there is no value.
    Cancelled,
    /// Ended, with a failure.
    Failed,
}

/// One step of a value: its phase, and how many read it, or will, in one word, since a million may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch(u32);

/// One reader, above the bits of the phase.
const READER: u32 = 8;

impl Epoch {
    pub(super) const fn new(phase: Phase) -> Self {
        Self(phase as u32)
    }

    #[inline]
    pub(super) fn phase(self) -> Phase {
        match self.0 % READER {
            0 => Phase::Reading,
            1 => Phase::Vacant,
            2 => Phase::Writing,
            3 => Phase::Kept,
            4 => Phase::Cancelled,
            _ => Phase::Failed,
        }
    }

    /// Whether it stands there.
    #[inline]
    pub(super) fn is(self, phase: Phase) -> bool {
        self.0 % READER == phase as u32
    }

    #[inline]
    pub(super) fn set(&mut self, phase: Phase) {
        self.0 = self.0 - self.0 % READER + phase as u32;
    }

    /// Counts one more reader.
    ///
    /// # Panics
    /// If there are more than five hundred million: most of them were forgotten.
    #[inline]
    pub(super) fn add_reader(&mut self) {
        self.0 = self.0.checked_add(READER).expect("one epoch has too many readers");
    }

    /// Counts one reader less.
    #[inline]
    pub(super) fn remove_reader(&mut self) {
        self.0 -= READER;
    }

    /// Whether nobody reads it or will, and it is done.
    #[inline]
    pub(super) fn is_over(self) -> bool {
        self.0 == Phase::Reading as u32
    }
}

/// What a waiter waits for: the least is due first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

impl Key {
    /// The turn of the writer of an epoch, or that it is in front.
    #[inline]
    pub(super) const fn writer(number: u64) -> Self {
        Self(number << 1)
    }

    /// That an epoch may be read.
    #[inline]
    pub(super) const fn reader(number: u64) -> Self {
        Self(number << 1 | 1)
    }
}
