//! Nodes: what prefers one runs there, and says otherwise at any time.
#![cfg(feature = "hwloc")]

use tidemill_core::task::{spawn_send, yield_now};
use tidemill_sched::pool::{self, NodeBox, Pool, Topology};

fn two_nodes() -> Pool {
    let topology = Topology::synthetic("node:2 core:2 pu:1").unwrap();
    Pool::builder().topology(topology).pinned(false).build().unwrap()
}

// epochs 158
#[test]
fn a_preference_that_changes_between_awaits_takes_effect() {
    let pool = two_nodes();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let moves = async move {
                let mut seen = Vec::new();
                for node in [n % 2, (n + 1) % 2, n % 2] {
                    pool::set_preferred_node(Some(node)).unwrap();
                    for _ in 0..3 {
                        yield_now().await;
                        seen.push((node, pool::node().unwrap()));
                    }
                    assert_eq!(pool::preferred_node().unwrap(), Some(node));
                }
                pool::set_preferred_node(None).unwrap();
                yield_now().await;
                assert_eq!(pool::preferred_node().unwrap(), None);
                seen
            };
            pool.spawn(moves).unwrap()
        })
        .collect();
    for task in tasks {
        for (wanted, node) in pool.block_on(task).unwrap().unwrap() {
            assert_eq!(wanted, node);
        }
    }
}

#[test]
fn who_migrates_goes_on_there() {
    let pool = two_nodes();
    let task = pool.spawn(async {
        let mut seen = Vec::new();
        for node in [1, 0, 1, 1, 0] {
            pool::migrate(node).await.unwrap();
            seen.push(pool::node().unwrap());
        }
        (seen, pool::migrate(5).await.is_err())
    });
    assert_eq!(pool.block_on(task.unwrap()).unwrap().unwrap(), (vec![1, 0, 1, 1, 0], true));
    assert!(pool::set_preferred_node(None).is_err(), "this is no worker");
    assert_eq!((pool::node(), pool::worker()), (None, None));
}

// epochs 116
#[test]
fn tasks_from_outside_come_to_the_nodes_in_turn() {
    let pool = two_nodes();
    for round in 1..=3 {
        for _ in 0..7 {
            pool.spawn(async {}).unwrap().detach();
        }
        let counts = [0, 1].map(|node| pool.spawned_on(node).unwrap());
        assert_eq!(counts[0] + counts[1], 7 * round);
        assert!(counts[0].abs_diff(counts[1]) <= 1, "{counts:?}");
    }
}

// epochs 117
#[test]
fn what_prefers_a_node_counts_there_alone() {
    let pool = two_nodes();
    for _ in 0..9 {
        pool.spawn_on(1, async {}).unwrap().detach();
    }
    assert_eq!([0, 1].map(|node| pool.spawned_on(node).unwrap()), [0, 9]);
}

#[test]
fn what_a_task_makes_counts_for_the_node_where_it_was_made() {
    let pool = two_nodes();
    let makes = async {
        (0..5).for_each(|_| spawn_send(async {}).ok().unwrap().detach());
    };
    pool.block_on(pool.spawn_on(1, makes).ok().unwrap()).unwrap().unwrap();
    assert_eq!([0, 1].map(|node| pool.spawned_on(node).unwrap()), [0, 6]);
}

#[test]
fn a_spawner_spawns_on_a_node() {
    let pool = two_nodes();
    let spawner = pool.spawner();
    for _ in 0..10 {
        let task = spawner.spawn_on(1, async { (pool::node(), pool::preferred_node()) });
        let ran = pool.block_on(task.ok().unwrap()).unwrap().unwrap();
        assert_eq!(ran, (Some(1), Ok(Some(1))));
    }
    assert_eq!([0, 1].map(|node| pool.spawned_on(node).unwrap()), [0, 10]);
    assert_eq!(pool.block_on(spawner.spawn_on(5, async { 7 }).unwrap_err().0), Ok(7));
}

// epochs 118
#[test]
fn running_all_drains_every_node() {
    let pool = two_nodes();
    pool.pause();
    for n in 0..16 {
        pool.spawn_on(n % 2, async { yield_now().await }).unwrap().detach();
    }
    assert_eq!(pool.live(), 16);
    pool.run_all().unwrap();
    assert_eq!(pool.live(), 0);
}

#[test]
fn a_task_near_data_that_lies_nowhere_special_runs_anywhere() {
    let topology = Topology::synthetic("node:2 core:2 pu:1").unwrap();
    let pool = two_nodes();
    let data = NodeBox::new(&topology, 1, 7_u64);
    // Nothing can be bound on a machine that is made up.
    assert_eq!(data.node(), None);
    for spawned in 1..=10 {
        let task = pool.spawn_near(&data, async { pool::preferred_node() }).unwrap();
        assert_eq!(pool.block_on(task).unwrap().unwrap().unwrap(), None);
        assert_eq!(
            [0, 1].map(|node| pool.spawned_on(node).unwrap()).iter().sum::<usize>(),
            spawned
        );
    }
}

#[test]
fn a_task_near_its_data_prefers_the_node_of_that() {
    let topology = Topology::detect().unwrap();
    let pool = Pool::builder().topology(topology.clone()).build().unwrap();
    let node = topology.nodes()[0].id;
    let data = NodeBox::new(&topology, node, 7_u64);
    let task = pool.spawner().spawn_near(&data, async { pool::preferred_node() }).unwrap();
    assert_eq!(pool.block_on(task).unwrap().unwrap().unwrap(), data.node());
}
