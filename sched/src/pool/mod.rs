//! Many workers on many nodes: the machine, how a thread takes its place on it, and a [`Pool`] of them.
//!
//! With the feature `hwloc` (on by default) the machine is asked through the C library of that name, which knows nodes, cores and memory; without it a machine is one
//! node, and every CPU counts as a core.

mod affinity;
mod builder;
mod clock;
mod counts;
mod desk;
#[cfg(not(feature = "hwloc"))]
mod flat;
#[cfg(feature = "hwloc")]
mod hwloc;
mod idle;
mod inject;
mod node;
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod pool;
mod rest;
mod set;
mod shard;
mod shared;
mod spawner;
mod topology;
mod worker;

#[cfg(not(feature = "hwloc"))]
pub(crate) use flat::Machine;
#[cfg(feature = "hwloc")]
pub(crate) use hwloc::Machine;

pub use affinity::{Memory, Pinned, pin};
pub use builder::Builder;
pub use counts::WorkerStats;
pub use idle::Idle;
pub use node::{Core, Node};
pub use pool::{End, Pool};
pub use shared::LongTurn;
pub use spawner::Spawner;
pub use topology::{Place, Topology};
