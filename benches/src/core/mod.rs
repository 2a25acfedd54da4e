//! The benchmark of the core: every operation of tasks, values, pipes, locks and timers, of ours and of the peers, in alternating visits; and that of
//! values in epochs, and that of pools, by the same means.
//!
//! | pass           | of each operation, for each contestant           | from                                      |
//! |----------------|--------------------------------------------------|-------------------------------------------|
//! | `time`         | nanoseconds                                      | visits of a cycle, over cycles            |
//! | `instructions` | user instructions                                | valgrind, the slope between two counts    |
//! | `memory`       | allocations, and bytes that stay in use          | an allocator that counts                  |
//!
//! A visit is a process of its own (`contestants/main.rs`), which warms up, goes through its rounds, and checks what comes of them.

pub mod contestant;
pub mod dice;
pub mod epochs;
pub mod instructions;
pub mod memory;
pub mod meter;
pub mod operations;
pub mod parallel;
pub mod part;
pub mod picture;
pub mod pools;
pub mod program;
pub mod report;
pub mod roster;
pub mod settings;
pub mod suite;
pub mod table;
pub mod time;
pub mod visit;
