//! Waiting in tasks of a pool, and on one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tidemill_core::{
    epoch::Async,
    ivar::Ivar,
    kernel::WaitError,
    task::{Undone, spawn_send, yield_now},
};
use tidemill_sched::pool::Pool;

/// A value that a task of the pool brings, after some turns.
fn soon(pool: &Pool, value: u64) -> Async<u64> {
    let mut x = Async::empty();
    let mut write = x.write();
    let bring = async move {
        for _ in 0..3 {
            yield_now().await;
        }
        write.set(value).await;
    };
    pool.spawn(bring).unwrap().detach();
    x
}

// epochs 140, 159
#[test]
fn a_wait_in_a_task_lets_the_only_worker_run_others() {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        let (one, two) = (soon(&pool, 1), soon(&pool, 2));
        let task = pool.spawn(async move { *one.wait().unwrap() + *two.wait().unwrap() }).unwrap();
        assert_eq!(pool.block_on(task).unwrap().unwrap(), 3);
        assert_eq!(*soon(&pool, 5).wait_on(&pool).unwrap(), 5);
    }
}

// epochs 140
#[test]
fn a_task_that_waits_for_one_that_waits_twice_gets_its_value_with_one_worker() {
    let pool = Pool::new(1).unwrap();
    let (one, two) = (soon(&pool, 1), soon(&pool, 2));
    let mut sum = Async::empty();
    let mut write = sum.write();
    let inner = async move {
        let both = *one.wait().unwrap() + *two.wait().unwrap();
        write.set(both).await;
    };
    let outer = pool
        .spawn(async move {
            spawn_send(inner).unwrap().detach();
            *sum.wait().unwrap()
        })
        .unwrap();
    assert_eq!(pool.block_on(outer).unwrap().unwrap(), 3);
}

#[test]
fn a_wait_deeper_than_allowed_sleeps_until_its_value_comes() {
    // Two workers: where the waits stand as deep as they may, the other one brings the values.
    let pool = Pool::builder().workers(2).waits(1).build().unwrap();
    let gate = Arc::new(Ivar::<()>::new());
    let values: Vec<_> = (0..8_u64)
        .map(|n| {
            let mut x = Async::empty();
            let (mut write, gate) = (x.write(), gate.clone());
            let bring = async move {
                gate.read().await.unwrap();
                write.set(n).await;
            };
            pool.spawn(bring).unwrap().detach();
            x
        })
        .collect();
    let waiting = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = values
        .into_iter()
        .map(|x| {
            let waiting = waiting.clone();
            let wait = async move {
                waiting.fetch_add(1, SeqCst);
                x.wait().map(|value| *value)
            };
            pool.spawn(wait).unwrap()
        })
        .collect();
    gate.fill(()).unwrap();
    let mut sum = 0;
    for task in tasks {
        match pool.block_on(task).unwrap().unwrap() {
            Ok(value) => sum += value,
            Err(error) => assert!(matches!(error, WaitError::Undone(Undone::TooDeep)), "{error}"),
        }
    }
    assert!(sum <= 28);
    assert_eq!(waiting.load(SeqCst), 8);
    assert_eq!(pool.live(), 0);
}

#[test]
fn the_newest_wait_is_told_of_a_deadlock_and_those_below_go_on() {
    // With two workers either may have begun to wait first.
    for workers in [1, 2] {
        let pool = Pool::new(workers).unwrap();
        let mut never = Async::<u64>::empty();
        let held = never.write();
        let mut below = Async::<u64>::empty();
        let mut write = below.write();
        let upper = async move {
            let error = never.wait().map(|value| *value).unwrap_err();
            write.set(7).await;
            error
        };
        let lower = async move {
            let upper = spawn_send(upper).unwrap();
            let value = below.wait().map(|value| *value);
            (value, upper.await.unwrap())
        };
        let (value, error) = pool.block_on(pool.spawn(lower).unwrap()).unwrap().unwrap();
        let deadlocked =
            |error: &WaitError<_>| matches!(error, WaitError::Undone(Undone::Deadlock(_)));
        assert!(deadlocked(&error), "{error}");
        match value {
            Ok(value) => assert_eq!(value, 7),
            Err(error) => assert!(workers > 1 && deadlocked(&error), "{error}"),
        }
        drop(held);
    }
}

#[test]
fn as_long_as_there_is_a_spawner_a_wait_is_no_deadlock() {
    let pool = Pool::new(2).unwrap();
    let spawner = pool.spawner();
    let mut x = Async::<u64>::empty();
    let mut write = x.write();
    let task = pool.spawn(async move { *x.wait().unwrap() }).unwrap();
    let outside = std::thread::spawn(move || {
        spawner.spawn(async move { write.set(9).await }).unwrap().detach();
    });
    assert_eq!(pool.block_on(task).unwrap().unwrap(), 9);
    outside.join().unwrap();
}

#[test]
fn blocking_on_a_pool_inside_of_its_task_is_an_error() {
    let outer = Pool::new(1).unwrap();
    let inner = Pool::new(1).unwrap();
    let task = outer.spawn(async move {
        let error = inner.block_on(async {}).unwrap_err();
        (error, inner.run_all().unwrap_err())
    });
    let errors = outer.block_on(task.unwrap()).unwrap().unwrap();
    assert_eq!(errors, (Undone::OnWorker, Undone::OnWorker));
}

#[test]
fn an_owner_that_plays_with_a_task_is_not_taken_to_wait_for_nothing() {
    for workers in [1, 2] {
        let pool = Pool::new(workers).unwrap();
        for _ in 0..200 {
            let (there, back) = (Arc::new(Ivar::<u32>::new()), Arc::new(Ivar::<u32>::new()));
            let (ball, answer) = (there.clone(), back.clone());
            let player = async move { answer.fill(*ball.read().await.unwrap() + 1).unwrap() };
            pool.spawn(player).unwrap().detach();
            // It throws when it is polled first: until then all may be at rest.
            let game = async {
                there.fill(1).unwrap();
                *back.read().await.unwrap()
            };
            assert_eq!(pool.block_on(game).unwrap(), 2);
        }
    }
}
