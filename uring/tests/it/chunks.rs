//! Chunks: received buffers that their holder owns, for as long as it likes.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    mem,
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tidemill_core::scope::with_timeout;
use tidemill_uring::{
    io::{Chunk, Reader},
    runtime::{Builder, Runtime, spawn},
    sim::{Plan, Random, Sim, seeds},
};

use crate::{
    place::{Place, Wire, everywhere},
    stage::{assert_same, bytes, forgetful, give_up, rest, run_on, stats, turn, until},
};

/// Bytes of a buffer.
const SIZE: usize = 4096;
/// Buffers of a worker of `few`: four times as many as the kernel may have at a time.
const BUFFERS: usize = 64;

fn few() -> Builder {
    Runtime::builder().buffers(16).buffer_bytes(SIZE as u32)
}

/// Runs `scenario` on the kernel's ring and on simulated ones, with few buffers. `end` ends a simulation.
fn scarce<F: Future<Output = ()>>(scenario: impl Fn(Place, u64) -> F, end: impl Fn(Sim)) {
    run_on(few(), scenario(Place::Kernel, 0));
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::with(few(), seed, plan);
            sim.run(scenario(Place::Simulated(sim.net()), seed));
            end(sim);
        }
    });
}

/// The next chunk of a stream that goes on.
async fn next(reader: &mut Reader) -> Chunk {
    reader.chunks().next().await.expect("alive").expect("more comes")
}

/// How many chunks can be held, of a byte each, until no more come. None but `reader` receives.
async fn capacity(reader: &mut Reader, wire: &Wire) -> usize {
    let mut held = Vec::new();
    loop {
        wire.write_all(&[held.len() as u8]).await.expect("alive");
        let Ok(chunk) = with_timeout(Duration::from_millis(200), next(reader)).await else { break };
        held.push(chunk);
    }
    let count = held.len();
    assert!(held.iter().enumerate().all(|(at, chunk)| **chunk == [at as u8]), "each has its byte");
    drop(held);
    assert_eq!(*next(reader).await, [count as u8], "it had waited for a buffer");
    count
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
                assert_same(&chunk, &bytes(seed, TOTAL)[at..at + chunk.len()]);
            }
        }
        assert_same(&got, &bytes(seed, TOTAL));
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
        let mut too_many = vec![0; 4 * SIZE];
        let writing = {
            let mut gathering = pin!(reader.read_exact(&mut too_many));
            assert!(give_up(2, gathering.as_mut()).await.is_none());
            theirs.write_all(first).await.expect("alive");
            assert!(give_up(3000, gathering).await.is_none(), "more was wanted");
            theirs.write_all(last)
        };
        assert_eq!(reader.buffered(), first.len());
        writing.await.expect("alive");
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
        let (reader, writer) = ours.both();
        theirs.write_all(&bytes(seed, 3000)).await.expect("alive");
        until("all has come", || reader.buffered() == 3000 || poke(reader)).await;
        theirs.reset();
        let mut got = Vec::new();
        let mut chunks = reader.chunks();
        let error = loop {
            match chunks.next().await {
                Ok(chunk) => {
                    let chunk = chunk.expect("a reset is no end");
                    // Nobody reads it any more; a chunk can be written on all the same.
                    drop(writer.try_write(&chunk));
                    got.extend_from_slice(chunk.as_ref());
                }
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(chunks.next().await.is_err(), "it is told again");
        assert_same(&got, &bytes(seed, 3000));
    });
}

/// Lets `reader` receive; false.
fn poke(reader: &mut Reader) -> bool {
    let _ = pin!(reader.fill()).poll(&mut Context::from_waker(Waker::noop()));
    false
}

// io 29
#[test]
fn every_tenth_chunk_forgotten_costs_its_own_buffer_and_nothing_else() {
    let name = "chunks::every_tenth_chunk_forgotten_costs_its_own_buffer_and_nothing_else";
    let scenario = async |place: Place, seed| {
        let (mut ours, theirs) = place.pair().await;
        let (reader, _) = ours.both();
        assert_eq!(capacity(reader, &theirs).await, BUFFERS);
        let mut random = Random::new(seed);
        let mut forgotten: Vec<(&[u8], Vec<u8>)> = Vec::new();
        let mut count = 0;
        while forgotten.len() < 20 {
            let message = random.bytes(1 + count % 3000);
            theirs.write_all(&message).await.expect("alive");
            let mut got = Vec::new();
            while got.len() < message.len() {
                let chunk = next(reader).await;
                got.extend_from_slice(&chunk);
                count += 1;
                if count % 10 == 0 {
                    let copy = chunk.to_vec();
                    let chunk: &'static Chunk = Box::leak(Box::new(chunk));
                    forgotten.push((chunk, copy));
                }
            }
            assert_same(&got, &message);
        }
        assert_eq!(capacity(reader, &theirs).await, BUFFERS - 20);
        let all = random.bytes(100_000);
        let sent = all.clone();
        let writing = spawn(async move {
            theirs.write_all(&sent).await.expect("alive");
            theirs
        });
        let mut got = Vec::new();
        while got.len() < all.len() {
            got.extend(next(reader).await.into_vec());
        }
        assert_same(&got, &all);
        let theirs = writing.expect("inside a runtime").await.expect("no panic");
        assert_eq!(capacity(reader, &theirs).await, BUFFERS - 20, "and no more with time");
        for (chunk, copy) in forgotten {
            assert_same(chunk, &copy);
        }
    };
    // A simulation's end would count what is missing.
    forgetful(name, || scarce(scenario, drop));
}

