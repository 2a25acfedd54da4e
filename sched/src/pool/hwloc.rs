//! The machine as hwloc knows it.

use std::{collections::HashMap, io, sync::Arc};

use hwlocality::{
    bitmap::BitmapIndex,
    cpu::{binding::CpuBindingFlags, cpuset::CpuSet},
    memory::{
        binding::{MemoryBindingFlags, MemoryBindingPolicy},
        nodeset::NodeSet,
    },
    object::{TopologyObject, distance::DistancesKind, types::ObjectType},
    topology::builder::{StringInputError, TopologyBuilder},
};

pub(crate) use hwlocality::memory::binding::Bytes;

use super::{
    distances::Distances,
    node::{Core, Node},
};

const MADE_UP: &str = "this machine is made up";

/// The machine, as hwloc knows it; never changed once it is made.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    topology: Arc<hwlocality::Topology>,
}

impl Machine {
    pub(super) fn detect() -> io::Result<Self> {
        let topology = hwlocality::Topology::new().map_err(io::Error::other)?;
        Ok(Self { topology: Arc::new(topology) })
    }

    pub(super) fn synthetic(description: &str) -> io::Result<Self> {
        Self::described("no machine as hwloc describes them (\"node:2 core:2 pu:2\")", |builder| {
            builder.from_synthetic(description)
        })
    }

    pub(super) fn recorded(xml: &str) -> io::Result<Self> {
        Self::described("no machine in the XML of hwloc 2", |builder| builder.from_xml(xml))
    }

    fn described(
        otherwise: &str,
        read: impl FnOnce(TopologyBuilder) -> Result<TopologyBuilder, StringInputError>,
    ) -> io::Result<Self> {
        // What hwloc adds is a number of the system, or that it was not content.
        let invalid = || io::Error::new(io::ErrorKind::InvalidInput, otherwise);
        let builder = read(hwlocality::Topology::builder()).map_err(|_| invalid())?;
        let topology = builder.build().map_err(|_| invalid())?;
        Ok(Self { topology: Arc::new(topology) })
    }

    /// Nodes, cores and CPUs, of which only those stay that the calling thread may use.
    pub(super) fn nodes(&self) -> io::Result<Vec<Node>> {
        let mut left = self.allowed()?;
        let mut cores = self.sets(ObjectType::Core);
        // Where no cores are known (some virtual machines), and for CPUs outside all of them, every CPU is its own.
        cores.extend(left.iter().map(|cpu| (*cpu, vec![*cpu])));
        let mut nodes = Vec::new();
        // Several nodes may be near to one CPU: it belongs to the one that is near to the fewest (others are beside a whole package, say), and of those to the first.
        let mut found = self.sets(ObjectType::NUMANode);
        found.sort_unstable_by_key(|(id, near)| (near.len(), *id));
        for (id, near) in found {
            let mut node = Node { id, cores: Vec::new() };
            for (_, cpus) in &cores {
                let of_both = |cpu: &usize| cpus.contains(cpu) && near.contains(cpu);
                let cpus: Vec<usize> = left.iter().copied().filter(of_both).collect();
                left.retain(|cpu| !cpus.contains(cpu));
                if !cpus.is_empty() {
                    node.cores.push(Core { cpus });
                }
            }
            nodes.push(node);
        }
        nodes.sort_unstable_by_key(|node| node.id);
        if !left.is_empty() {
            // A CPU that no node is near to: the first answers for it.
            let cores = left.into_iter().map(|cpu| Core { cpus: vec![cpu] });
            match nodes.first_mut() {
                Some(node) => node.cores.extend(cores),
                None => nodes.push(Node { id: 0, cores: cores.collect() }),
            }
        }
        Ok(nodes)
    }

    /// How far the nodes with these numbers are from each other, as far as somebody measured it.
    pub(super) fn distances(&self, nodes: &[usize]) -> Distances {
        let latency = Some(DistancesKind::MEANS_LATENCY);
        let measured = self.topology.distances_with_type(latency, ObjectType::NUMANode);
        let measured = measured.unwrap_or_default();
        let mut known = HashMap::new();
        // Where there are several matrices, the first that has a pair answers for it.
        for matrix in measured.iter() {
            let numbers: Vec<_> =
                matrix.objects().map(|object| object.and_then(TopologyObject::os_index)).collect();
            for ((from, to), far) in matrix.enumerate_distances() {
                if let (Some(from), Some(to)) = (numbers[from], numbers[to]) {
                    known.entry((from, to)).or_insert(far);
                }
            }
        }
        Distances::new(nodes, |from, to| known.get(&(from, to)).copied())
    }

