//! What may have become of a wait: the states of an entry.

/// What became of an [`Entry`](super::Entry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)] // There is room for it where it stands, and on a Cortex-M a word is further in reach than a byte.
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
