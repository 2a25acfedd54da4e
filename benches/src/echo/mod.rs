//! The echo benchmark: one program holds connections to every server at once and visits them in turn.
//!
//! | pass           | for each server                                                               | from                             |
//! |----------------|-------------------------------------------------------------------------------|----------------------------------|
//! | `rate`         | requests per second, CPU time per request, latency, each beside the limit's   | slices of a cycle, over cycles   |
//! | `calls`        | system calls per request; ours counts its enters and allocations beside that  | the tracepoint `sys_enter`, perf |
//! | `instructions` | user instructions and heap allocations per request                            | valgrind, in lock-step           |
//! | `memory`       | user memory per idle connection                                               | resident pages, at thousands     |

pub mod calls;
pub mod instructions;
pub mod load;
pub mod memory;
pub mod picture;
pub mod process;
pub mod rate;
pub mod report;
pub mod roster;
pub mod settings;
pub mod table;
