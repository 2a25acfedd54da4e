//! Behaviour tests: one file per topic.

mod alloc;
mod bell;
mod forget;
mod ivar;
mod list;
mod lock;
mod reenter;
mod wake;
