//! Behaviour tests: one file per topic.

#[cfg(feature = "std")]
mod alloc;
#[cfg(feature = "std")]
mod alloc_epochs;
#[cfg(feature = "std")]
mod alloc_pace;
#[cfg(feature = "std")]
mod alloc_pool;
#[cfg(feature = "std")]
mod alloc_scope;
#[cfg(feature = "std")]
mod alone;
#[cfg(feature = "alloc")]
mod bad_input;
mod bare;
#[cfg(feature = "std")]
#[path = "../../../core/tests/it/bell.rs"]
mod bell;
#[cfg(feature = "std")]
mod bind;
#[cfg(feature = "std")]
mod blocking;
mod board;
#[cfg(feature = "std")]
mod bound;
#[cfg(feature = "std")]
mod bridge_pool;
#[cfg(feature = "alloc")]
mod context;
#[cfg(feature = "std")]
mod counting;
#[cfg(feature = "std")]
mod cycle;
#[cfg(all(feature = "dag", feature = "std"))]
mod dag;
#[cfg(feature = "dag")]
mod dag_bare;
#[cfg(all(feature = "dag", feature = "std"))]
mod dag_picture;
#[cfg(all(feature = "dag", feature = "std"))]
mod dag_trace;
#[cfg(all(feature = "dag", not(feature = "std")))]
mod dag_turns;
#[cfg(feature = "std")]
mod debug;
#[cfg(feature = "std")]
mod delayer;
#[cfg(feature = "alloc")]
mod end_cycle;
#[cfg(feature = "std")]
mod ending;
#[cfg(feature = "std")]
mod every;
#[cfg(feature = "alloc")]
mod everywhere;
mod fixed;
mod fixed_moments;
mod fixed_panics;
mod fixed_root;
mod fixed_timers;
mod fixed_turns;
#[cfg(feature = "std")]
mod for_each;
#[cfg(feature = "std")]
mod foreign;
#[cfg(feature = "std")]
mod forget;
#[cfg(feature = "std")]
mod forget_scope;
#[cfg(feature = "alloc")]
mod given;
#[cfg(feature = "std")]
mod handle;
#[cfg(feature = "std")]
mod helper_thread;
#[cfg(feature = "std")]
mod in_thread;
#[cfg(feature = "std")]
mod join;
#[cfg(feature = "alloc")]
mod left_behind;
#[cfg(feature = "alloc")]
mod left_elsewhere;
#[cfg(feature = "std")]
mod limits;
#[cfg(feature = "hwloc")]
mod machines;
#[cfg(feature = "alloc")]
mod monitor;
#[cfg(feature = "std")]
mod nano;
#[cfg(feature = "std")]
#[path = "../../../core/tests/it/nested.rs"]
mod nested;
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
#[cfg(feature = "alloc")]
mod protect;
#[cfg(feature = "std")]
mod ready;
#[cfg(feature = "std")]
mod reenter;
#[cfg(feature = "std")]
mod reenter_scope;
#[cfg(feature = "std")]
mod run;
#[cfg(feature = "alloc")]
mod scope;
#[cfg(all(feature = "alloc", not(feature = "std")))]
mod sent;
#[cfg(feature = "std")]
mod sequencer;
#[cfg(feature = "alloc")]
mod shield;
#[cfg(feature = "std")]
mod shutdown;
mod signal;
mod start;
#[cfg(feature = "std")]
mod tags;
#[cfg(feature = "std")]
mod threads;
#[cfg(feature = "std")]
mod threads_set;
#[cfg(feature = "std")]
mod timers;
#[cfg(feature = "std")]
mod topology;
#[cfg(feature = "std")]
mod values;
