//! Chunks: received buffers that their holder owns, for as long as it likes.

use std::{
    future::Future,
    mem,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use tidemill_uring::{
    io::{Chunk, Reader},
    runtime::{Builder, Runtime, spawn},
    sim::{Plan, Random, Sim, seeds},
};

use crate::{
    place::{Place, everywhere},
    stage::{Play, Watch, assert_same, bytes, forgetful, give_up, rest, turn},
};

/// Bytes of a buffer of `few`.
pub(crate) const SIZE: usize = 4096;
/// A worker of few buffers.
pub(crate) fn few() -> Builder {
    Runtime::builder().buffers(16).buffer_bytes(SIZE as u32)
}

/// The next chunk of a stream that goes on.
pub(crate) async fn next(reader: &mut Reader) -> Chunk {
    reader.chunks().next().await.expect("alive").expect("more comes")
}

#[test]
fn chunks_dropped_at_any_point_lose_and_repeat_no_byte() {
    everywhere(async |place: Place, seed| {
        const TOTAL: usize = 200_000;
        let (mut ours, theirs) = place.pair().await;
        drop(spawn(async move {
            theirs.write_all(&bytes(seed, TOTAL)).await.expect("alive");
            theirs.shutdown();
            theirs.read_to_end().await
        }));
        let all = bytes(seed, TOTAL);
        let mut random = Random::new(seed);
        let mut got = Vec::new();
        let mut held = Vec::new();
        let (reader, _) = ours.both();
        while got.len() < TOTAL {
            match random.below(4) {
                // What it gathers comes as copies, before all others.
                0 => {
                    let mut into = vec![0; (1 + random.below(9000)).min(TOTAL - got.len())];
                    if let Some(told) = give_up(random.below(3), reader.read_exact(&mut into)).await
                    {
                        told.expect("alive");
                        got.extend(into);
                    }
                }
                1 => {
                    if let Some(lent) = give_up(random.below(3), reader.fill()).await {
                        let lent = lent.expect("alive");
                        let count = random.below(lent.len() + 1);
                        got.extend_from_slice(&lent[..count]);
                        reader.consume(count);
                    }
                }
                _ => {
                    if let Some(told) = give_up(random.below(3), reader.chunks().next()).await {
                        let chunk = told.expect("alive").expect("more comes");
                        held.push((got.len(), chunk));
                        got.extend_from_slice(&held.last().expect("pushed").1);
                    }
                }
            }
            // In any order.
            while held.len() > random.below(12) {
                let (at, chunk) = held.swap_remove(random.below(held.len()));
                assert_same(&chunk, &all[at..at + chunk.len()]);
            }
        }
        assert_same(&got, &all);
        assert!(reader.chunks().next().await.expect("an end").is_none());
        assert!(reader.chunks().next().await.expect("an end").is_none(), "it is told again");
    });
}

#[test]
fn what_was_gathered_comes_first_and_in_pieces_of_a_buffer() {
    everywhere(async |place: Place, seed| {
        let (mut ours, theirs) = place.pair().await;
        let (reader, _) = ours.both();
        let all = bytes(seed, 3 * SIZE);
        let (first, last) = all.split_at(2 * SIZE + 100);
        let theirs = Rc::new(theirs);
        let write = |bytes: Vec<u8>| {
            let theirs = theirs.clone();
            drop(spawn(async move { theirs.write_all(&bytes).await.expect("alive") }));
        };
        write(first.to_vec());
        gather(reader, first.len()).await;
        write(last.to_vec());
        let mut got = Vec::new();
        for len in [SIZE, SIZE, 100] {
            let chunk = next(reader).await;
            assert_eq!(chunk.len(), len);
            got.extend_from_slice(&chunk);
        }
        while got.len() < all.len() {
            got.extend(next(reader).await.into_vec());
        }
        assert_same(&got, &all);
    });
}

#[test]
fn chunks_end_with_the_streams_error_after_all_that_came_before_it() {
    everywhere(async |place: Place, seed| {
        let (mut ours, theirs) = place.pair().await;
        let (reader, _) = ours.both();
        theirs.write_all(&bytes(seed, 3000)).await.expect("alive");
        gather(reader, 3000).await;
        theirs.reset();
        let mut got = Vec::new();
        let mut chunks = reader.chunks();
        let error = loop {
            match chunks.next().await {
                Ok(chunk) => {
                    got.extend_from_slice(chunk.expect("a reset is no end").as_ref());
                }
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(chunks.next().await.is_err(), "it is told again");
        assert_same(&got, &bytes(seed, 3000));
    });
}

/// Waits until `reader` has gathered `count` bytes, which are all that come.
async fn gather(reader: &mut Reader, count: usize) {
    let mut too_many = vec![0; count + 1];
    while reader.buffered() < count {
        assert!(give_up(1, reader.read_exact(&mut too_many)).await.is_none(), "more was wanted");
    }
    assert!(give_up(1, reader.read_exact(&mut too_many)).await.is_none(), "more was wanted");
}

/// Some chunks of a stream that has gone, and what is in them.
async fn orphans(place: Place, seed: u64) -> Vec<(Chunk, Vec<u8>)> {
    let (mut ours, theirs) = place.pair().await;
    let (reader, _) = ours.both();
    let mut held = Vec::new();
    while held.len() < 20 {
        theirs.write_all(&bytes(seed + held.len() as u64, 3000)).await.expect("alive");
        let mut got = 0;
        while got < 3000 {
            let chunk = next(reader).await;
            let copy = chunk.to_vec();
            got += copy.len();
            held.push((chunk, copy));
        }
    }
    drop(ours);
    drop(theirs);
    rest().await;
    // Others use what they do not hold.
    for round in 0..3 {
        let (mut ours, theirs) = place.pair().await;
        let message = bytes(seed + 1000 + round, 50_000);
        let sent = message.clone();
        let writing = spawn(async move {
            theirs.write_all(&sent).await.expect("alive");
            theirs
        });
        let mut got = vec![0; message.len()];
        ours.both().0.read_exact(&mut got).await.expect("alive");
        assert_same(&got, &message);
        drop(writing.expect("inside a runtime").await.expect("no panic"));
    }
    held
}

/// Drops them in an order that `seed` picks: they are as they were.
fn drop_all(mut held: Vec<(Chunk, Vec<u8>)>, seed: u64) {
    Random::new(seed).shuffle(&mut held);
    while let Some((chunk, copy)) = held.pop() {
        for (other, copy) in &held {
            assert_same(other, copy);
        }
        assert_same(&chunk, &copy);
        if held.len().is_multiple_of(2) {
            assert_same(&chunk.into_vec(), &copy);
        }
    }
}

#[test]
fn chunks_outlive_their_reader_their_stream_and_their_runtime() {
    let _watch = Watch::new();
    let runtime = few().build().expect("a runtime");
    let held = runtime.play(orphans(Place::Kernel, 0));
    drop(runtime);
    // What was theirs is not another's.
    let other = few().build().expect("a runtime");
    let others = other.play(orphans(Place::Kernel, 77));
    drop_all(held, 1);
    drop(other);
    drop_all(others, 2);
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::with(few(), seed, plan);
            let held = sim.run(orphans(Place::Simulated(sim.net()), seed));
            drop(sim);
            drop_all(held, seed);
        }
    });
}

