//! What one connection says.

/// The largest of the mixed sizes is two to this power.
const LARGEST: u64 = 16;

/// What one connection says: a stream of pseudo-random bytes, cut into messages.
pub(crate) struct Script {
    random: u64,
    size: Option<usize>,
    /// Where the message begins in the stream.
    pub(crate) start: u64,
    pub(crate) message: Vec<u8>,
}

impl Script {
    pub(crate) fn new(seed: u64, size: Option<usize>) -> Self {
        let random = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { random, size, start: 0, message: Vec::with_capacity(size.unwrap_or(1 << LARGEST)) }
    }

    /// A step of xorshift (Marsaglia, 2003: 13, 7, 17).
    fn word(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// The next message.
    pub(crate) fn next(&mut self) -> &[u8] {
        self.start += self.message.len() as u64;
        let size = self.size.unwrap_or_else(|| self.mixed());
        self.message.clear();
        while self.message.len() < size {
            let word = self.word().to_le_bytes();
            let count = (size - self.message.len()).min(word.len());
            self.message.extend_from_slice(&word[..count]);
        }
        &self.message
    }

    /// A size of any magnitude: the smaller of two, so that small ones are more frequent.
    fn mixed(&mut self) -> usize {
        let word = self.word() >> 8;
        let power = (word % (LARGEST + 1)).min((word >> 8) % (LARGEST + 1));
        if power == LARGEST {
            1 << LARGEST
        } else {
            (1 << power) + (word >> 24) as usize % (1 << power)
        }
    }
}
