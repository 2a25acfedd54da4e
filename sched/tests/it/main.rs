//! Behaviour tests: one file per topic.

mod board;
mod join;
mod run;
mod shutdown;
