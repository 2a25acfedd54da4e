//! The machine as hwloc knows it.

use std::{error::Error, io, sync::Arc};

use hwlocality::{
    bitmap::BitmapIndex,
    cpu::{binding::CpuBindingFlags, cpuset::CpuSet},
    memory::{
        binding::{MemoryBindingFlags, MemoryBindingPolicy},
        nodeset::NodeSet,
    },
    object::types::ObjectType,
};

use super::node::{Core, Node};

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
        let invalid = |error: &dyn Error| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{description}: {error}"))
        };
        let topology = hwlocality::Topology::builder()
            .from_synthetic(description)
            .map_err(|error| invalid(&error))?
            .build()
            .map_err(|error| invalid(&error))?;
        Ok(Self { topology: Arc::new(topology) })
    }

    /// Nodes, cores and CPUs, of which only those stay that the calling thread may use.
    pub(super) fn nodes(&self) -> io::Result<Vec<Node>> {
        let mut left = self.allowed()?;
        let mut cores = self.sets(ObjectType::Core);
        // Where no cores are known (some virtual machines), and for CPUs outside all of them, every CPU is its own.
        cores.extend(left.iter().map(|cpu| (*cpu, vec![*cpu])));
        let mut nodes = Vec::new();
        for (id, near) in self.sets(ObjectType::NUMANode) {
            let mut node = Node { id, cores: Vec::new() };
            for (_, cpus) in &cores {
                let of_both = |cpu: &usize| cpus.contains(cpu) && near.contains(cpu);
                // Several nodes may be near to one CPU: it belongs to the first.
                let cpus: Vec<usize> = left.iter().copied().filter(of_both).collect();
                left.retain(|cpu| !cpus.contains(cpu));
                if !cpus.is_empty() {
                    node.cores.push(Core { cpus });
                }
            }
            nodes.push(node);
        }
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

    /// The system's number and the CPUs of all objects of a type, in hwloc's order.
    fn sets(&self, of: ObjectType) -> Vec<(usize, Vec<usize>)> {
        let numbered = |object: &hwlocality::object::TopologyObject| {
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
            return Err(io::Error::new(io::ErrorKind::Unsupported, "this machine is made up"));
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
}

fn numbers(set: &CpuSet) -> Vec<usize> {
    set.iter_set().map(usize::from).collect()
}

fn indices(numbers: &[usize]) -> io::Result<Vec<BitmapIndex>> {
    let unknown = |_| io::Error::new(io::ErrorKind::InvalidInput, "no such CPU or node");
    numbers.iter().map(|number| BitmapIndex::try_from(*number).map_err(unknown)).collect()
}
