//! The buffers that a simulated ring was lent: taken in order, poisoned until they are filled.

use std::collections::VecDeque;

use super::memory::Span;

/// Buffers that a ring was lent.
#[derive(Debug)]
pub(super) struct Lent {
    /// Given since the last enter: not seen yet.
    given: Vec<(u16, Span)>,
    ready: VecDeque<(u16, Span)>,
    most: usize,
}

impl Lent {
    /// At most `most` at a time.
    pub(super) fn new(most: u16) -> Self {
        Self { given: Vec::new(), ready: VecDeque::new(), most: most.into() }
    }

    /// A buffer is lent, from the next enter on.
    pub(super) fn give(&mut self, id: u16, span: Span) {
        let taken = self.given.iter().chain(&self.ready).any(|(other, _)| *other == id);
        assert!(!taken, "the buffer {id} was lent already");
        span.poison();
        self.given.push((id, span));
        assert!(self.given.len() + self.ready.len() <= self.most, "more buffers than places");
    }

    /// What was given can be used.
    pub(super) fn publish(&mut self) {
        self.ready.extend(self.given.drain(..));
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// The next buffer, to be filled.
    pub(super) fn take(&mut self) -> Option<(u16, Span)> {
        let (id, span) = self.ready.pop_front()?;
        assert!(span.is_poisoned(), "somebody wrote to the buffer {id} while it was lent");
        Some((id, span))
    }
}
