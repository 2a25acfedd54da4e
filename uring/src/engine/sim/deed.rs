//! A deed is an operation in flight: what it is to do, when it may, and how far it has come.

use tidemill_core::clock::Instant;

use super::memory::Span;
use crate::engine::op::Op;

/// An operation in flight.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) number: u64,
    pub(super) token: u64,
    pub(super) op: Op,
    /// The socket that its descriptor stood for when it was taken.
    pub(super) socket: Option<u64>,
    /// What it sends, or where it reads to.
    pub(super) spans: Vec<Span>,
    /// Bytes that it has sent.
    pub(super) done: usize,
    /// What it has sent, as a number.
    pub(super) digest: Digest,
    /// It was tried, and waits for its socket.
    pub(super) polled: bool,
    /// It is not executed before.
    pub(super) ready: Instant,
    /// Its newest answer comes not before.
    pub(super) answered: Instant,
}

impl Deed {
    /// Bytes that it is to send in all.
    pub(super) fn total(&self) -> usize {
        self.spans.iter().map(Span::len).sum()
    }

    /// What it is to send next, at most `count` bytes, read at this moment.
    pub(super) fn next(&self, count: usize) -> Vec<u8> {
        gather(&self.spans, self.done, count)
    }

    /// What says later whether the bytes that it sent are still in place.
    pub(super) fn proof(&self) -> Option<Proof> {
        (self.done > 0).then(|| Proof {
            spans: self.spans.clone(),
            done: self.done,
            digest: self.digest,
        })
    }
}

/// What an operation sent, to be compared when it is answered.
#[derive(Debug)]
pub(super) struct Proof {
    spans: Vec<Span>,
    done: usize,
    digest: Digest,
}

impl Proof {
    /// Whether the memory still holds what was sent.
    pub(super) fn holds(&self) -> bool {
        let mut digest = Digest::default();
        digest.add(&gather(&self.spans, 0, self.done));
        digest == self.digest
    }
}

/// The bytes of `spans` from `from` on, at most `count`.
fn gather(spans: &[Span], mut from: usize, count: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count);
    for span in spans {
        if from < span.len() {
            span.read(from, count - bytes.len(), &mut bytes);
        }
        from = from.saturating_sub(span.len());
    }
    bytes
}

/// A number that differs where bytes differ: FNV-1a.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest(pub(super) u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds `bytes`.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
