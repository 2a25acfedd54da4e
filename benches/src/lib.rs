//! Ours beside the peers and the hand-written limit.
