//! A set of workers, by their numbers: words of bits, each changed atomically.

use tidemill_core::sync::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire},
};

const BITS: usize = usize::BITS as usize;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Set {
    words: Box<[AtomicUsize]>,
    len: usize,
}

impl Set {
    /// One in which there is none of `len` workers.
    pub(super) fn new(len: usize) -> Self {
        let words = (0..len.div_ceil(BITS)).map(|_| AtomicUsize::new(0)).collect();
        Self { words, len }
    }

    fn place(&self, worker: usize) -> (&AtomicUsize, usize) {
        debug_assert!(worker < self.len);
        (&self.words[worker / BITS], 1 << (worker % BITS))
    }

    /// Adds a worker.
    pub(super) fn add(&self, worker: usize) {
        let (word, bit) = self.place(worker);
        // ordering: AcqRel orders who comes and who goes; what else must be seen is behind the fences of `idle`.
        word.fetch_or(bit, AcqRel);
    }

    /// Takes a worker out. `false`: it was not in.
    pub(super) fn remove(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        // ordering: as in `add`.
        word.fetch_and(!bit, AcqRel) & bit != 0
    }

    /// Whether a worker is in.
    pub(super) fn has(&self, worker: usize) -> bool {
        let (word, bit) = self.place(worker);
        // ordering: Acquire pairs with Release in `remove`.
        word.load(Acquire) & bit != 0
    }

    /// Whether nobody is in.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        // ordering: as in `has`.
        self.words.iter().all(|word| word.load(Acquire) == 0)
    }

    /// Whether each of all workers is in this or in `other`.
    pub(super) fn covers_with(&self, other: &Self) -> bool {
        (0..self.len).all(|worker| self.has(worker) || other.has(worker))
    }
}
