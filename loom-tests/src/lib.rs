//! One model per atomic protocol of Tidemill, and a canary that must fail.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p tidemill-loom-tests --release`, and `LOOM_MAX_PREEMPTIONS=2` for a quick look.
//! Without `--cfg loom` there is nothing here. Each model states a sentence, and names a weakening that was seen to break it.

#[cfg(loom)]
mod bell;
#[cfg(loom)]
mod board;

#[cfg(loom)]
pub use bell::{Bell, poll};
#[cfg(loom)]
pub use board::{Board, Count};
