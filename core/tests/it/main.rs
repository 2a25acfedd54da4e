//! Behaviour tests: one file per topic.

mod alloc;
#[cfg(feature = "alloc")]
mod alloc_pipe;
#[cfg(feature = "alloc")]
mod alloc_scope;
mod bell;
#[cfg(feature = "alloc")]
mod cancel;
mod choose;
mod clock;
#[cfg(all(feature = "alloc", not(feature = "dag")))]
mod dag_absent;
mod deferred;
#[cfg(feature = "alloc")]
mod epoch_all;
#[cfg(feature = "alloc")]
mod epoch_cancel;
#[cfg(feature = "alloc")]
mod epoch_failures;
mod epoch_life;
#[cfg(feature = "alloc")]
mod epoch_order;
#[cfg(feature = "alloc")]
mod epoch_reverse;
mod forget;
mod forget_pipe;
#[cfg(feature = "alloc")]
mod forget_scope;
mod forget_time;
mod inbox;
mod ivar;
mod list;
mod lock;
#[cfg(feature = "alloc")]
mod monitor;
mod mutex;
mod mvar;
mod nested;
mod news;
mod pipe;
mod reenter;
mod reenter_pipe;
#[cfg(feature = "alloc")]
mod reenter_scope;
mod reenter_share;
mod reenter_time;
mod repeat;
mod semaphore;
mod signal;
mod sleep;
mod timer;
mod wake;
mod wheel;
mod wheel_model;
mod wheel_wakers;
