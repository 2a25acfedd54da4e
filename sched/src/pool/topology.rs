//! A topology is the part of the machine that the calling thread may use: nodes of memory, their cores, and the CPUs (hardware threads) of those.
//!
//! [T1] Every CPU that the calling thread may run on stands in exactly one core, and every core in exactly one node. Other CPUs stand nowhere.
//! [T2] At least one node has a CPU. A node without CPUs that may be used (memory alone) has no cores.

use std::{fmt, io};

use super::{
    Machine,
    distances::Distances,
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
    distances: Distances,
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
        Self::of(Machine::detect()?)
    }

    /// A machine that is made up, as hwloc describes them (`"node:2 core:2 pu:2"`): to see where workers would go. Nothing can be pinned to it.
    ///
    /// # Errors
    /// The description is none, or this is built without the feature `hwloc`.
    pub fn synthetic(description: &str) -> io::Result<Self> {
        Self::of(Machine::synthetic(description)?)
    }

    /// A machine that was recorded, in hwloc's XML (what `lstopo machine.xml` writes): to see where workers would go. Nothing can be pinned to it.
    ///
    /// # Errors
    /// It is no such XML, or this is built without the feature `hwloc`.
    pub fn from_xml(xml: &str) -> io::Result<Self> {
        Self::of(Machine::recorded(xml)?)
    }

    fn of(machine: Machine) -> io::Result<Self> {
        let nodes = machine.nodes()?;
        let numbers: Vec<_> = nodes.iter().map(|node| node.id).collect();
        Ok(Self { distances: machine.distances(&numbers), nodes, machine })
    }

    /// Its nodes, in the order of their numbers: at least one has cores; those without are memory alone.
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

    /// The numbers of all CPUs that may be used, in rising order.
    pub fn cpuset(&self) -> Vec<usize> {
        let mut all: Vec<_> =
            self.cores_of_all().flat_map(|(_, core)| core.cpus.iter().copied()).collect();
        all.sort_unstable();
        all
    }

    /// How far memory of node `to` is for the cores of node `from`, in the units of ACPI: 10 to itself, 20 where an access takes twice as long. Where the system does
    /// not tell, all others are at 20. `None` where one of the two is not there.
    pub fn distance(&self, from: usize, to: usize) -> Option<u64> {
        self.distances.between(from, to)
    }

    /// The other nodes: near before far, and of two that are equally far the one with the smaller number first. None for a node that is not there.
    ///
    /// ```
    /// # if !cfg!(feature = "hwloc") { return Ok(()) }
    /// use tidemill_sched::pool::Topology;
    ///
    /// let topology = Topology::synthetic("node:3 pu:1")?;
    /// assert!(topology.nearest(1).eq([0, 2]));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn nearest(&self, node: usize) -> impl ExactSizeIterator<Item = usize> {
        self.distances.nearest(node).iter().copied()
    }

    /// The nodes whose memory a value lies in now, in rising order; the value itself, not what it points at. The system is asked: a page that nobody has touched yet is on
    /// none; and by Linux 6.1 to 6.5 neither is one, for a moment, at which its balancing of nodes (`kernel.numa_balancing`) looks.
    ///
    /// # Errors
    /// The system does not tell, this is a made-up machine, or this is built without the feature `hwloc`.
    pub fn memory_nodes<T: ?Sized>(&self, value: &T) -> io::Result<Vec<usize>> {
        self.machine.memory_nodes(value)
    }

    fn cores_of_all(&self) -> impl Iterator<Item = (&Node, &Core)> {
        self.nodes.iter().flat_map(|node| node.cores.iter().map(move |core| (node, core)))
    }
}

/// A small tree: what there is, and a line for each node, with its cores (`0+1` are two CPUs that share one) and how far the other nodes are.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus = self.cpuset();
        let cores = self.cores_of_all().count();
        let nodes = self.nodes.len();
        writeln!(
            f,
            "{} ({}), {}, {}",
            counted(cpus.len(), "CPU"),
            ranges(&cpus),
            counted(cores, "core"),
            counted(nodes, "node")
        )?;
        for node in &self.nodes {
            write!(f, "  node {}:", node.id)?;
            for core in &node.cores {
                let cpus: Vec<_> = core.cpus.iter().map(usize::to_string).collect();
                write!(f, " {}", cpus.join("+"))?;
            }
            f.write_str(if node.cores.is_empty() { " memory alone" } else { "" })?;
            for (nth, other) in self.nearest(node.id).enumerate() {
                let far = self.distance(node.id, other).unwrap_or_default();
                write!(f, "{} node {other} at {far}", if nth == 0 { ";" } else { "," })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn counted(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

/// Rising numbers, those that follow each other as one range: `0-3,8`.
fn ranges(numbers: &[usize]) -> String {
    let follow = numbers.chunk_by(|before, after| before + 1 == *after);
    let range = |range: &[usize]| match range {
        [first, .., last] => format!("{first}-{last}"),
        alone => alone.iter().map(usize::to_string).collect(),
    };
    follow.map(range).collect::<Vec<_>>().join(",")
}