/// A consumer that holds all chunks that it takes, beside copies of them.
#[derive(Default)]
struct Consumer {
    held: RefCell<Vec<(Chunk, Vec<u8>)>>,
    got: RefCell<Vec<u8>>,
}

impl Consumer {
    /// Lets go of one, which must be as it was.
    fn let_go(&self, random: &mut Random) {
        let mut held = self.held.borrow_mut();
        if !held.is_empty() {
            let at = random.below(held.len());
            let (chunk, copy) = held.swap_remove(at);
            assert_same(&chunk, &copy);
        }
    }
}

// io 27
#[test]
fn consumers_that_hold_all_buffers_stall_64_streams_which_go_on_as_they_let_go() {
    const TOTAL: usize = 20_000;
    let scenario = async |place: Place, seed| {
        let consumers: Vec<_> = (0..64).map(|_| Rc::new(Consumer::default())).collect();
        let mut tasks = Vec::new();
        for (number, consumer) in consumers.iter().cloned().enumerate() {
            let (mut ours, theirs) = place.pair().await;
            let message = bytes(number as u64, TOTAL);
            let sending = spawn(async move {
                theirs.write_all(&message).await.expect("alive");
                theirs
            });
            let task = spawn(async move {
                let (reader, _) = ours.both();
                while consumer.got.borrow().len() < TOTAL {
                    let chunk = next(reader).await;
                    consumer.got.borrow_mut().extend_from_slice(&chunk);
                    let copy = chunk.to_vec();
                    consumer.held.borrow_mut().push((chunk, copy));
                }
                // Who is done keeps what it holds, and the connection.
                assert_same(&consumer.got.borrow(), &bytes(number as u64, TOTAL));
                drop(sending.expect("inside a runtime").await.expect("no panic"));
            });
            tasks.push(task.expect("inside a runtime"));
        }
        let held = || consumers.iter().map(|consumer| consumer.held.borrow().len()).sum::<usize>();
        until("consumers hold the buffers", || held() >= BUFFERS).await;
        for _ in 0..100 {
            turn().await;
        }
        // Copies of what was pushed aside may be among them, half as many as there are buffers.
        assert!(held() <= BUFFERS + BUFFERS / 2, "{} chunks of {BUFFERS}", held());
        let mut random = Random::new(seed);
        let mut left: Vec<_> = tasks.into_iter().map(Box::pin).collect();
        // One goes at a time: nothing else wakes anybody.
        while !left.is_empty() {
            consumers[random.below(64)].let_go(&mut random);
            turn().await;
            let mut at = 0;
            while at < left.len() {
                match poll_fn(|cx| Poll::Ready(left[at].as_mut().poll(cx))).await {
                    Poll::Ready(told) => {
                        told.expect("no panic");
                        drop(left.swap_remove(at));
                    }
                    Poll::Pending => at += 1,
                }
            }
        }
        assert!(stats().starved > 0, "buffers ran out: {:?}", stats());
        for consumer in &consumers {
            while !consumer.held.borrow().is_empty() {
                consumer.let_go(&mut random);
            }
        }
    };
    scarce(scenario, |sim| drop(sim.end()));
}

#[test]
fn one_chunk_dropped_between_two_runs_lets_a_stream_go_on() {
    let hold = async |place: Place| {
        let (mut ours, theirs) = place.pair().await;
        let mut held = Vec::new();
        for _ in 0..BUFFERS {
            theirs.write_all(b"x").await.expect("alive");
            held.push(next(ours.both().0).await);
        }
        theirs.write_all(b"last").await.expect("alive");
        let waiting = spawn(async move { next(ours.both().0).await.into_vec() });
        for _ in 0..50 {
            turn().await;
        }
        (held, waiting.expect("inside a runtime"), theirs)
    };
    let runtime = few().build().expect("a runtime");
    let (mut held, waiting, theirs) = runtime.run(hold(Place::Kernel));
    drop(held.pop());
    // Nothing else happens in this run.
    assert_eq!(runtime.run(waiting).expect("no panic"), b"last");
    drop((held, theirs));
    seeds(|seed| {
        let sim = Sim::with(few(), seed, Plan::CALM);
        let (mut held, waiting, theirs) = sim.run(hold(Place::Simulated(sim.net())));
        drop(held.pop());
        assert_eq!(sim.run(waiting).expect("no panic"), b"last");
        drop((held, theirs));
        sim.end();
    });
}

