//! Ours beside the peers and the hand-written limit.
//!
//! | room         | what                                                                        |
//! |--------------|-----------------------------------------------------------------------------|
//! | `ring`       | an io_uring by hand: what the limit serves with, and what loads are made of |
//! | `server`     | what every server of a benchmark does first                                 |
//! | `arguments`, `machine`, `statistics`, `progress` | what every benchmark is told, says and reckons      |
//! | `markdown`, `canvas` | tables and pictures                                                 |
//! | `valgrind`   | instructions, counted                                                       |
//! | `heap`       | allocations, counted                                                        |
//! | `row`, `stays` | futures in one block; futures that stay on their thread                   |
//! | `echo`       | the echo benchmark: load, passes, statistics, tables and pictures           |
//! | `core`       | the benchmark of the core: operations, visits, passes, tables and pictures  |
//!
//! The servers and the contestants are binaries of this package; `benches/` holds one file for each benchmark.

pub mod arguments;
pub mod canvas;
pub mod core;
pub mod echo;
pub mod heap;
pub mod machine;
pub mod markdown;
pub mod progress;
pub mod ring;
pub mod row;
pub mod server;
pub mod statistics;
pub mod stays;
pub mod valgrind;
