//! What may have become of a wait: the states of an entry.

/// What became of an [`Entry`](super::Entry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its moment came, and its waker was woken.
    Fired,
    /// The wheel was closed before its moment came. Its waker was woken.
    Closed,
    /// It waits.
    Armed,
    /// It waits for nothing.
    Idle,
}
