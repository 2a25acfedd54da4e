//! Where all are busy: what prefers a node stays there, and who steals begins near. The machines are made up or recorded; their workers run wherever the system
//! has them.
#![cfg(feature = "hwloc")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    mpsc::{self, Receiver, Sender},
};

use tidemill_core::{
    ivar,
    task::{Attributes, JoinHandle, Priority, spawn_send, yield_now},
};
use tidemill_sched::pool::{self, Pool, Topology};

/// Four nodes, the last of them memory alone: 16 from 0 to 2, 31 from 0 to 1. With `0x15` for its CPUs, each of the others has one.
const FOUR: &str = include_str!("../data/four-nodes.xml");

fn made_up(description: &str, workers: usize) -> Pool {
    let topology = Topology::synthetic(description).unwrap();
    Pool::builder().workers(workers).topology(topology).pinned(false).build().unwrap()
}

fn all<T>(pool: &Pool, tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    let ended = pool.block_on(async {
        let mut ended = Vec::new();
        for task in tasks {
            ended.push(task.await.unwrap());
        }
        ended
    });
    ended.unwrap()
}

/// Has pairs of tasks on two nodes hand values to each other, `rounds` times there and back, while loose tasks keep all workers busy. In every turn each
/// task of a pair calls `look` with its node.
pub(crate) fn play_under_load(pool: &Pool, rounds: usize, look: fn(usize)) {
    let over = Arc::new(AtomicBool::new(false));
    let mut nodes: Vec<_> = pool.places().iter().map(|place| place.node).collect();
    nodes.dedup();
    let busy = (0..2 * pool.places().len()).map(|_| {
        let over = over.clone();
        async move {
            while !over.load(SeqCst) {
                yield_now().await;
            }
        }
    });
    let busy: Vec<_> = busy.map(|task| pool.spawn(task).unwrap()).collect();
    let mut players = Vec::new();
    for pair in 0..4 {
        let (mut fill, mut wait) = (Vec::new(), Vec::new());
        for _ in 0..=2 * rounds {
            let (filler, value) = ivar::channel::<usize>();
            fill.push(Some(filler));
            wait.push(value);
        }
        fill[0].take().unwrap().fill(0).unwrap();
        // The even values are awaited by the first of the two, the odd ones by the second.
        for side in 0..2 {
            let node = nodes[(pair + side) % nodes.len()];
            let wait = wait.clone();
            let mine = |value: &usize| value % 2 == side;
            let fillers: Vec<_> =
                (0..2 * rounds).filter(mine).map(|value| fill[value + 1].take()).collect();
            let player = async move {
                for (turn, filler) in fillers.into_iter().enumerate() {
                    look(node);
                    let value = *wait[2 * turn + side].read().await.unwrap();
                    look(node);
                    yield_now().await;
                    look(node);
                    filler.unwrap().fill(value + 1).unwrap();
                }
                assert_eq!(pool::preferred_node(), Ok(Some(node)));
            };
            players.push(pool.spawn_on(node, player).ok().unwrap());
        }
    }
    all(pool, players);
    over.store(true, SeqCst);
    all(pool, busy);
}

#[test]
fn a_task_that_prefers_a_node_runs_there_in_every_turn_though_all_are_busy() {
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    let pool = made_up("node:2 core:2 pu:1", 4);
    play_under_load(&pool, 100, |node| {
        assert_eq!(pool::node(), Some(node));
        TURNS.fetch_add(1, SeqCst);
    });
    assert_eq!(TURNS.load(SeqCst), 8 * 100 * 3);
}

#[test]
fn a_node_without_workers_hands_the_future_back() {
    // Two workers stand on the two cores of node 0.
    let pool = made_up("node:2 core:2 pu:1", 2);
    let future = pool.spawn_on(1, async { 7 }).unwrap_err().0;
    assert_eq!(all(&pool, pool.spawn_on(0, future).ok()), [7]);
    assert_eq!((pool.spawned_on(0), pool.spawned_on(1)), (Some(1), None));
}

/// A task that keeps a worker of a node busy, until this is [let go](let_go).
struct Held {
    orders: Sender<usize>,
    done: Receiver<()>,
    task: JoinHandle<()>,
}

