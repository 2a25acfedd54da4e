//! Tests of the pool: what many threads do together.
#![cfg(feature = "std")]

mod epochs;
mod nodes;
mod storm;
mod tasks;
mod timers;
mod waits;
mod watch;
