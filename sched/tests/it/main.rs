//! Behaviour tests: one file per topic.

#[cfg(feature = "std")]
mod alloc;
mod bare;
#[cfg(feature = "std")]
mod board;
#[cfg(feature = "std")]
mod context;
#[cfg(feature = "std")]
mod join;
#[cfg(feature = "std")]
mod monitor;
#[cfg(feature = "std")]
mod orders;
#[cfg(feature = "std")]
mod place;
#[cfg(feature = "std")]
mod protect;
#[cfg(feature = "std")]
mod run;
#[cfg(feature = "std")]
mod scope;
#[cfg(feature = "std")]
mod shutdown;
#[cfg(feature = "std")]
mod threads;
#[cfg(feature = "std")]
mod timers;
#[cfg(feature = "std")]
mod topology;