impl Held {
    /// Of a node with one worker. Loose tasks of it send its number to `told`.
    fn new(pool: &Pool, node: usize, told: &Sender<usize>) -> Self {
        let (orders, ordered) = mpsc::channel();
        let (doing, done) = mpsc::channel();
        let told = told.clone();
        let ordered: Mutex<Receiver<usize>> = Mutex::new(ordered);
        let task = pool.spawn_on(node, async move {
            for loose in ordered.lock().unwrap().iter() {
                for _ in 0..loose {
                    let told = told.clone();
                    spawn_send(async move { told.send(node).unwrap() }).ok().unwrap().detach();
                }
                doing.send(()).unwrap();
            }
        });
        let held = Self { orders, done, task: task.ok().unwrap() };
        held.spawns(0);
        held
    }

    /// Has it make so many loose tasks, which stand in its worker's own queue then.
    fn spawns(&self, loose: usize) {
        self.orders.send(loose).unwrap();
        self.done.recv().unwrap();
    }
}

fn let_go(pool: &Pool, held: impl IntoIterator<Item = Held>) {
    all(pool, held.into_iter().map(|held| held.task));
}

#[test]
fn a_thief_goes_to_near_nodes_before_far_ones() {
    // One CPU of each node that has some, and so one worker.
    let topology = FOUR.replace("allowed_cpuset=\"0x0000003f\"", "allowed_cpuset=\"0x00000015\"");
    let topology = Topology::from_xml(&topology).unwrap();
    for (thief, near, far) in [(0, 2, 1), (1, 0, 2), (2, 0, 1)] {
        assert!(topology.nearest(thief).filter(|node| *node != 3).eq([near, far]));
        let builder = Pool::builder().workers(3).pinned(false).topology(topology.clone());
        let pool = builder.build().unwrap();
        let (told, tells) = mpsc::channel();
        // All three are held before there is something to steal.
        let [thief, far_one, near_one] =
            [thief, far, near].map(|node| Held::new(&pool, node, &told));
        // More than their queues hold.
        far_one.spawns(400);
        near_one.spawns(400);
        let_go(&pool, [thief]);
        let order: Vec<_> = tells.iter().take(800).collect();
        let (first, second) = order.split_at(400);
        assert!(first.iter().all(|node| *node == near), "{order:?}");
        assert!(second.iter().all(|node| *node == far), "{order:?}");
        let stolen: usize = pool.stats().iter().map(|stats| stats.steals).sum();
        assert_eq!(stolen, 800);
        let_go(&pool, [far_one, near_one]);
    }
}

#[test]
fn what_prefers_a_node_is_not_stolen_by_another() {
    let pool = made_up("node:2 pu:1", 2);
    let (told, _tells) = mpsc::channel();
    let held = Held::new(&pool, 1, &told);
    let there: Vec<_> =
        (0..10).map(|_| pool.spawn_on(1, async { pool::node() }).ok().unwrap()).collect();
    // The other worker looks around, and finds nothing for it.
    let here = (0..100).map(|_| pool.spawn_on(0, async { pool::node() }).ok().unwrap());
    assert_eq!(all(&pool, here), [Some(0); 100]);
    assert!(there.iter().all(|task| !task.is_finished()));
    let_go(&pool, [held]);
    assert_eq!(all(&pool, there), [Some(1); 10]);
}

#[test]
fn a_worker_steals_from_its_neighbour_on_the_node() {
    let pool = made_up("node:1 core:2 pu:1", 2);
    let (told, tells) = mpsc::channel();
    let held = Held::new(&pool, 0, &told);
    held.spawns(100);
    assert_eq!(tells.iter().take(100).count(), 100);
    assert_eq!(pool.stats().iter().map(|stats| stats.steals).sum::<usize>(), 100);
    let_go(&pool, [held]);
}

#[test]
fn what_comes_from_outside_to_a_busy_node_runs_on_another() {
    let pool = made_up("node:2 pu:1", 2);
    let (told, _tells) = mpsc::channel();
    let held = Held::new(&pool, 1, &told);
    for _ in 0..20 {
        for priority in [Priority::Normal, Priority::Low] {
            let attributes = Attributes::new().priority(priority);
            // They come to the nodes in turn; between two of them the other worker goes to sleep.
            for _ in 0..3 {
                let task = pool.spawn_with(attributes, async { pool::node() });
                assert_eq!(all(&pool, task), [Some(0)]);
            }
        }
    }
    let_go(&pool, [held]);
}
