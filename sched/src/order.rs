//! An order: in which of all ways the ready tasks of a batch take their turns.
//!
//! | order   | the tasks of a priority that are ready                                                            |
//! |---------|---------------------------------------------------------------------------------------------------|
//! | Fifo    | take their turns as they became ready                                                             |
//! | Reverse | take their turns the other way round (uni20's order)                                              |
//! | Random  | are shuffled, and in every second batch some are left to the next: so anyone may overtake anyone  |
//!
//! [O1] Low tasks are in a batch only if all Normal ones are: what is Low never overtakes what is Normal.
//! [O2] The same seed and the same program make the same run.

use tidemill_core::{task::Header, wait::Chain};

/// In which of all ways ready tasks take their turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Order {
    /// First ready, first run.
    #[default]
    Fifo,
    /// Of those that are ready together the last one first.
    Reverse,
    /// Any, by this seed.
    Random(u64),
}

/// Into how many heaps a shuffle deals, and how often: two tasks stay in their order by chance once in `HEAPS.pow(DEALS)`.
const HEAPS: usize = 16;
const DEALS: u32 = 4;

impl Order {
    /// Moves what takes its turn in the next batch to the end of `batch`; what stays in `ready` is left to the one after. Whether nothing was
    /// left.
    pub(crate) fn arrange(&mut self, ready: &mut Chain<Header>, batch: &mut Chain<Header>) -> bool {
        match self {
            Self::Fifo => batch.append(core::mem::take(ready)),
            Self::Reverse => {
                ready.reverse();
                batch.append(core::mem::take(ready));
            }
            Self::Random(seed) => {
                let len = shuffle(ready, seed);
                let taken = if next(seed).is_multiple_of(2) { len } else { 1 + below(seed, len) };
                for _ in 0..taken {
                    batch.append(ready.take_first());
                }
            }
        }
        ready.is_empty()
    }
}

/// Deals the tasks onto heaps at random, and takes these up one after the other: a radix sort by keys that are drawn digit by digit. Says how
/// many there are.
fn shuffle(tasks: &mut Chain<Header>, seed: &mut u64) -> usize {
    let mut len = 0;
    for _ in 0..DEALS {
        len = 0;
        let mut heaps = [const { Chain::new() }; HEAPS];
        while !tasks.is_empty() {
            heaps[below(seed, HEAPS)].append(tasks.take_first());
            len += 1;
        }
        for heap in heaps {
            tasks.append(heap);
        }
    }
    len
}

/// A number below `end`, or 0.
fn below(seed: &mut u64, end: usize) -> usize {
    // Less than `end`, so it fits.
    (next(seed) % (end.max(1) as u64)) as usize
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
