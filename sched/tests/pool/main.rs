//! Tests of the pool: what many threads do together.
#![cfg(feature = "std")]

mod epochs;
mod load;
mod nodes;
mod queues;
mod storm;
mod tasks;
mod timers;
mod two_nodes;
mod waits;
mod watch;
