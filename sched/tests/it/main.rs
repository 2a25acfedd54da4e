//! Behaviour tests: one file per topic.

#![expect(unsafe_code, reason = "a counting allocator")]

mod alloc;
mod board;
mod join;
mod place;
mod run;
mod shutdown;
mod threads;
mod timers;
#[cfg(feature = "std")]
mod topology;
