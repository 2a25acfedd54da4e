//! Ours beside the peers and the hand-written limit.
//!
//! | room     | what                                                                        |
//! |----------|-----------------------------------------------------------------------------|
//! | `ring`   | an io_uring by hand: what the limit serves with, and what loads are made of |
//! | `server` | what every server of a benchmark does first                                 |
//! | `echo`   | the echo benchmark: load, passes, statistics, tables and pictures           |
//!
//! The servers are the binaries of this package; `benches/` holds one file for each benchmark.

pub mod echo;
pub mod ring;
pub mod server;
