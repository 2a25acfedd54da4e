//! Machines that are made up, and machines that were recorded (`tests/data`: under qemu, but for `whole-package.xml`, which is written by hand).

use std::io::ErrorKind;

use tidemill_sched::pool::{Place, Topology, pin};

const TWO: &str = include_str!("../data/two-nodes.xml");
const FOUR: &str = include_str!("../data/four-nodes.xml");
const PACKAGE: &str = include_str!("../data/whole-package.xml");
const RESTRICTED: &str = include_str!("../data/restricted.xml");

fn made_up(description: &str) -> Topology {
    Topology::synthetic(description).unwrap()
}

fn recorded(xml: &str) -> Topology {
    Topology::from_xml(xml).unwrap()
}

fn places(places: impl Iterator<Item = Place>) -> Vec<(usize, usize)> {
    places.map(|place| (place.cpu, place.node)).collect()
}

fn nearest(topology: &Topology, node: usize) -> Vec<usize> {
    topology.nearest(node).collect()
}

#[test]
fn two_nodes_of_two_cores_of_two_threads() {
    let topology = made_up("node:2 core:2 pu:2");
    assert_eq!(
        topology.to_string(),
        "8 CPUs (0-7), 4 cores, 2 nodes\n\
        \x20 node 0: 0+1 2+3; node 1 at 20\n\
        \x20 node 1: 4+5 6+7; node 0 at 20\n"
    );
    assert_eq!(places(topology.cores()), [(0, 0), (2, 0), (4, 1), (6, 1)]);
    // The second thread of a core comes after the first of all.
    let threads = [(0, 0), (2, 0), (4, 1), (6, 1), (1, 0), (3, 0), (5, 1), (7, 1)];
    assert_eq!(places(topology.cpus()), threads);
}

#[test]
fn one_cpu_and_many_nodes() {
    assert_eq!(made_up("pu:1").to_string(), "1 CPU (0), 1 core, 1 node\n  node 0: 0\n");
    let topology = made_up("pack:2 node:2 core:3 pu:1");
    assert_eq!((topology.nodes().len(), topology.cores().count()), (4, 12));
}

#[test]
fn memory_alone_is_a_node_without_cores() {
    // Two nodes beside the same four cores: these belong to the first.
    let topology = made_up("[numa] [numa] core:4 pu:1");
    assert_eq!(
        topology.to_string(),
        "4 CPUs (0-3), 4 cores, 2 nodes\n\
        \x20 node 0: 0 1 2 3; node 1 at 20\n\
        \x20 node 1: memory alone; node 0 at 20\n"
    );
}

#[test]
fn memory_of_a_whole_package_is_not_the_node_of_its_cores() {
    // Node 0 is beside a whole package, 1 and 2 beside a half each.
    let topology = recorded(PACKAGE);
    let cores = topology.nodes().iter().map(|node| (node.id, node.cores.len()));
    assert!(cores.eq([(0, 0), (1, 2), (2, 2)]), "{topology}");
    assert_eq!(topology.node_of(2).unwrap().id, 2);
}

#[test]
fn where_nobody_measured_all_other_nodes_are_equally_far() {
    let topology = made_up("node:4 pu:2");
    assert_eq!(nearest(&topology, 2), [0, 1, 3]);
    assert_eq!((topology.distance(2, 2), topology.distance(2, 0)), (Some(10), Some(20)));
    assert_eq!((nearest(&topology, 4), topology.distance(0, 4)), (vec![], None));
}

#[test]
fn a_recorded_machine_has_the_distances_that_its_firmware_told() {
    let topology = recorded(TWO);
    assert_eq!(
        topology.to_string(),
        "4 CPUs (0-3), 4 cores, 2 nodes\n\
        \x20 node 0: 0 1; node 1 at 21\n\
        \x20 node 1: 2 3; node 0 at 21\n"
    );
    let topology = recorded(FOUR);
    let ids: Vec<_> = topology.nodes().iter().map(|node| node.id).collect();
    assert_eq!(ids, [0, 1, 2, 3]);
    // Equally far from 0 are 1 and 3: the smaller number is first.
    assert_eq!(nearest(&topology, 0), [2, 1, 3]);
    assert_eq!(nearest(&topology, 1), [3, 0, 2]);
    assert_eq!(nearest(&topology, 2), [0, 3, 1]);
    assert_eq!(nearest(&topology, 3), [1, 2, 0]);
    assert_eq!((topology.distance(3, 3), topology.distance(2, 3)), (Some(10), Some(24)));
    assert!(topology.nodes()[3].cores.is_empty());
    assert_eq!(topology.node_of(4).unwrap().id, 2);
}

#[test]
fn of_two_matrices_the_one_of_latencies_counts_and_of_none_no_distance_is_made_up() {
    let (before, after) = TWO.split_once("<distances2").unwrap();
    let (matrix, end) = after.split_once("</distances2>").unwrap();
    // Kind 5 is latency, told by the system; 9 is bandwidth.
    let bandwidth = matrix.replace("kind=\"5\"", "kind=\"9\"").replace("NUMALatency", "other");
    let both =
        format!("{before}<distances2{bandwidth}</distances2><distances2{matrix}</distances2>{end}");
    assert_eq!(recorded(&both).distance(0, 1), Some(21));
    let only = format!("{before}<distances2{bandwidth}</distances2>{end}");
    assert_eq!(recorded(&only).distance(0, 1), Some(20));
    assert_eq!(recorded(&format!("{before}{end}")).distance(0, 1), Some(20));
}

#[test]
fn cpus_that_a_control_group_forbids_stand_nowhere() {
    let topology = recorded(RESTRICTED);
    assert_eq!(topology.cpuset(), [1, 2]);
    assert_eq!(places(topology.cores()), [(1, 0), (2, 1)]);
    // Memory may be had from all nodes.
    let cores: Vec<_> = topology.nodes().iter().map(|node| node.cores.len()).collect();
    assert_eq!(cores, [1, 1, 0, 0]);
    assert_eq!(topology.node_of(0), None);
}

#[test]
fn nothing_is_pinned_to_a_machine_that_is_not_this_one() {
    for topology in [made_up("node:2 pu:2"), recorded(TWO)] {
        let place = topology.cores().next().unwrap();
        assert_eq!(pin(&topology, place).map(drop).unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(topology.memory_nodes(&1).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn what_describes_no_machine_is_an_error_that_says_so() {
    for description in ["what is this", "pu:\0", ""] {
        let error = Topology::synthetic(description).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("no machine as hwloc describes them"), "{error}");
    }
    let half = &FOUR[..FOUR.len() / 2];
    let other = TWO.replace("topology version=\"2.0\"", "topology version=\"9.0\"");
    for xml in ["", "<", "hello", "<a></a>", "pu:1", "\0", half, &other] {
        let error = Topology::from_xml(xml).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{xml}");
        assert!(error.to_string().contains("no machine in the XML of hwloc 2"), "{error}");
    }
}
