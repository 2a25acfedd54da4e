//! Tests of the pool: what many threads do together.
#![cfg(feature = "std")]

mod nodes;
mod tasks;
mod timers;
mod waits;
