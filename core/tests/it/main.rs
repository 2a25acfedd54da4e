//! Behaviour tests: one file per topic.

mod alloc;
mod bell;
#[cfg(feature = "alloc")]
mod cancel;
mod clock;
mod forget;
mod inbox;
mod ivar;
mod list;
mod lock;
mod reenter;
mod sleep;
mod wake;
mod wheel;
mod wheel_model;
mod wheel_wakers;