    /// The system's number and the CPUs of all objects of a type, in hwloc's order.
    fn sets(&self, of: ObjectType) -> Vec<(usize, Vec<usize>)> {
        let numbered = |object: &TopologyObject| {
            let cpus = object.cpuset().map(|set| numbers(&set)).unwrap_or_default();
            (object.os_index().unwrap_or(0), cpus)
        };
        self.topology.objects_with_type(of).map(numbered).collect()
    }

    /// The CPUs that the calling thread may use, in rising order; of a made-up machine all.
    pub(super) fn allowed(&self) -> io::Result<Vec<usize>> {
        let all = self.topology.cpuset();
        if !self.topology.is_this_system() {
            return Ok(numbers(&all));
        }
        let mine = self.topology.cpu_binding(CpuBindingFlags::THREAD).map_err(io::Error::other)?;
        let known = numbers(&all);
        Ok(numbers(&mine).into_iter().filter(|cpu| known.contains(cpu)).collect())
    }

    /// Lets the calling thread run on these CPUs alone.
    pub(super) fn bind_thread(&self, cpus: &[usize]) -> io::Result<()> {
        if !self.topology.is_this_system() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, MADE_UP));
        }
        let set: CpuSet = indices(cpus)?.into_iter().collect();
        let flags = CpuBindingFlags::THREAD | CpuBindingFlags::NO_MEMORY_BINDING;
        self.topology.bind_cpu(&set, flags).map_err(io::Error::other)
    }

    /// Prefers this node for memory that the calling thread comes to use.
    pub(super) fn bind_memory(&self, node: usize) -> io::Result<()> {
        let set: NodeSet = indices(&[node])?.into_iter().collect();
        let flags = MemoryBindingFlags::THREAD | MemoryBindingFlags::NO_CPU_BINDING;
        self.topology.bind_memory(&set, MemoryBindingPolicy::Bind, flags).map_err(io::Error::other)
    }

    /// Memory of the calling thread comes from where it would have without us.
    pub(super) fn unbind_memory(&self) -> io::Result<()> {
        self.topology.unbind_memory(MemoryBindingFlags::THREAD).map_err(io::Error::other)
    }

    /// So many bytes in pages of their own, and whether these will be of the node. What they borrow is behind the `Arc`.
    pub(super) fn pages(&self, node: usize, size: usize) -> Option<(Bytes<'_>, bool)> {
        // Of a made-up machine hwloc says that memory is bound.
        if !self.topology.is_this_system() {
            return None;
        }
        let bytes = self.topology.allocate_memory(size).ok()?;
        let set: Option<NodeSet> = indices(&[node]).ok().map(|set| set.into_iter().collect());
        let bound = set.is_some_and(|set| {
            let (policy, flags) = (MemoryBindingPolicy::Bind, MemoryBindingFlags::empty());
            self.topology.bind_memory_area(&bytes[..], &set, policy, flags).is_ok()
        });
        Some((bytes, bound))
    }

    /// The nodes whose memory a value lies in.
    pub(super) fn memory_nodes<T: ?Sized>(&self, value: &T) -> io::Result<Vec<usize>> {
        if !self.topology.is_this_system() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, MADE_UP));
        }
        if size_of_val(value) == 0 {
            return Ok(Vec::new());
        }
        let flags = MemoryBindingFlags::empty();
        let set: NodeSet =
            self.topology.area_memory_location(value, flags).map_err(io::Error::other)?;
        Ok(set.iter_set().map(usize::from).collect())
    }
}

fn numbers(set: &CpuSet) -> Vec<usize> {
    set.iter_set().map(usize::from).collect()
}

fn indices(numbers: &[usize]) -> io::Result<Vec<BitmapIndex>> {
    let unknown = |_| io::Error::new(io::ErrorKind::InvalidInput, "no such CPU or node");
    numbers.iter().map(|number| BitmapIndex::try_from(*number).map_err(unknown)).collect()
}
