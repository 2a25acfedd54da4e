//! The operations, each a small function over what a contestant brings ([`contract`](super::contract)). Each checks what came of it.

pub(crate) mod pipes;
pub(crate) mod sleepers;
pub(crate) mod tasks;
pub(crate) mod timers;
pub(crate) mod values;
pub(crate) mod wakes;
