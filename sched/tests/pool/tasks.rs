//! The pool: tasks on many workers, waits in turns, pauses, its end.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use tidemill_core::{
    error::JoinError,
    ivar::Ivar,
    task::{Attributes, Undone, yield_now},
};
#[cfg(feature = "hwloc")]
use tidemill_sched::pool::Topology;
use tidemill_sched::pool::{End, Pool};

/// The sizes on which a scenario has to hold.
fn pools(scenario: impl Fn(&Pool)) {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        scenario(&pool);
    }
}

#[test]
fn every_task_runs_once_and_its_handle_has_what_it_returns() {
    pools(|pool| {
        let count = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..1000_usize)
            .map(|n| {
                let count = count.clone();
                let run = async move {
                    count.fetch_add(1, SeqCst);
                    n
                };
                pool.spawn(run).unwrap()
            })
            .collect();
        let sum = pool.block_on(async {
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!((sum.unwrap(), count.load(SeqCst)), (499_500, 1000));
        pool.run_all().unwrap();
        assert_eq!(pool.live(), 0);
        assert_eq!(pool.stats().iter().map(|worker| worker.polls).sum::<usize>(), 1000);
    });
}

#[test]
fn tasks_that_wake_each_other_across_workers_lose_no_wake() {
    pools(|pool| {
        let ivars: Arc<Vec<Ivar<usize>>> = Arc::new((0..2001).map(|_| Ivar::new()).collect());
        for n in 0..2000 {
            let ivars = ivars.clone();
            let task = async move {
                let before = *ivars[n].read().await.unwrap();
                yield_now().await;
                ivars[n + 1].fill(before + 1).unwrap();
            };
            pool.spawn(task).unwrap().detach();
        }
        ivars[0].fill(0).unwrap();
        let last = pool.block_on(async { *ivars[2000].read().await.unwrap() });
        assert_eq!(last.unwrap(), 2000);
    });
}

#[test]
fn a_panic_ends_its_task_alone() {
    pools(|pool| {
        let task = pool.spawn(async { panic!("on purpose") }).unwrap();
        let ended = pool.block_on(task).unwrap();
        assert!(matches!(ended, Err(JoinError::Panicked(_))));
        assert_eq!(pool.block_on(pool.spawn(async { 1 }).unwrap()).unwrap().unwrap(), 1);
    });
}

#[test]
fn a_cancelled_task_drops_its_future() {
    pools(|pool| {
        let held = Arc::new(());
        let kept = held.clone();
        let task = pool.spawn(async move {
            let _kept = kept;
            std::future::pending::<()>().await;
        });
        let task = task.unwrap();
        task.cancel();
        assert!(matches!(pool.block_on(task).unwrap(), Err(JoinError::Cancelled)));
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn dropping_a_pool_cancels_what_waits_and_tells_handles() {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        let held = Arc::new(());
        let handles: Vec<_> = (0..100)
            .map(|_| {
                let kept = held.clone();
                let wait = async move {
                    let _kept = kept;
                    std::future::pending::<()>().await;
                };
                pool.spawn(wait).unwrap()
            })
            .collect();
        drop(pool);
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(handles.iter().all(|handle| handle.is_finished()));
    }
}

#[test]
fn a_drained_pool_runs_what_it_has_before_it_ends() {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let count = count.clone();
            let run = async move {
                for _ in 0..10 {
                    yield_now().await;
                }
                count.fetch_add(1, SeqCst);
            };
            pool.spawn(run).unwrap().detach();
        }
        pool.shutdown(End::Drain).unwrap();
        assert_eq!(count.load(SeqCst), 100);
    }
}

#[test]
fn a_value_that_nobody_brings_is_a_deadlock_and_names_the_tasks() {
    pools(|pool| {
        let never = Arc::new(Ivar::<u8>::new());
        let theirs = never.clone();
        let attributes = Attributes::new().name("waits");
        let wait = async move { *theirs.read().await.unwrap() };
        let task = pool.spawn_with(attributes, wait).unwrap();
        let Err(Undone::Deadlock(report)) = pool.block_on(never.read()) else {
            panic!("nobody brings it")
        };
        assert_eq!(report.tasks().map(|task| task.name).collect::<Vec<_>>(), [Some("waits")]);
        drop(task);
    });
}

#[test]
fn a_paused_pool_gives_no_turns_until_it_is_resumed() {
    pools(|pool| {
        pool.pause();
        let (told, tells) = mpsc::channel();
        let task = pool.spawn(async move { told.send(1).unwrap() }).unwrap();
        assert!(matches!(pool.block_on(task), Err(Undone::Paused)));
        assert!(tells.try_recv().is_err());
        pool.run_all().unwrap();
        assert_eq!(tells.recv(), Ok(1));
    });
}

#[test]
fn a_spawner_spawns_from_any_thread_until_the_pool_ends() {
    pools(|pool| {
        let spawners: Vec<_> = (0..4).map(|_| pool.spawner()).collect();
        let count = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = spawners
            .into_iter()
            .map(|spawner| {
                let count = count.clone();
                thread::spawn(move || {
                    for _ in 0..500 {
                        let count = count.clone();
                        let add = async move { count.fetch_add(1, SeqCst) };
                        spawner.spawn(add).unwrap().detach();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        pool.run_all().unwrap();
        assert_eq!(count.load(SeqCst), 2000);
    });
    let pool = Pool::new(2).unwrap();
    let spawner = pool.spawner();
    drop(pool);
    assert!(spawner.spawn(async {}).is_err());
}

#[cfg(feature = "hwloc")]
#[test]
fn tasks_of_a_node_run_on_its_workers() {
    let topology = Topology::synthetic("node:2 core:2 pu:1").unwrap();
    let pool = Pool::builder().topology(topology).pinned(false).build().unwrap();
    let nodes: Vec<_> = pool.places().iter().map(|place| place.node).collect();
    assert_eq!(nodes, [0, 0, 1, 1]);
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let where_it_runs = async move {
                let mut names = vec![thread::current().name().unwrap().to_string()];
                for _ in 0..5 {
                    yield_now().await;
                    names.push(thread::current().name().unwrap().to_string());
                }
                names
            };
            (n % 2, pool.spawn_on(n % 2, where_it_runs).unwrap())
        })
        .collect();
    for (node, task) in tasks {
        let of_node = if node == 0 { ["pool-0", "pool-1"] } else { ["pool-2", "pool-3"] };
        for name in pool.block_on(task).unwrap().unwrap() {
            assert!(of_node.contains(&name.as_str()), "{name} is not of node {node}");
        }
    }
    assert_eq!(
        (pool.spawned_on(0), pool.spawned_on(1), pool.spawned_on(2)),
        (Some(50), Some(50), None)
    );
    assert!(pool.spawn_on(7, async {}).is_err());
}

#[test]
fn a_panic_that_no_handle_asked_for_is_told_at_the_end() {
    for end in [End::Drain, End::Cancel] {
        // Paused, so that the handle is gone when the task ends.
        let pool = Pool::builder().workers(2).paused().build().unwrap();
        let attributes = Attributes::new().name("careless");
        let panics = async { panic!("on purpose") };
        drop::<tidemill_core::task::JoinHandle<()>>(pool.spawn_with(attributes, panics).unwrap());
        pool.run_all().unwrap();
        assert!(pool.monitor().has_failed());
        let failed = pool.shutdown(end).unwrap_err();
        let text = failed.first().to_string();
        assert!(text.contains("careless") && text.contains("on purpose"), "{text}");
    }
}

/// A waker that panics.
struct Panics;

impl std::task::Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker, on purpose");
    }
}

#[test]
fn wakers_that_panic_when_a_pool_ends_keep_nobody_from_being_cancelled() {
    let pool = Pool::new(2).unwrap();
    let held = Arc::new(());
    let waker = std::task::Waker::from(Arc::new(Panics));
    let mut handles: Vec<_> = (0..10)
        .map(|_| {
            let kept = held.clone();
            let wait = async move {
                let _kept = kept;
                std::future::pending::<()>().await;
            };
            pool.spawn(wait).unwrap()
        })
        .collect();
    for handle in &mut handles {
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::pin::Pin::new(handle).poll(&mut cx).is_pending());
    }
    let failed = pool.shutdown(End::Cancel).unwrap_err();
    assert!(failed.first().to_string().contains("waker"), "{failed}");
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(handles.iter().all(|handle| handle.is_finished()));
}

// epochs 142
#[test]
fn a_saturated_pool_takes_tasks_and_wakes_and_keeps_nobody_who_sends_them() {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        // All workers stand in a turn until we come to the barrier a second time.
        let gate = Arc::new(Barrier::new(workers + 1));
        let (wakes, count) = (Arc::new(Ivar::<()>::new()), Arc::new(AtomicUsize::new(0)));
        for _ in 0..100 {
            let (wakes, count) = (wakes.clone(), count.clone());
            let wait = async move {
                wakes.read().await.unwrap();
                count.fetch_add(1, SeqCst);
            };
            pool.spawn(wait).unwrap().detach();
        }
        pool.run_all().unwrap();
        for _ in 0..workers {
            let gate = gate.clone();
            let block = async move {
                gate.wait();
                gate.wait();
            };
            pool.spawn(block).unwrap().detach();
        }
        gate.wait();
        // More than all queues hold together.
        for _ in 0..10_000 {
            let count = count.clone();
            let run = async move {
                count.fetch_add(1, SeqCst);
            };
            pool.spawn(run).unwrap().detach();
        }
        wakes.fill(()).unwrap();
        pool.pause();
        pool.resume();
        // A worker sees that it is to go before long.
        assert!(count.load(SeqCst) < 1000);
        gate.wait();
        pool.run_all().unwrap();
        assert_eq!(count.load(SeqCst), 10_100);
    }
}
