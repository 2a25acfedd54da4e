//! The operations, each a small function over what a contestant brings ([`contract`](super::contract)). Each checks what came of it.

pub(crate) mod latch;
pub(crate) mod sums;
pub(crate) mod tasks;
pub(crate) mod wakes;
