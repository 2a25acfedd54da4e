//! Drops on a simulated ring: of reads, of streams, of the runtime, at any point; and what must come out of it.

use std::{cell::Cell, future::Future, pin::pin, rc::Rc, time::Duration};

use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    runtime::spawn,
    sim::{Net, Plan, Random, Sim, seeds},
};

use crate::stage::{assert_same, bytes, full, give_up, rest, turn};

// io 30
#[test]
fn simulated_reads_dropped_at_random_lose_and_repeat_no_byte() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        let net = sim.net();
        sim.run(async {
            const TOTAL: usize = 200_000;
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            let sending = spawn(async move {
                theirs.write_all(&bytes(seed, TOTAL)).await.expect("alive");
                theirs
            })
            .expect("inside a runtime");
            let (reader, _) = ours.both();
            let mut random = Random::new(seed);
            let mut got = Vec::new();
            while got.len() < TOTAL {
                let polls = random.below(4);
                let mut into = vec![0; (1 + random.below(20_000)).min(TOTAL - got.len())];
                match random.below(3) {
                    0 => {
                        if let Some(result) = give_up(polls, reader.read(&mut into)).await {
                            got.extend_from_slice(&into[..result.expect("alive")]);
                        }
                    }
                    1 => {
                        if let Some(result) = give_up(polls, reader.read_exact(&mut into)).await {
                            result.expect("alive");
                            got.extend_from_slice(&into);
                        }
                    }
                    _ => {
                        if let Some(lent) = give_up(polls, reader.fill()).await {
                            let lent = lent.expect("alive");
                            let count = lent.len().min(into.len());
                            got.extend_from_slice(&lent[..count]);
                            reader.consume(count);
                        }
                    }
                }
            }
            assert_same(&got, &bytes(seed, TOTAL));
            sending.await.expect("no panic");
        });
        sim.end();
    });
}

/// Each kind of operation is in flight, many times.
pub(crate) async fn everything_in_flight(net: Net, seed: u64) {
    let mut random = Random::new(seed);
    for round in 0..10 {
        let (ours, theirs) = net.pair().expect("a descriptor");
        let (mut reader, mut writer) = ours.split();
        drop(spawn(async move { reader.fill().await.map(|bytes| bytes.len()) }));
        drop(spawn(async move {
            // Nobody reads it.
            writer.write(&bytes(2, 300_000)).await.expect("queued");
            writer.flushed().await
        }));
        let (mut ours, flooding) = net.pair().expect("a descriptor");
        drop(spawn(async move {
            let (reader, writer) = ours.both();
            Flow::copy(reader, writer).await
        }));
        let (mut listening, addr) = net.listener().expect("a descriptor");
        let callers = net.callers();
        let calling = tidemill_uring::net::TcpStream::connect(callers.addr());
        drop(spawn(async move { calling.await.map(drop) }));
        drop(spawn(async move {
            let _first = listening.accept().await;
            listening.accept().await.map(drop)
        }));
        let waiting: Vec<_> = (0..3).map(|_| net.connect(addr)).collect();
        drop(spawn(async move {
            let message = bytes(round, 100_000);
            let _ = flooding.write_all(&message).await;
            let _here = (theirs, flooding, waiting, callers);
            after(Duration::from_secs(3600)).await
        }));
    }
    for _ in 0..random.below(30) {
        turn().await;
    }
}

// io 33
#[test]
fn a_simulated_runtime_dropped_at_any_point_ends_everything_in_flight() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH, Plan::CRUEL] {
            let sim = Sim::new(seed, plan);
            sim.run(everything_in_flight(sim.net(), seed));
            sim.stop();
        }
    });
}

// io 35
#[test]
fn operations_cancelled_at_any_point_end_exactly_once() {
    let rounds = if full() { 62_500 } else { 400 };
    seeds(|seed| {
        let mut plan = Plan::ROUGH;
        plan.stale = 0;
        let sim = Sim::new(seed, plan);
        let net = sim.net();
        sim.run(async {
            let mut random = Random::new(seed);
            for round in 0..rounds {
                cancel_something(&net, &mut random).await;
                if round % 50 == 49 {
                    rest().await;
                }
            }
        });
        let (stats, counts) = sim.end();
        assert!(counts.cancelled > 0, "some were in flight: {counts:?}");
        // A second end of a flight, or one after the slot went on, would find nobody.
        assert_eq!(stats.stale, 0, "each completion found its flight");
    });
}

/// Starts an operation, lets something happen to it, and drops it, at random points.
async fn cancel_something(net: &Net, random: &mut Random) {
    let polls = random.below(5);
    match random.below(4) {
        0 => {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            let filling = give_up(polls, ours.both().0.fill()).await;
            assert!(filling.is_none_or(|told| told.is_ok_and(|lent| lent.is_empty())));
            if random.hits(500) {
                theirs.try_write(&[1; 100]).expect("room");
            }
            for _ in 0..random.below(3) {
                turn().await;
            }
            drop(ours);
            if random.hits(500) {
                theirs.reset();
            }
        }
        1 => {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            ours.both().1.write(&[2; 20_000]).await.expect("queued");
            drop(give_up(polls, ours.both().1.flushed()).await);
            // It is closed by force while it sends.
            let (_, writer) = ours.split();
            drop(give_up(polls, writer.close(Duration::from_micros(50))).await);
            drop(theirs);
        }
        2 => {
            let (mut listener, addr) = net.listener().expect("a descriptor");
            let peers: Vec<_> = (0..random.below(3)).map(|_| net.connect(addr)).collect();
            drop(give_up(polls, listener.accept()).await);
            drop(listener);
            drop(peers);
        }
        _ => {
            let callers = net.callers();
            drop(give_up(polls, tidemill_uring::net::TcpStream::connect(callers.addr())).await);
        }
    }
}

