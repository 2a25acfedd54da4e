//! What only a machine of several nodes can show: `ci/vm` is one.
//!
//! A node is preferred, no more: the kernel takes another's pages once it has none left. These tests use a small part of what each node has, and so ask for all
//! pages. Where no node was asked for, they are of the CPU that touches them.
#![cfg(feature = "hwloc")]

use std::sync::OnceLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use tidemill_sched::pool::{self, Memory, NodeBox, Place, Pool, Topology, pin};

use crate::load::play_under_load;

/// Larger than what an allocator keeps for later: it comes from the system.
const FRESH: usize = 33 << 20;
/// As large as the pages that the kernel may take for any memory. Two neighbours share such a page, and who touches it first says where it is.
const HUGE: usize = 2 << 20;

/// The nodes of new memory that the calling thread touches first: of that part which shares no page with what lies beside it.
fn fresh(topology: &Topology) -> Vec<usize> {
    let memory = vec![1_u8; FRESH];
    let own = &memory[memory.as_ptr().align_offset(HUGE)..];
    topology.memory_nodes(&own[..own.len() / HUGE * HUGE]).unwrap()
}

fn several() -> Topology {
    let topology = Topology::detect().unwrap();
    let nodes = topology.nodes().iter().filter(|node| !node.cores.is_empty()).count();
    assert!(nodes >= 2, "a machine of several nodes is needed: {topology}");
    topology
}

/// The first place of each node.
fn one_each(topology: &Topology) -> Vec<Place> {
    let nodes = topology.nodes().iter().filter_map(|node| {
        let place = |core: &pool::Core| Place { cpu: core.cpus[0], node: node.id };
        node.cores.first().map(place)
    });
    nodes.collect()
}

#[test]
#[ignore = "asks for several nodes: ci/vm runs it"]
fn other_nodes_are_farther_than_the_own_one() {
    let topology = several();
    for node in topology.nodes() {
        for other in topology.nearest(node.id) {
            assert!(topology.distance(node.id, other) > topology.distance(node.id, node.id));
        }
    }
}

#[test]
#[ignore = "asks for several nodes: ci/vm runs it"]
fn memory_of_a_pinned_thread_is_bound_to_its_node() {
    let topology = several();
    let places = one_each(&topology);
    let before = sched_getaffinity(None).unwrap();
    // Memory of another node than that of the CPU is not what first touch would bring.
    for (cpu, node) in places.iter().flat_map(|cpu| places.iter().map(move |node| (cpu, node))) {
        let place = Place { cpu: cpu.cpu, node: node.node };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let pinned = pin(&topology, place).unwrap();
                assert_eq!((pinned.memory(), sched_getcpu()), (Memory::Bound, place.cpu));
                assert_eq!(fresh(&topology), [place.node]);
                drop(pinned);
                assert_eq!(sched_getaffinity(None).unwrap(), before);
                // Nothing is left of the node either: first touch counts again.
                let mut here = CpuSet::new();
                here.set(place.cpu);
                sched_setaffinity(None, &here).unwrap();
                assert_eq!(fresh(&topology), [cpu.node]);
            });
        });
    }
}

#[test]
#[ignore = "asks for several nodes: ci/vm runs it"]
fn a_value_lies_on_the_node_that_was_asked_for_whoever_makes_it() {
    let topology = several();
    for maker in one_each(&topology) {
        for node in topology.nodes() {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let _pinned = pin(&topology, maker).unwrap();
                    let make = |index| index as u64;
                    let value = NodeBox::from_fn(&topology, node.id, 100_000, make);
                    assert_eq!(value.node(), Some(node.id));
                    assert_eq!(topology.memory_nodes(&*value).unwrap(), [node.id]);
                    let small = NodeBox::new(&topology, node.id, 7);
                    assert_eq!(topology.memory_nodes(&*small).unwrap(), [node.id]);
                });
            });
        }
    }
}

#[test]
#[ignore = "asks for several nodes: ci/vm runs it"]
fn workers_stay_on_their_cpus_and_have_memory_of_their_nodes() {
    let topology = several();
    let pool = Pool::builder().build().unwrap();
    let places = pool.places().to_vec();
    assert_eq!(places.len(), topology.cores().count());
    let all = places.clone();
    let tasks: Vec<_> = (0..4 * places.len())
        .map(|number| {
            let (places, topology) = (all.clone(), topology.clone());
            let node = places[number % places.len()].node;
            let task = pool.spawn_on(node, async move {
                for _ in 0..100 {
                    let place = places[pool::worker().unwrap()];
                    assert_eq!((place.cpu, place.node), (sched_getcpu(), node));
                    tidemill_core::task::yield_now().await;
                }
                assert_eq!(fresh(&topology), [node]);
            });
            task.ok().unwrap()
        })
        .collect();
    pool.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    })
    .unwrap();
}

#[test]
#[ignore = "asks for several nodes: ci/vm runs it"]
fn a_preferred_node_holds_under_load() {
    static NODES: OnceLock<Vec<Place>> = OnceLock::new();
    let topology = several();
    NODES.get_or_init(|| topology.cpus().collect());
    let pool = Pool::builder().topology(topology).build().unwrap();
    play_under_load(&pool, 100, |node| {
        let place = Place { cpu: sched_getcpu(), node };
        assert!(pool::node() == Some(node) && NODES.get().unwrap().contains(&place), "{place:?}");
    });
}

#[test]
#[ignore = "asks for several nodes: ci/vm runs it"]
fn a_task_near_its_data_runs_on_the_node_where_that_lies() {
    let topology = several();
    let pool = Pool::builder().topology(topology.clone()).build().unwrap();
    for place in one_each(&topology) {
        let data = NodeBox::new(&topology, place.node, 7_u64);
        assert_eq!(data.node(), Some(place.node));
        for _ in 0..20 {
            let task = pool.spawn_near(&data, async { pool::node() }).unwrap();
            assert_eq!(pool.block_on(task).unwrap().unwrap(), Some(place.node));
        }
    }
}
