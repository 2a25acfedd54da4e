//! A topology is the part of the machine that the calling thread may use: nodes of memory, their cores, and the CPUs (hardware threads) of those.
//!
//! [T1] Every CPU that the calling thread may run on stands in exactly one core, and every core in exactly one node. Other CPUs stand nowhere.
//! [T2] At least one node has a CPU. A node without CPUs (memory alone) has no cores.

use std::{fmt, io};

use super::{
    Machine,
    node::{Core, Node},
};

/// What the calling thread may use of the machine: nodes, their cores, and the CPUs of those.
///
/// ```
/// use tidemill_sched::pool::Topology;
///
/// let topology = Topology::detect()?;
/// print!("{topology}");
/// for place in topology.cores() {
///     println!("a worker could be on CPU {}, with memory of node {}", place.cpu, place.node);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Topology {
    nodes: Vec<Node>,
    pub(super) machine: Machine,
}

/// A place for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The CPU to run on.
    pub cpu: usize,
    /// The node to have memory from.
    pub node: usize,
}

impl Topology {
    /// What the calling thread may use: its cpuset, as `sched_setaffinity`, `taskset` and containers restrict it. This takes some milliseconds.
    ///
    /// # Errors
    /// The system refuses to tell.
    pub fn detect() -> io::Result<Self> {
        let machine = Machine::detect()?;
        Ok(Self { nodes: machine.nodes()?, machine })
    }

    /// A machine that is made up, as hwloc describes them (`"node:2 core:2 pu:2"`): to see where workers would go. Nothing can be pinned to it.
    ///
    /// # Errors
    /// The description is none.
    #[cfg(feature = "hwloc")]
    pub fn synthetic(description: &str) -> io::Result<Self> {
        let machine = Machine::synthetic(description)?;
        Ok(Self { nodes: machine.nodes()?, machine })
    }

    /// Its nodes: at least one has cores; those without are memory alone.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One place for each core: its first CPU, node by node.
    pub fn cores(&self) -> impl Iterator<Item = Place> {
        self.nodes.iter().flat_map(|node| {
            node.cores.iter().map(|core| Place { cpu: core.cpus[0], node: node.id })
        })
    }

    /// One place for each CPU: the first of every core before the second of any.
    pub fn cpus(&self) -> impl Iterator<Item = Place> {
        let widest = self.cores_of_all().map(|(_, core)| core.cpus.len()).max().unwrap_or(0);
        (0..widest).flat_map(|turn| {
            self.cores_of_all().filter_map(move |(node, core)| {
                core.cpus.get(turn).map(|cpu| Place { cpu: *cpu, node: node.id })
            })
        })
    }

    /// The node of a CPU; `None` where the CPU is not to be used.
    pub fn node_of(&self, cpu: usize) -> Option<&Node> {
        self.cores_of_all().find(|(_, core)| core.cpus.contains(&cpu)).map(|(node, _)| node)
    }

    fn cores_of_all(&self) -> impl Iterator<Item = (&Node, &Core)> {
        self.nodes.iter().flat_map(|node| node.cores.iter().map(move |core| (node, core)))
    }
}

/// A small tree: a line for each node, with its cores.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            write!(f, "node {}:", node.id)?;
            for core in &node.cores {
                let cpus: Vec<_> = core.cpus.iter().map(usize::to_string).collect();
                write!(f, " {}", cpus.join("+"))?;
            }
            writeln!(f, "{}", if node.cores.is_empty() { " memory alone" } else { "" })?;
        }
        Ok(())
    }
}
