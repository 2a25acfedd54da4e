//! How many workers a runtime has, and where they are.

use std::io;

use tidemill_sched::pool::{Place, Topology};

/// How many workers a runtime has.
///
/// Several are pinned, each to a CPU of its own, with memory from the node of that. One alone stays where the system puts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Workers {
    /// One: the calling thread.
    #[default]
    One,
    /// One for each core that the calling thread may use. (Without the feature `hwloc` every hardware thread counts as a core.)
    PerCore,
    /// One for each node that has cores.
    PerNode,
    /// So many: on cores first, then on their further hardware threads; more than there are of those share them.
    Count(usize),
}

/// Where workers are.
pub(super) struct Places {
    pub(super) topology: Topology,
    /// At least two.
    pub(super) places: Vec<Place>,
}

impl Workers {
    /// Where the workers are, the calling thread's first. `None`: it is alone, and stays where it is.
    pub(super) fn places(self) -> io::Result<Option<Places>> {
        if matches!(self, Self::One | Self::Count(1)) {
            return Ok(None);
        }
        let topology = Topology::detect()?;
        let places: Vec<Place> = match self {
            Self::One => Vec::new(),
            Self::PerCore => topology.cores().collect(),
            Self::PerNode => first_of_each_node(&topology),
            Self::Count(0) => {
                let text = "a runtime has at least one worker";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            Self::Count(count) => {
                let cpus: Vec<_> = topology.cpus().collect();
                cpus.into_iter().cycle().take(count).collect()
            }
        };
        Ok((places.len() > 1).then_some(Places { topology, places }))
    }
}

fn first_of_each_node(topology: &Topology) -> Vec<Place> {
    let mut places: Vec<Place> = topology.cores().collect();
    places.dedup_by_key(|place| place.node);
    places
}

#[cfg(all(test, feature = "hwloc"))]
mod tests {
    use super::{Topology, first_of_each_node};

    #[test]
    fn a_worker_per_node_is_on_its_first_core() {
        let topology = Topology::synthetic("node:3 core:2 pu:2").expect("a description");
        let places = first_of_each_node(&topology);
        let places: Vec<_> = places.iter().map(|place| (place.cpu, place.node)).collect();
        assert_eq!(places, [(0, 0), (4, 1), (8, 2)]);
    }
}
