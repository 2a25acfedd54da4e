//! Many workers on many nodes: the machine, how a thread takes its place on it, and a [`Pool`] of them.
//!
//! With the feature `hwloc` (on by default) the machine is asked through the C library of that name, which knows nodes, cores and memory; without it a machine is one
//! node, and every CPU counts as a core.

mod affinity;
mod ambient;
mod bound;
mod builder;
mod clock;
mod counts;
mod desk;
mod distances;
mod erased;
mod expected;
#[cfg(not(feature = "hwloc"))]
mod flat;
#[cfg(feature = "hwloc")]
mod hwloc;
mod idle;
mod inject;
mod look;
mod node;
mod owner;
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod pool;
mod rest;
mod schedule;
mod set;
mod shard;
mod shared;
mod sleep;
mod spawn;
mod spawner;
mod topology;
mod trace;
mod wait;
mod worker;

#[cfg(not(feature = "hwloc"))]
pub(crate) use flat::{Bytes, Machine};
#[cfg(feature = "hwloc")]
pub(crate) use hwloc::{Bytes, Machine};

pub use affinity::{Memory, Pinned, pin};
pub use ambient::{Migrate, migrate, node, preferred_node, set_preferred_node, worker};
pub use bound::NodeBox;
pub use builder::Builder;
pub use counts::WorkerStats;
pub(crate) use expected::{Expected, expected};
pub use idle::Idle;
pub use node::{Core, Node};
pub use pool::{End, Pool};
pub use shared::LongTurn;
pub use sleep::{Sleep, after, at};
pub use spawner::Spawner;
pub use topology::{Place, Topology};