// io 34
#[test]
fn stale_and_doubled_completions_of_reused_slots_are_counted_and_wake_nobody() {
    seeds(|seed| {
        let mut plan = Plan::CALM;
        plan.stale = 1000;
        plan.late = 500;
        plan.reorder = 1000;
        let sim = Sim::new(seed, plan);
        let net = sim.net();
        sim.run(async {
            let polls = Rc::new(Cell::new(0));
            // Streams that wait in vain, between those that come and go.
            let mut idle = Vec::new();
            for round in 0..20 {
                let (mut ours, theirs) = net.pair().expect("a descriptor");
                let polls = polls.clone();
                let waiting = spawn(async move {
                    let mut filling = pin!(ours.both().0.fill());
                    std::future::poll_fn(|cx| {
                        polls.set(polls.get() + 1);
                        filling.as_mut().poll(cx).map(|told| told.expect("alive").len())
                    })
                    .await
                })
                .expect("inside a runtime");
                idle.push((waiting, theirs));
                come_and_go(&net, seed + round).await;
            }
            after(Duration::from_millis(10)).await.expect("inside a runtime");
            assert_eq!(polls.get(), 20, "nobody who waits was woken");
            for (waiting, theirs) in idle {
                drop(theirs);
                assert_eq!(waiting.await.expect("no panic"), 0);
            }
            assert_eq!(polls.get(), 40, "each was woken once");
        });
        let (stats, counts) = sim.end();
        assert!(counts.stale > 0 && stats.stale > 0, "they came: {counts:?} {stats:?}");
    });
}

/// A few connections at once, each for one message there and back.
async fn come_and_go(net: &Net, seed: u64) {
    let tasks: Vec<_> = (0..5)
        .map(|number| {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            let message = bytes(seed * 5 + number, 6000);
            spawn(async move {
                theirs.write_all(&message).await.expect("alive");
                let mut got = vec![0; message.len()];
                ours.both().0.read_exact(&mut got).await.expect("alive");
                ours.both().1.write(&got).await.expect("alive");
                assert_same(&theirs.read_exact(got.len()).await.expect("alive"), &message);
            })
            .expect("inside a runtime")
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}

#[test]
fn a_connection_that_fails_gives_a_prefix_and_leaves_nothing() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::CRUEL);
        let net = sim.net();
        let failed = Rc::new(Cell::new(0));
        sim.run(async {
            for round in 0..20 {
                let (mut ours, theirs) = net.pair().expect("a descriptor");
                let (theirs, failed) = (Rc::new(theirs), failed.clone());
                let message = bytes(round, 60_000);
                let (writing, sent) = (theirs.clone(), message.clone());
                let sending = spawn(async move {
                    let _ = writing.write_all(&sent).await;
                    writing.shutdown();
                })
                .expect("inside a runtime");
                let copying = spawn(async move {
                    let (reader, writer) = ours.both();
                    let copied = Flow::copy(reader, writer).await;
                    failed.set(failed.get() + u32::from(copied.is_err()));
                    copied.map_err(|error| error.copied)
                })
                .expect("inside a runtime");
                let got = theirs.read_to_end().await.expect("the simulation resets nothing");
                assert_same(&got, &message[..got.len()]);
                match copying.await.expect("no panic") {
                    Ok(copied) => assert_eq!((copied, got.len()), (60_000, 60_000)),
                    Err(copied) => assert!(got.len() as u64 <= copied, "no byte from nowhere"),
                }
                drop(sending.await);
            }
        });
        assert!(failed.get() > 0, "some failed");
        sim.end();
    });
}

#[test]
fn what_is_written_at_random_arrives_in_order() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        let net = sim.net();
        sim.run(async {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            let reading = spawn(async move { theirs.read_to_end().await.expect("alive") })
                .expect("inside a runtime");
            let mut random = Random::new(seed);
            let mut expected = Vec::new();
            for _ in 0..100 {
                let piece = random.bytes(1 + random.clone().below(9000));
                let (_, writer) = ours.both();
                match random.below(4) {
                    0 => {
                        if writer.try_write(&piece).is_ok() {
                            expected.extend(piece);
                        }
                    }
                    1 => drop(give_up(random.below(3), writer.flushed()).await),
                    2 => turn().await,
                    _ => {
                        let written = give_up(random.below(3), writer.write(&piece)).await;
                        if let Some(written) = written {
                            written.expect("alive");
                            expected.extend(piece);
                        }
                    }
                }
            }
            // What is queued still goes out.
            drop(ours);
            assert_same(&reading.await.expect("no panic"), &expected);
        });
        sim.end();
    });
}
