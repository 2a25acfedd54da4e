//! Behaviour tests: one file per topic.

#[cfg(feature = "std")]
mod alloc;
mod bare;
#[cfg(feature = "std")]
mod board;
#[cfg(feature = "std")]
mod join;
#[cfg(feature = "std")]
mod place;
#[cfg(feature = "std")]
mod run;
#[cfg(feature = "std")]
mod shutdown;
#[cfg(feature = "std")]
mod threads;
#[cfg(feature = "std")]
mod timers;
#[cfg(feature = "std")]
mod topology;
#[cfg(feature = "std")]
mod values;
