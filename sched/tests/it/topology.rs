//! The machine and its places: this one, restricted ones, made-up ones.

use std::{collections::HashSet, thread};

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use tidemill_sched::pool::{Memory, Place, Topology, pin};

/// The CPUs that the calling thread may use.
fn allowed() -> Vec<usize> {
    let set = sched_getaffinity(None).unwrap();
    (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect()
}

/// Runs `f` on a thread that may use these CPUs alone.
fn restricted<T: Send>(cpus: &[usize], f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let restricted = scope.spawn(|| {
            let mut set = CpuSet::new();
            cpus.iter().for_each(|cpu| set.set(*cpu));
            sched_setaffinity(None, &set).unwrap();
            f()
        });
        restricted.join().unwrap()
    })
}

fn cpus_of(topology: &Topology) -> Vec<usize> {
    let mut cpus: Vec<_> = topology.cpus().map(|place| place.cpu).collect();
    cpus.sort_unstable();
    cpus
}

#[test]
fn every_cpu_that_this_thread_may_use_has_one_place() {
    let topology = Topology::detect().unwrap();
    assert_eq!(cpus_of(&topology), allowed());
    let cores: Vec<_> = topology.cores().collect();
    assert!(!cores.is_empty() && cores.len() <= allowed().len());
    assert_eq!(cores.iter().collect::<HashSet<_>>().len(), cores.len());
    for Place { cpu, node } in topology.cpus() {
        assert_eq!(topology.node_of(cpu).unwrap().id, node);
    }
    assert_eq!(topology.node_of(1 << 20), None);
    assert!(topology.to_string().starts_with("node "), "{topology}");
}

#[test]
fn a_restricted_thread_sees_its_own_cpus_alone() {
    for cpu in allowed() {
        let topology = restricted(&[cpu], || Topology::detect().unwrap());
        assert_eq!(cpus_of(&topology), [cpu]);
        assert_eq!(topology.cores().count(), 1);
    }
}

#[test]
fn a_pinned_thread_runs_on_its_cpu_until_it_is_let_go() {
    let before = allowed();
    thread::spawn(move || {
        let topology = Topology::detect().unwrap();
        for place in topology.cpus() {
            let pinned = pin(&topology, place).unwrap();
            assert_eq!(pinned.place(), place);
            assert_eq!((allowed(), sched_getcpu()), (vec![place.cpu], place.cpu));
            if topology.nodes().len() == 1 {
                assert_eq!(pinned.memory(), Memory::FirstTouch, "nothing to choose");
            }
            drop(pinned);
            assert_eq!(allowed(), before);
        }
    })
    .join()
    .unwrap();
}

#[test]
fn a_cpu_that_is_not_there_is_refused_and_nothing_changes() {
    let before = allowed();
    let topology = Topology::detect().unwrap();
    for cpu in [CpuSet::MAX_CPU - 1, 1 << 20, usize::MAX] {
        pin(&topology, Place { cpu, node: 0 }).map(drop).unwrap_err();
        assert_eq!(allowed(), before);
    }
}

#[cfg(feature = "hwloc")]
mod made_up {
    use tidemill_sched::pool::{Place, Topology, pin};

    fn places(places: impl Iterator<Item = Place>) -> Vec<(usize, usize)> {
        places.map(|place| (place.cpu, place.node)).collect()
    }

    #[test]
    fn two_nodes_of_two_cores_of_two_threads() {
        let topology = Topology::synthetic("node:2 core:2 pu:2").unwrap();
        assert_eq!(topology.to_string(), "node 0: 0+1 2+3\nnode 1: 4+5 6+7\n");
        assert_eq!(places(topology.cores()), [(0, 0), (2, 0), (4, 1), (6, 1)]);
        // The second thread of a core comes after the first of all.
        let threads = [(0, 0), (2, 0), (4, 1), (6, 1), (1, 0), (3, 0), (5, 1), (7, 1)];
        assert_eq!(places(topology.cpus()), threads);
    }

    #[test]
    fn one_cpu_and_many_nodes() {
        let topology = Topology::synthetic("pu:1").unwrap();
        assert_eq!(topology.to_string(), "node 0: 0\n");
        let topology = Topology::synthetic("pack:2 node:2 core:3 pu:1").unwrap();
        assert_eq!((topology.nodes().len(), topology.cores().count()), (4, 12));
    }

    #[test]
    fn memory_alone_is_a_node_without_cores() {
        // Two nodes beside the same four cores: these belong to the first.
        let topology = Topology::synthetic("[numa] [numa] core:4 pu:1").unwrap();
        assert_eq!(topology.to_string(), "node 0: 0 1 2 3\nnode 1: memory alone\n");
    }

    #[test]
    fn nothing_is_pinned_to_a_made_up_machine() {
        let topology = Topology::synthetic("node:2 pu:2").unwrap();
        let place = topology.cores().next().unwrap();
        pin(&topology, place).map(drop).unwrap_err();
        Topology::synthetic("what is this").unwrap_err();
        Topology::synthetic("pu:\0").unwrap_err();
    }
}
