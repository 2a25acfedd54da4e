//! In the steady state nothing is allocated: a counting allocator says so.

use std::{pin::pin, time::Duration};

use tidemill_core::scope::after;
use tidemill_sched::{Local, spawn};

use crate::board::{Board, yield_now};
pub(crate) use crate::counting::{allocated, allocations, live_bytes};

/// What one round of work looks like: spawns (of two sizes, joined, detached, cancelled), wakes, polls, timers.
async fn round(size: usize) {
    let small = spawn(async move {
        yield_now().await;
        size
    });
    let large = spawn(async {
        let block = [1u8; 3000];
        yield_now().await;
        block.len()
    });
    let timer = spawn(after(Duration::from_millis(size as u64)));
    let never = spawn(std::future::pending::<()>()).unwrap();
    drop(spawn(yield_now()));
    assert_eq!(small.unwrap().await.unwrap() + large.unwrap().await.unwrap(), size + 3000);
    timer.unwrap().await.unwrap().unwrap();
    never.cancel();
    assert!(never.await.is_err());
}

#[test]
fn a_warm_executor_spawns_wakes_polls_and_sleeps_without_allocating() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut park = board.virtual_time();
    park.waits.reserve(100_000);
    let allocations = local.run_with(
        pin!(async {
            for size in 0..50 {
                round(size).await;
            }
            let before = allocated();
            for size in 0..500 {
                round(size).await;
            }
            allocated() - before
        }),
        &mut park,
    );
    assert_eq!(allocations, 0);
    assert!(allocated() > 0, "the allocator counts");
    assert!(park.waits.len() > 1000 && park.waits.len() < 100_000);
}

#[test]
fn blocks_come_back_from_other_threads_to_the_allocator_and_from_here_to_the_list() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut park = board.virtual_time();
    local.run_with(
        pin!(async {
            for _ in 0..100 {
                let handle = spawn(async { 1 }).unwrap();
                yield_now().await;
                assert!(handle.is_finished());
                std::thread::spawn(move || drop(handle)).join().unwrap();
            }
        }),
        &mut park,
    );
    drop(local);
}
