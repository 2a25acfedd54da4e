//! Many workers on many nodes. So far: what the machine looks like, and how a thread takes its place on it.
//!
//! With the feature `hwloc` (on by default) the machine is asked through the C library of that name, which knows nodes, cores and memory; without it a machine is one
//! node, and every CPU counts as a core.

mod affinity;
mod expected;
#[cfg(not(feature = "hwloc"))]
mod flat;
#[cfg(feature = "hwloc")]
mod hwloc;
mod node;
mod topology;

#[cfg(not(feature = "hwloc"))]
pub(crate) use flat::Machine;
#[cfg(feature = "hwloc")]
pub(crate) use hwloc::Machine;

pub(crate) use expected::{Expected, expected};

pub use affinity::{Memory, Pinned, pin};
pub use node::{Core, Node};
pub use topology::{Place, Topology};
