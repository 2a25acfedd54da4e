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
    assert_eq!(topology.cpuset(), allowed());
    let nodes = topology.nodes();
    for node in nodes {
        assert_eq!(topology.distance(node.id, node.id), Some(10));
        assert_eq!(topology.nearest(node.id).len(), nodes.len() - 1);
    }
    assert_eq!((topology.nearest(1 << 20).len(), topology.distance(0, 1 << 20)), (0, None));
    let lines = topology.to_string().lines().count();
    assert_eq!(lines, 1 + nodes.len(), "{topology}");
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

#[test]
fn a_machine_of_one_node_has_no_other() {
    let topology = Topology::detect().unwrap();
    if let [node] = topology.nodes() {
        assert_eq!(topology.nearest(node.id).next(), None);
        assert_eq!(topology.node_of(allowed()[0]), Some(node));
    }
}

#[cfg(not(feature = "hwloc"))]
mod flat {
    use std::io::ErrorKind;

    use tidemill_sched::pool::Topology;

    #[test]
    fn without_hwloc_a_machine_is_one_node_of_the_cpus_of_this_thread() {
        let topology = Topology::detect().unwrap();
        let [node] = topology.nodes() else { panic!("one node, not {topology}") };
        assert_eq!((node.id, node.cores.len()), (0, super::allowed().len()));
    }

    #[test]
    fn without_hwloc_other_machines_are_refused_in_so_many_words() {
        for error in [Topology::synthetic("pu:1"), Topology::from_xml("")].map(Result::unwrap_err) {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("without the feature `hwloc`"), "{error}");
        }
        let error = Topology::detect().unwrap().memory_nodes(&1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