#[test]
fn chunks_of_a_forgotten_runtime_are_as_they_were() {
    forgetful("chunks::chunks_of_a_forgotten_runtime_are_as_they_were", || {
        let runtime = few().build().expect("a runtime");
        let held = runtime.play(orphans(Place::Kernel, 0));
        mem::forget(runtime);
        drop_all(held, 1);
    });
}

#[test]
fn a_reader_of_an_ended_runtime_gives_what_had_come_and_then_an_error() {
    seeds(|seed| {
        let sim = Sim::with(few(), seed, Plan::CALM);
        let net = sim.net();
        let (mut ours, theirs) = sim.run(async {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            theirs.write_all(&bytes(seed, 6000)).await.expect("alive");
            let reader = ours.both().0;
            while reader.buffered() < 6000 {
                drop(give_up(1, reader.fill()).await);
                turn().await;
            }
            (ours, theirs)
        });
        drop(sim);
        let mut got = Vec::new();
        let mut chunks = ours.both().0.chunks();
        let told = loop {
            let polled = pin!(chunks.next()).poll(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(told) = polled else { panic!("nothing comes any more") };
            match told {
                Ok(chunk) => got.extend_from_slice(&chunk.expect("no end")),
                Err(error) => break error,
            }
        };
        assert_eq!(told.kind(), std::io::ErrorKind::NotConnected);
        assert_same(&got, &bytes(seed, 6000));
        drop(theirs);
    });
}
