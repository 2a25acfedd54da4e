//! The machine without hwloc: one node, and every CPU that the calling thread may use is a core.

use std::{
    convert::Infallible,
    io,
    marker::PhantomData,
    mem::MaybeUninit,
    ops::{Deref, DerefMut},
};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::{
    distances::Distances,
    node::{Core, Node},
};

const WITHOUT: &str = "not known: built without the feature `hwloc`";

/// The machine, as the system's own calls show it.
#[derive(Clone, Debug)]
pub(crate) struct Machine;

impl Machine {
    pub(super) fn detect() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn synthetic(_description: &str) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, WITHOUT))
    }

    pub(super) fn recorded(_xml: &str) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, WITHOUT))
    }

    pub(super) fn nodes(&self) -> io::Result<Vec<Node>> {
        let cores = self.allowed()?.into_iter().map(|cpu| Core { cpus: vec![cpu] }).collect();
        Ok(vec![Node { id: 0, cores }])
    }

    /// Nobody measured.
    pub(super) fn distances(&self, nodes: &[usize]) -> Distances {
        Distances::new(nodes, |_, _| None)
    }

    /// The CPUs that the calling thread may use, in rising order.
    pub(super) fn allowed(&self) -> io::Result<Vec<usize>> {
        let set = sched_getaffinity(None)?;
        Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
    }

    /// Lets the calling thread run on these CPUs alone.
    pub(super) fn bind_thread(&self, cpus: &[usize]) -> io::Result<()> {
        let mut set = CpuSet::new();
        for cpu in cpus {
            if *cpu >= CpuSet::MAX_CPU {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            set.set(*cpu);
        }
        Ok(sched_setaffinity(None, &set)?)
    }

    /// There is one node, and nothing to choose.
    pub(super) fn bind_memory(&self, _node: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn unbind_memory(&self) -> io::Result<()> {
        Ok(())
    }

    /// There are none.
    pub(super) fn pages(&self, _node: usize, _size: usize) -> Option<(Bytes<'_>, bool)> {
        None
    }

    pub(super) fn memory_nodes<T: ?Sized>(&self, _value: &T) -> io::Result<Vec<usize>> {
        Err(io::Error::new(io::ErrorKind::Unsupported, WITHOUT))
    }
}

/// Pages of a node: here are none.
pub(crate) struct Bytes<'a> {
    never: Infallible,
    machine: PhantomData<&'a Machine>,
}

impl Deref for Bytes<'_> {
    type Target = [MaybeUninit<u8>];

    fn deref(&self) -> &Self::Target {
        match self.never {}
    }
}

impl DerefMut for Bytes<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self.never {}
    }
}
