//! A lent chunk is one that its holder took out of a stream, and reads for as long as it likes; dropped, it goes back to its pool.
//!
//! | the holder          | the chunk                                                          |
//! |---------------------|--------------------------------------------------------------------|
//! | keeps it            | counts as held: less is left to share, and nobody spills it         |
//! | drops it            | is free, and provided again with the next turn                     |
//! | forgets it          | stays held for ever, alone; its worker's memory stays mapped       |
//!
//! [I1] The chunk was taken out of its chain and is named here alone, so nobody else reads, writes or provides it.
//! [I2] The pool lives as long as its worker, which is counted here: also after the stream, its ring and its runtime have gone.

#![expect(unsafe_code, reason = "lends received bytes while the driver is not borrowed")]

use std::{ops::Deref, ptr::NonNull, rc::Rc};

use super::{
    buf::{self, Chunk, Pool},
    chain::Chain,
    worker::Worker,
};

/// See the [module](self).
pub(crate) struct Lent {
    worker: Rc<Worker>,
    /// `None` only while it is dropped.
    chunk: Option<Chunk>,
    piece: (NonNull<u8>, u32),
}

impl Lent {
    /// The first chunk of `chain`, both of the pool of `worker`.
    #[inline]
    pub(super) fn first(worker: &Rc<Worker>, pool: &mut Pool, chain: &mut Chain) -> Option<Self> {
        let piece = pool.front(chain)?;
        let chunk = pool.pop(chain);
        Some(Self { worker: worker.clone(), chunk, piece })
    }

    /// A copy of as many of `bytes`, of which there are some, as a chunk of the pool of `worker` holds.
    pub(super) fn copy(worker: &Rc<Worker>, pool: &mut Pool, bytes: &[u8]) -> Option<Self> {
        let mut chain = Chain::EMPTY;
        pool.append(&mut chain, &bytes[..bytes.len().min(pool.size())]);
        Self::first(worker, pool, &mut chain)
    }
}

impl Deref for Lent {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: [I1], [I2]
        unsafe { buf::lend(self.piece, self) }
    }
}

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        if let Some(chunk) = self.chunk.take() {
            self.worker.give(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{Chain, Lent, Worker};
    use crate::{
        engine::{Config, Engine},
        ring::{Time, Way},
    };

    const SIZE: usize = 4096;

    /// One without a ring: its pool is all that matters here.
    fn worker() -> Rc<Worker> {
        let (config, size) = (Config::default(), SIZE as u32);
        Worker::over(Engine::Closed, Time::Monotonic, config, size, Way::Eventfd)
            .expect("a doorbell can be made")
    }

    fn copy(worker: &Rc<Worker>, bytes: &[u8]) -> Lent {
        worker.with(|driver| Lent::copy(worker, &mut driver.pool, bytes)).expect("some bytes")
    }

    #[test]
    fn holds_one_chunk_and_gives_it_back_once() {
        let worker = worker();
        let lent = copy(&worker, &[7; SIZE + 1]);
        assert_eq!(*lent, [7; SIZE], "no more than a chunk holds");
        assert_eq!(worker.chunks_out(), 1);
        let other = copy(&worker, b"other");
        assert_eq!(worker.chunks_out(), 2);
        drop(lent);
        assert_eq!(worker.chunks_out(), 1);
        assert_eq!(*copy(&worker, b"reused"), *b"reused");
        assert_eq!(*other, *b"other");
        drop(other);
        assert_eq!(worker.chunks_out(), 0);
    }

    #[test]
    fn is_taken_from_the_front_of_its_chain() {
        let worker = worker();
        let mut chain = Chain::EMPTY;
        let bytes: Vec<u8> = (0..2 * SIZE + 10).map(|at| (at / 100) as u8).collect();
        let mut got = Vec::new();
        worker.with(|driver| {
            driver.pool.append(&mut chain, &bytes);
            driver.pool.consume(&mut chain, 3);
        });
        let mut lents = Vec::new();
        while let Some(lent) =
            worker.with(|driver| Lent::first(&worker, &mut driver.pool, &mut chain))
        {
            got.extend_from_slice(&lent);
            lents.push(lent);
        }
        assert_eq!((lents.len(), chain.bytes()), (3, 0));
        assert!(got == bytes[3..], "in order, from where the chain began");
    }

    #[test]
    fn dropped_where_its_pool_is_in_use_it_is_lost_alone() {
        let worker = worker();
        let lent = copy(&worker, b"lost");
        worker.with(|_| drop(lent));
        assert_eq!(worker.chunks_out(), 1);
        drop(copy(&worker, b"others"));
        assert_eq!(worker.chunks_out(), 1);
    }

    #[test]
    fn keeps_the_memory_of_a_worker_that_nobody_else_holds() {
        let worker = worker();
        let gone = Rc::downgrade(&worker);
        let lents = [copy(&worker, b"one"), copy(&worker, b"two")];
        drop(worker);
        let [one, two] = lents;
        assert_eq!((&*one, &*two), (&b"one"[..], &b"two"[..]));
        drop(one);
        assert_eq!(*two, *b"two");
        drop(two);
        assert_eq!(gone.strong_count(), 0, "the last one lets go of it");
    }
}
