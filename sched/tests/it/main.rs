//! Behaviour tests: one file per topic.

#[cfg(feature = "std")]
mod alloc;
#[cfg(feature = "std")]
mod alone;
mod bare;
#[cfg(feature = "std")]
#[path = "../../../core/tests/it/bell.rs"]
mod bell;
#[cfg(feature = "std")]
mod bind;
mod board;
#[cfg(feature = "std")]
mod context;
#[cfg(feature = "std")]
mod cycle;
#[cfg(feature = "std")]
mod debug;
#[cfg(feature = "std")]
mod delayer;
#[cfg(feature = "std")]
mod every;
#[cfg(feature = "alloc")]
mod everywhere;
#[cfg(feature = "std")]
mod for_each;
#[cfg(feature = "std")]
mod foreign;
#[cfg(feature = "alloc")]
mod given;
#[cfg(feature = "std")]
mod join;
#[cfg(feature = "std")]
mod limits;
#[cfg(feature = "std")]
mod monitor;
#[cfg(feature = "std")]
mod orders;
#[cfg(feature = "std")]
mod pace;
#[cfg(feature = "std")]
mod pipes;
#[cfg(feature = "std")]
mod pipes_body;
#[cfg(feature = "std")]
mod pipes_crowd;
#[cfg(feature = "std")]
mod pipes_many;
#[cfg(feature = "std")]
mod place;
#[cfg(feature = "std")]
mod placed;
#[cfg(feature = "std")]
mod priority;
#[cfg(feature = "std")]
mod protect;
#[cfg(feature = "std")]
mod reenter;
#[cfg(feature = "std")]
mod run;
#[cfg(feature = "std")]
mod scope;
#[cfg(all(feature = "alloc", not(feature = "std")))]
mod sent;
#[cfg(feature = "std")]
mod sequencer;
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
