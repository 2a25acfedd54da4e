//! The mutex that knows its owner.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, mpsc},
    thread,
};

use tidemill_sched::{
    Local,
    bridge::{NanoMutex, Relocked, TryLockError},
    spawn,
};

use crate::board::{Board, yield_now};

#[test]
fn locking_again_on_the_same_thread_is_an_error_and_on_another_waits() {
    let mutex = Arc::new(NanoMutex::new(0));
    let guard = mutex.lock().unwrap();
    assert!(mutex.is_ours());
    assert_eq!(mutex.lock().err(), Some(Relocked));
    assert_eq!(mutex.try_lock().err(), Some(TryLockError::Relocked));
    let (asks, asked) = mpsc::channel();
    let other = thread::spawn({
        let mutex = mutex.clone();
        move || {
            assert!(!mutex.is_ours());
            asks.send(mutex.try_lock().err()).unwrap();
            *mutex.lock().unwrap() += 1;
        }
    });
    assert_eq!(asked.recv().unwrap(), Some(TryLockError::Locked));
    assert_eq!(*guard, 0, "the other waits");
    drop(guard);
    other.join().unwrap();
    assert!(!mutex.is_ours());
    assert_eq!(*mutex.lock().unwrap(), 1);
    assert_eq!(Arc::into_inner(mutex).unwrap().into_inner(), 1);
}

#[test]
fn a_task_that_keeps_it_over_an_await_makes_the_next_one_fail_and_not_wait_for_ever() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mutex = Arc::new(NanoMutex::new(()));
    let other = mutex.clone();
    let found = local.run_with(
        pin!(async move {
            let guard = mutex.lock().unwrap();
            let other = spawn(async move { other.lock().err() }).unwrap();
            yield_now().await;
            let found = other.await.unwrap();
            drop(guard);
            found
        }),
        &mut board.bell(),
    );
    assert_eq!(found, Some(Relocked));
}

#[test]
fn a_panic_unlocks_it_and_leaves_the_value_as_it_was() {
    let mut mutex = NanoMutex::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = mutex.lock().unwrap();
        *guard = 2;
        panic!("half done");
    }));
    assert!(panicked.is_err());
    assert_eq!(*mutex.lock().unwrap(), 2);
    assert_eq!(*mutex.try_lock().unwrap(), 2);
    assert_eq!(*mutex.get_mut(), 2);
    assert_eq!(mutex.into_inner(), 2);
}

#[test]
fn many_threads_count_with_it_and_none_finds_itself_the_owner_wrongly() {
    let mutex = Arc::new(NanoMutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let mutex = mutex.clone();
            thread::spawn(move || {
                for _ in 0..10_000 {
                    *mutex.lock().unwrap() += 1;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*mutex.lock().unwrap(), 40_000);
}
