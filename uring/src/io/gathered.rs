//! What a reader has gathered: bytes in one piece, of which the first may have been taken already.
//!
//! Most readers never gather, so an empty one costs a word.

use std::mem;

/// Bytes that an emptied one keeps room for; more is given back.
const KEPT: usize = 4096;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Gathered(Option<Box<Piece>>);

#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    /// How many of the bytes are taken: taking few of many moves none.
    taken: usize,
}

impl Gathered {
    /// The bytes that are left.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.0 {
            Some(piece) => &piece.bytes[piece.taken..],
            None => &[],
        }
    }

    /// Whether none is left.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// Adds `bytes` behind the others.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let piece = self.0.get_or_insert_default();
        piece.bytes.drain(..mem::take(&mut piece.taken));
        piece.bytes.extend_from_slice(bytes);
    }

    /// Takes the first `count` of the bytes that are left.
    pub(super) fn consume(&mut self, count: usize) {
        let Some(piece) = &mut self.0 else { return };
        piece.taken += count;
        if piece.taken < piece.bytes.len() {
            return;
        }
        if piece.bytes.capacity() > KEPT {
            self.0 = None;
        } else {
            piece.bytes.clear();
            piece.taken = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gathered;

    #[test]
    fn gives_what_it_was_given_once_and_in_order() {
        let mut gathered = Gathered::default();
        assert!(gathered.is_empty());
        gathered.extend(b"abc");
        gathered.consume(2);
        gathered.extend(b"def");
        assert_eq!(gathered.bytes(), b"cdef");
        gathered.consume(4);
        assert!(gathered.is_empty());
        gathered.extend(&[7; 5000]);
        gathered.consume(5000);
        assert!(gathered.0.is_none(), "large room is given back");
    }
}