/// Some chunks of a stream that has gone, and what is in them.
async fn orphans(place: Place, seed: u64) -> Vec<(Chunk, Vec<u8>)> {
    let (mut ours, theirs) = place.pair().await;
    let (reader, _) = ours.both();
    let mut held = Vec::new();
    while held.len() < 20 {
        theirs.write_all(&bytes(seed + held.len() as u64, 3000)).await.expect("alive");
        let chunk = next(reader).await;
        let copy = chunk.to_vec();
        held.push((chunk, copy));
    }
    drop(ours);
    drop(theirs);
    rest().await;
    // Others use what they do not hold.
    for round in 0..3 {
        let (mut ours, theirs) = place.pair().await;
        let message = bytes(!seed + round, 50_000);
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
        if held.len() % 2 == 0 {
            assert_same(&chunk.into_vec(), &copy);
        }
    }
}

#[test]
fn chunks_outlive_their_reader_their_stream_and_their_runtime() {
    let runtime = few().build().expect("a runtime");
    let held = runtime.run(orphans(Place::Kernel, 0));
    drop(runtime);
    // What was theirs is not another's.
    let other = few().build().expect("a runtime");
    let others = other.run(orphans(Place::Kernel, 77));
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
        let held = runtime.run(orphans(Place::Kernel, 0));
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
            theirs.write_all(&bytes(seed, 9000)).await.expect("alive");
            let reader = ours.both().0;
            until("all has come", || reader.buffered() == 9000 || poke(reader)).await;
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
        assert_same(&got, &bytes(seed, 9000));
        drop(theirs);
    });
}

thread_local! {
    /// Chunks that wakers drop.
    static HELD: RefCell<Vec<Chunk>> = const { RefCell::new(Vec::new()) };
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

/// Drops a chunk when it is woken, and when it is dropped.
struct Careless;

impl Careless {
    fn drop_one() {
        // It is dropped when nothing of the list is borrowed.
        let chunk = HELD.with(|held| held.borrow_mut().pop());
        DROPPED.set(DROPPED.get() + usize::from(chunk.is_some()));
    }
}

impl Wake for Careless {
    fn wake(self: Arc<Self>) {
        Self::drop_one();
    }
}

impl Drop for Careless {
    fn drop(&mut self) {
        Self::drop_one();
    }
}

#[test]
fn wakers_that_drop_chunks_when_they_are_woken_or_dropped_give_them_back() {
    scarce(
        async |place: Place, _| {
            let (mut ours, theirs) = place.pair().await;
            DROPPED.set(0);
            for round in 0..30 {
                let (mut beside, peer) = place.pair().await;
                let (reader, writer) = beside.both();
                for _ in 0..4 {
                    theirs.write_all(b"x").await.expect("alive");
                    let chunk = next(ours.both().0).await;
                    HELD.with(|held| held.borrow_mut().push(chunk));
                }
                // Twice, so that the second takes the first one's seat.
                for _ in 0..2 {
                    let waker = Waker::from(Arc::new(Careless));
                    let polled = pin!(reader.fill()).poll(&mut Context::from_waker(&waker));
                    assert!(polled.is_pending());
                }
                if round % 2 == 0 {
                    peer.write_all(b"y").await.expect("alive");
                    until("it has come", || reader.buffered() > 0).await;
                    writer.write(b"z").await.expect("alive");
                }
                drop(beside);
                drop(peer);
            }
            until("all wakers are gone", || DROPPED.get() >= 60).await;
            HELD.with(|held| mem::take(&mut *held.borrow_mut()));
            rest().await;
            assert_eq!(capacity(ours.both().0, &theirs).await, BUFFERS, "all came back");
        },
        |sim| drop(sim.end()),
    );
}

#[test]
fn chunks_made_vectors_hold_no_buffer_and_can_be_written_on() {
    scarce(
        async |place: Place, seed| {
            let (mut ours, theirs) = place.pair().await;
            let (reader, writer) = ours.both();
            let mut vectors = Vec::new();
            for round in 0..3 * BUFFERS as u64 {
                theirs.write_all(&bytes(seed + round, 100)).await.expect("alive");
                let mut got = Vec::new();
                while got.len() < 100 {
                    let chunk = next(reader).await;
                    writer.write(&chunk).await.expect("alive");
                    got.extend(chunk.into_vec());
                }
                vectors.push(got);
            }
            for (round, vector) in vectors.iter().enumerate() {
                assert_same(vector, &bytes(seed + round as u64, 100));
            }
            drop(ours);
            assert_same(&theirs.read_to_end().await.expect("alive"), &vectors.concat());
        },
        |sim| drop(sim.end()),
    );
}
