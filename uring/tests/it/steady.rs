//! The steady state allocates nothing: not per request, not per wait, not per timer.

use std::{
    alloc::System,
    io::{Read, Write},
    time::Duration,
};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tidemill_core::scope::{after, with_timeout};
use tidemill_uring::{io::Flow, runtime::spawn};

use crate::stage::{alone, pair, peer, run};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WARM: usize = 300;
const COUNTED: usize = 2000;

/// Asserts that nothing was allocated since `region` began.
fn assert_none(region: &Region<'_, System>, what: &str) {
    let change = region.change();
    let count = change.allocations + change.reallocations;
    assert_eq!(count, 0, "{what}: allocations in {COUNTED} rounds");
}

#[test]
fn an_echoed_request_allocates_nothing() {
    alone("steady::an_echoed_request_allocates_nothing", || {
        run(async {
            for size in [1, 1000, 16 << 10, 100_000] {
                let (mut ours, mut theirs) = pair().await;
                let serving = spawn(async move {
                    let (reader, writer) = ours.both();
                    Flow::copy(reader, writer).await.expect("the peer behaves")
                })
                .expect("inside a runtime");
                peer(move || {
                    let message = vec![7; size];
                    let mut back = vec![0; size];
                    let mut round = || {
                        theirs.write_all(&message).expect("written");
                        theirs.read_exact(&mut back).expect("echoed");
                    };
                    (0..WARM).for_each(|_| round());
                    let region = Region::new(ALLOCATOR);
                    (0..COUNTED).for_each(|_| round());
                    assert_none(&region, "echo by copy");
                })
                .await;
                serving.await.expect("no panic");
            }
        });
    });
}

#[test]
fn a_request_read_and_answered_by_hand_allocates_nothing() {
    alone("steady::a_request_read_and_answered_by_hand_allocates_nothing", || {
        run(async {
            const SIZE: usize = 3000;
            let (mut ours, mut theirs) = pair().await;
            let asking = peer(move || {
                let mut message = [9; SIZE];
                for _ in 0..WARM + COUNTED {
                    theirs.write_all(&message).expect("written");
                    theirs.read_exact(&mut message).expect("answered");
                }
                theirs
            });
            let mut region = Region::new(ALLOCATOR);
            let (reader, writer) = ours.both();
            for round in 0..WARM + COUNTED {
                if round == WARM {
                    region.reset();
                }
                let mut got = 0;
                while got < SIZE {
                    let wait = with_timeout(Duration::from_secs(60), reader.fill());
                    let piece = wait.await.expect("in time").expect("alive");
                    writer.write(piece).await.expect("alive");
                    got += piece.len();
                    let count = piece.len();
                    reader.consume(count);
                }
                if round % 3 == 0 {
                    writer.flushed().await.expect("alive");
                }
            }
            assert_none(&region, "read and write with a deadline");
            drop(asking.await);
        });
    });
}

#[test]
fn a_chunk_taken_written_on_and_dropped_allocates_nothing() {
    alone("steady::a_chunk_taken_written_on_and_dropped_allocates_nothing", || {
        run(async {
            const SIZE: usize = 3000;
            let (mut ours, mut theirs) = pair().await;
            let asking = peer(move || {
                let mut message = [9; SIZE];
                for _ in 0..WARM + COUNTED {
                    theirs.write_all(&message).expect("written");
                    theirs.read_exact(&mut message).expect("answered");
                }
                theirs
            });
            let mut region = Region::new(ALLOCATOR);
            let (reader, writer) = ours.both();
            let mut held = None;
            for round in 0..WARM + COUNTED {
                if round == WARM {
                    region.reset();
                }
                let mut got = 0;
                while got < SIZE {
                    let chunk = reader.chunks().next().await.expect("alive").expect("more comes");
                    writer.write(&chunk).await.expect("alive");
                    got += chunk.len();
                    // It outlives the next one's arrival.
                    held = Some(chunk);
                }
            }
            assert_none(&region, "chunks taken and dropped");
            drop(held);
            drop(asking.await);
        });
    });
}

#[test]
fn a_timer_and_a_spawn_allocate_nothing_once_warm() {
    alone("steady::a_timer_and_a_spawn_allocate_nothing_once_warm", || {
        run(async {
            let mut region = Region::new(ALLOCATOR);
            for round in 0..WARM + COUNTED {
                if round == WARM {
                    region.reset();
                }
                let task = spawn(async { after(Duration::from_micros(10)).await });
                task.expect("inside a runtime").await.expect("no panic").expect("a clock");
            }
            assert_none(&region, "spawn and sleep");
        });
    });
}
