//! In which order tasks run, and what becomes of more than a queue holds.

use std::{
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use tidemill_core::task::{Attributes, Priority, spawn_send, yield_now};
use tidemill_sched::pool::{End, Pool};

#[test]
fn low_tasks_run_when_nothing_else_does_and_are_not_forgotten() {
    let pool = Pool::builder().workers(1).paused().build().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    for n in 0..3 {
        for (name, priority) in [("low", Priority::Low), ("normal", Priority::Normal)] {
            let order = order.clone();
            let note =
                async move { order.lock().unwrap_or_else(PoisonError::into_inner).push((name, n)) };
            let attributes = Attributes::new().priority(priority);
            pool.spawn_with(attributes, note).unwrap().detach();
        }
    }
    pool.run_all().unwrap();
    let order = order.lock().unwrap().clone();
    let wanted: Vec<_> =
        ["normal", "low"].iter().flat_map(|&name| (0..3).map(move |n| (name, n))).collect();
    assert_eq!(order, wanted);
}

#[test]
fn what_has_overflowed_a_queue_is_cancelled_with_the_rest() {
    let pool = Pool::new(1).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let made = Arc::new(Barrier::new(2));
    let (held, all_made) = (count.clone(), made.clone());
    let make = pool.spawn(async move {
        for n in 0.. {
            let held = held.clone();
            let Ok(task) = spawn_send(async move { held.fetch_add(1, SeqCst) }) else { break };
            task.detach();
            if n == 1000 {
                all_made.wait();
            }
        }
    });
    make.unwrap().detach();
    made.wait();
    pool.shutdown(End::Cancel).unwrap();
    // A worker sees that it is to go before long.
    assert!(count.load(SeqCst) < 1000);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn a_task_comes_to_its_turn_beside_others_that_never_end_whatever_its_priority() {
    let pool = Pool::new(1).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let spins = |over: Arc<AtomicBool>| async move {
        while !over.load(SeqCst) {
            yield_now().await;
        }
    };
    let [low, normal] = [Priority::Low, Priority::Normal];
    for priority in [low, normal] {
        let attributes = Attributes::new().priority(priority);
        pool.spawn_with(attributes, spins(over.clone())).unwrap().detach();
    }
    for priority in [normal, low] {
        let attributes = Attributes::new().priority(priority);
        pool.block_on(pool.spawn_with(attributes, async {}).unwrap()).unwrap().unwrap();
    }
    let node = pool.places()[0].node;
    pool.block_on(pool.spawn_on(node, async {}).ok().unwrap()).unwrap().unwrap();
    // More than its worker's queue holds, where those never leave it empty.
    let makes = pool.spawn(async {
        let made: Vec<_> = (0..1000).map(|_| spawn_send(async {}).ok().unwrap()).collect();
        for task in made {
            task.await.unwrap();
        }
    });
    pool.block_on(makes.unwrap()).unwrap().unwrap();
    over.store(true, SeqCst);
    pool.run_all().unwrap();
}

#[test]
fn what_is_made_in_a_pause_wakes_nobody_until_it_ends() {
    let pool = Pool::builder().workers(2).paused().build().unwrap();
    while pool.stats().iter().any(|worker| worker.parks == 0) {
        thread::yield_now();
    }
    let tasks: Vec<_> = (0..100).map(|n| pool.spawn(async move { n }).unwrap()).collect();
    let near = pool.spawn_on(pool.places()[0].node, async {}).unwrap();
    assert!(pool.stats().iter().all(|worker| worker.doorbells == 0 && worker.polls == 0));
    pool.resume();
    let sum = async {
        near.await.unwrap();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    };
    assert_eq!(pool.block_on(sum).unwrap(), 4950);
}
