//! An epoch is one step of a value: one who writes, then all who read what was written, at once.
//!
//! | phase   | is                                             | the writer                 | its readers             |
//! |---------|------------------------------------------------|----------------------------|-------------------------|
//! | Vacant  | without a writer, and may get one              | whoever enrols next        | wait                    |
//! | Writing | has a writer, whose turn it is when in front   | waits, or has its turn     | wait                    |
//! | Ended   | its writer left before its turn, and said how  | nobody                     | wait                    |
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

/// Where an epoch stands.
#[derive(Debug)]
pub(super) enum Phase<E> {
    Vacant,
    Writing,
    Ended(End<E>),
    Reading,
}

/// One step of a value.
#[derive(Debug)]
pub(super) struct Epoch<E> {
    pub(super) phase: Phase<E>,
    /// How many read it, or will.
    readers: u32,
}

impl<E> Epoch<E> {
    pub(super) const fn new(phase: Phase<E>) -> Self {
        Self { phase, readers: 0 }
    }

    /// Counts one more reader.
    ///
    /// # Panics
    /// If there are more than four thousand million: most of them were forgotten.
    #[inline]
    pub(super) fn add_reader(&mut self) {
        self.readers = self.readers.checked_add(1).expect("one epoch has too many readers");
    }

    /// Counts one reader less.
    #[inline]
    pub(super) fn remove_reader(&mut self) {
        self.readers -= 1;
    }

    /// Whether nobody reads it or will, and it is done.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.readers == 0 && matches!(self.phase, Phase::Reading)
    }
}

/// What a waiter waits for: the least is due first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u64);

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
