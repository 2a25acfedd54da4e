//! A pool, and what comes to it from other threads.

use std::{
    future::pending,
    rc::Rc,
    sync::{Arc, Mutex},
    thread,
};

use tidemill_core::{ivar, task::Undone};
use tidemill_sched::{
    bridge::{HandleError, HelperThread, JobError, OnExecutor, PostError, Threads, wait},
    pool::{Pool, worker},
};

use crate::{
    board::{Log, Says},
    in_thread::gate,
};

#[test]
fn a_pool_that_waits_for_a_thread_is_not_stuck() {
    let pool = Pool::new(1).unwrap();
    let threads = Arc::new(Threads::builder().most(2).build());
    for round in 0..200 {
        let threads = threads.clone();
        let job = pool.spawn(async move {
            let value = threads.run(move || {
                for _ in 0..20 {
                    thread::yield_now();
                }
                round
            });
            value.await.unwrap()
        });
        let value = pool.block_on(job.unwrap()).expect("the thread will bring it");
        assert_eq!(value.unwrap(), round);
    }
    let stuck = pool.block_on(pending::<()>());
    assert!(matches!(stuck, Err(Undone::Deadlock(_))), "and nothing is expected any more");
}

#[test]
fn what_is_called_off_or_closed_is_not_expected_any_more() {
    let pool = Pool::new(1).unwrap();
    let (busy, begun, leave) = gate();
    let helper = HelperThread::new().unwrap();
    let busy = helper.run(busy);
    begun.recv().unwrap();
    let closed = pool.spawn(async move {
        let waits = helper.run(|| ());
        drop(helper.run(|| ()));
        helper.discard();
        matches!(waits.await, Err(JobError::Closed))
    });
    assert!(pool.block_on(closed.unwrap()).unwrap().unwrap());
    let stuck = pool.block_on(pending::<()>());
    assert!(matches!(stuck, Err(Undone::Deadlock(_))));
    drop(leave);
    wait(busy).unwrap().unwrap();
}

#[test]
fn to_block_on_a_worker_of_a_pool_is_an_error() {
    let pool = Pool::new(1).unwrap();
    let handle = pool.handle();
    let task = pool.spawn(async move {
        let ran = handle.run(|| ());
        let blocked = handle.block_on(|| async {});
        (
            matches!(ran, Err(HandleError::OnExecutor)),
            matches!(blocked, Err(HandleError::OnExecutor)),
            wait(async {}),
        )
    });
    assert_eq!(pool.block_on(task.unwrap()).unwrap().unwrap(), (true, true, Err(OnExecutor)));
}

// async 65
#[test]
fn posts_to_a_pool_run_once_each_in_the_order_of_each_thread() {
    const POSTS: usize = 2_000;
    let pool = Pool::new(2).unwrap();
    let handle = pool.handle();
    let seen = Arc::new(Mutex::new([const { Vec::new() }; 4]));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (handle, seen) = (handle.clone(), seen.clone());
            thread::spawn(move || {
                for n in 0..POSTS {
                    let seen = seen.clone();
                    let mut post = move || seen.lock().unwrap()[thread].push(n);
                    while let Err(PostError::Full(again)) = handle.post(post) {
                        post = again;
                        thread::yield_now();
                    }
                }
                handle.run(move || seen.lock().unwrap()[thread].len()).unwrap()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), POSTS);
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.iter().all(|seen| seen.iter().copied().eq(0..POSTS)));
}

#[test]
fn a_thread_asks_a_pool_and_waits_for_what_stays_on_one_worker() {
    let pool = Pool::new(2).unwrap();
    let handle = pool.handle();
    assert!(handle.run(worker).unwrap().is_some_and(|worker| worker < 2));
    let Err(HandleError::Panicked(panic)) = handle.run(|| -> u32 { panic!("no such table") })
    else {
        panic!("it must have panicked")
    };
    assert_eq!(panic.to_string(), "no such table");
    let made = handle.block_on(|| async {
        let shared = Rc::new(1);
        tidemill_core::task::yield_now().await;
        *shared + 1
    });
    assert_eq!(made.unwrap(), 2);
}

#[test]
fn a_pool_with_a_handle_waits_for_what_it_may_bring_and_one_without_does_not() {
    let pool = Pool::new(1).unwrap();
    let (filler, answer) = ivar::once::<u32>();
    let handle = pool.handle();
    let late = thread::spawn(move || {
        for _ in 0..200 {
            thread::yield_now();
        }
        handle.post(move || filler.fill(7).expect("somebody waits"))
    });
    assert_eq!(pool.block_on(answer).unwrap(), Ok(7));
    assert!(late.join().unwrap().is_ok());
    let stuck = pool.block_on(pending::<()>());
    assert!(matches!(stuck, Err(Undone::Deadlock(_))));
    assert_eq!(pool.live(), 0, "the task of the handle has ended with it");
}

#[test]
fn a_pool_that_goes_closes_its_handles() {
    let pool = Pool::new(1).unwrap();
    let (handle, log) = (pool.handle(), Log::default());
    pool.pause();
    let says = Says(log.clone(), "dropped");
    assert!(handle.post(move || drop(says)).is_ok());
    let waits = thread::spawn({
        let handle = handle.clone();
        move || handle.run(|| ())
    });
    drop(pool);
    assert!(matches!(waits.join().unwrap(), Err(HandleError::Closed)));
    assert_eq!(log.take(), ["dropped"]);
    assert!(matches!(handle.post(|| ()), Err(PostError::Closed(_))));
    assert!(matches!(handle.block_on(|| async {}), Err(HandleError::Closed)));
}
