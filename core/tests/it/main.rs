//! Behaviour tests: one file per topic.

mod alloc;
mod bell;
mod clock;
mod forget;
mod inbox;
mod ivar;
mod list;
mod lock;
mod pipe;
mod reenter;
mod sleep;
mod timer;
mod wake;
mod wheel;
mod wheel_model;
mod wheel_wakers;
