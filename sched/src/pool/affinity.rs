//! Affinity ties the calling thread to a CPU, and the memory that it will use to a node.
//!
//! Where the system lets no thread choose its memory (one node, no hwloc, a filter as containers have it), memory is placed by first touch: a page comes from the node of
//! the CPU that first writes it. A pinned thread that makes its own memory has it near in either case; the difference shows when its node is full, or when another
//! thread touches the memory first.

use std::{fmt, io, marker::PhantomData};

use super::topology::{Place, Topology};

/// Where the memory of a pinned thread comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// From its node, by a policy of the thread; from others once that is full.
    Bound,
    /// From the node of whoever touches a page first.
    FirstTouch,
}

/// Pins the calling thread to a place: it runs on that CPU alone, and memory that it comes to use from now on is of that node.
///
/// Threads that it starts meanwhile are pinned likewise. Dropping what it returns ends it: the thread may run where it could before.
///
/// ```
/// use tidemill_sched::pool::{Topology, pin};
///
/// let topology = Topology::detect()?;
/// let place = topology.cores().next().expect("there is a core");
/// let pinned = pin(&topology, place)?;
/// // .. work here, on the one CPU ..
/// drop(pinned);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The CPU is not one that this thread may use, or is none of this machine's. Memory that cannot be bound is no error: [`Pinned::memory`] says so.
pub fn pin(topology: &Topology, place: Place) -> io::Result<Pinned> {
    let machine = topology.machine.clone();
    let before = machine.allowed()?;
    machine.bind_thread(&[place.cpu])?;
    let several = topology.nodes().len() > 1;
    let bound = several && machine.bind_memory(place.node).is_ok();
    let memory = if bound { Memory::Bound } else { Memory::FirstTouch };
    Ok(Pinned { machine, before, place, memory, thread: PhantomData })
}

/// The calling thread is pinned, until this is dropped.
#[must_use = "dropping it ends the pinning"]
pub struct Pinned {
    machine: super::Machine,
    before: Vec<usize>,
    place: Place,
    memory: Memory,
    thread: PhantomData<*mut ()>,
}

impl Pinned {
    /// Where it is pinned to.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Where its memory comes from.
    pub fn memory(&self) -> Memory {
        self.memory
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // What was allowed before may have been taken away meanwhile: then the thread stays where it is.
        let _ = self.machine.bind_thread(&self.before);
        if self.memory == Memory::Bound {
            let _ = self.machine.unbind_memory();
        }
    }
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned")
            .field("place", &self.place)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}
