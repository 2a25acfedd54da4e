//! Chunks that are held while there are few buffers: what they cost, who waits for them, and how they come back.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    mem,
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Wake, Waker},
    time::Duration,
};

use tidemill_core::scope::with_timeout;
use tidemill_uring::{
    io::{Chunk, Reader},
    runtime::spawn,
    sim::{Plan, Random, Sim, seeds},
};

use crate::{
    chunks::{few, next},
    place::{Place, Wire},
    stage::{Play, Watch, assert_same, bytes, forgetful, run_on, stats, turn, until},
};

/// Buffers of a worker of `few`: four times as many as the kernel may have at a time.
const BUFFERS: usize = 64;

/// Runs `scenario` on the kernel's ring and on simulated ones, with few buffers.
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

/// Ends a simulation, which is to have all chunks back.
fn end(sim: Sim) {
    sim.end();
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

// io 29
#[test]
fn every_tenth_chunk_forgotten_costs_its_own_buffer_and_nothing_else() {
    let name = "held::every_tenth_chunk_forgotten_costs_its_own_buffer_and_nothing_else";
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
    const TOTAL: usize = 10_000;
    let scenario = async |place: Place, seed| {
        let consumers: Vec<_> = (0..64).map(|_| Rc::new(Consumer::default())).collect();
        let done = Rc::new(Cell::new(0));
        let mut tasks = Vec::new();
        for (number, consumer) in consumers.iter().cloned().enumerate() {
            let (mut ours, theirs) = place.pair().await;
            let message = bytes(number as u64, TOTAL);
            let done = done.clone();
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
                done.set(done.get() + 1);
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
        // One goes at a time: nothing else wakes anybody.
        let mut random = Random::new(seed);
        while done.get() < consumers.len() {
            let holding = consumers.iter().filter(|consumer| !consumer.held.borrow().is_empty());
            if let Some(consumer) = holding.clone().nth(random.below(holding.count().max(1))) {
                consumer.let_go(&mut random);
            }
            turn().await;
        }
        for task in tasks {
            task.await.expect("no panic");
        }
        assert!(stats().starved > 0, "buffers ran out: {:?}", stats());
        for consumer in &consumers {
            while !consumer.held.borrow().is_empty() {
                consumer.let_go(&mut random);
            }
        }
    };
    scarce(scenario, end);
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
    let _watch = Watch::new();
    let runtime = few().build().expect("a runtime");
    let (mut held, waiting, theirs) = runtime.play(hold(Place::Kernel));
    drop(held.pop());
    // Nothing else happens in this run.
    assert_eq!(runtime.play(waiting).expect("no panic"), b"last");
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
            until("the others are gone", || stats().live == 1).await;
            assert_eq!(capacity(ours.both().0, &theirs).await, BUFFERS, "all came back");
        },
        end,
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
        end,
    );
}
