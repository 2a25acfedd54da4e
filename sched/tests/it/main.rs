//! Behaviour tests: one file per topic.

mod alloc;
mod board;
mod join;
mod place;
mod run;
mod shutdown;
mod threads;
mod timers;
