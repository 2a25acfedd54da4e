//! Scarcity on a simulated ring: full queues, refused enters, no buffers; and time that nobody waits for.

use std::{rc::Rc, time::Duration};

use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    runtime::{Builder, Runtime, spawn},
    sim::{Net, Peer, Plan, Random, Sim, seeds},
};

use crate::stage::{assert_same, bytes, stats, turn};

fn small() -> Builder {
    Runtime::builder().buffers(16).buffer_bytes(4096).submissions(4).completions(8)
}

/// In one cycle `count` streams write and begin to read; their peers then answer all at once.
async fn many_at_once(net: Net, count: usize) {
    let pairs: Vec<_> = (0..count).map(|_| net.pair().expect("a descriptor")).collect();
    let (mut ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    for round in 0..3 {
        let tasks: Vec<_> = ours
            .drain(..)
            .enumerate()
            .map(|(number, mut stream)| {
                spawn(async move {
                    let (reader, writer) = stream.both();
                    let message = bytes(round * 1000 + number as u64, 100 + number);
                    writer.write(&message).await.expect("queued");
                    let mut back = vec![0; message.len()];
                    reader.read_exact(&mut back).await.expect("alive");
                    assert_same(&back, &message);
                    stream
                })
                .expect("inside a runtime")
            })
            .collect();
        let mut messages = Vec::new();
        for (number, their) in theirs.iter().enumerate() {
            messages.push(their.read_exact(100 + number).await.expect("sent"));
        }
        for (their, message) in theirs.iter().zip(messages) {
            assert_eq!(their.try_write(&message).expect("alive"), message.len());
        }
        for task in tasks {
            ours.push(task.await.expect("no panic"));
        }
    }
}

// io 21
#[test]
fn a_simulated_completion_queue_that_overflows_loses_nothing() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::with(small(), seed, plan);
            sim.run(many_at_once(sim.net(), 100));
            let (_, counts) = sim.end();
            assert!(counts.kept > 0, "it overflowed: {counts:?}");
        }
    });
}

// io 23
#[test]
fn a_simulated_queue_of_four_passes_hundreds_of_operations() {
    seeds(|seed| {
        let sim = Sim::with(small().completions(4096).buffers(256), seed, Plan::CALM);
        sim.run(many_at_once(sim.net(), 100));
        sim.end();
    });
}

// io 26
#[test]
fn a_timer_behind_a_full_queue_fires_although_enters_are_refused() {
    seeds(|seed| {
        let mut plan = Plan::CALM;
        plan.refused = 500;
        plan.partial = 500;
        let sim = Sim::with(small(), seed, plan);
        let net = sim.net();
        sim.run(async {
            for _ in 0..20 {
                let pairs: Vec<_> = (0..7).map(|_| net.pair().expect("a descriptor")).collect();
                let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
                let reading: Vec<_> = ours
                    .into_iter()
                    .map(|mut stream| {
                        spawn(async move { stream.both().0.fill().await.expect("alive").len() })
                            .expect("inside a runtime")
                    })
                    .collect();
                // Nothing else ends the wait.
                after(Duration::from_millis(1)).await.expect("inside a runtime");
                for their in &theirs {
                    their.write_all(b"x").await.expect("alive");
                }
                for task in reading {
                    assert_eq!(task.await.expect("no panic"), 1);
                }
            }
        });
        let (_, counts) = sim.end();
        assert!(counts.refused > 0 && counts.partial > 0, "{counts:?}");
    });
}

// io 26
#[test]
fn refused_enters_are_tried_again_without_spinning() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::CALM);
        let net = sim.net();
        sim.run(async {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            turn().await;
            let mut plan = Plan::CALM;
            plan.refused = 1000;
            net.change(plan);
            let before = stats().enters;
            ours.both().1.write(&bytes(1, 3000)).await.expect("queued");
            after(Duration::from_millis(200)).await.expect("inside a runtime");
            let enters = stats().enters - before;
            assert!(enters < 2000, "{enters} enters in 200 ms");
            assert_eq!(theirs.try_read(1).expect("alive"), None, "nothing was submitted");
            net.change(Plan::CALM);
            assert_same(&theirs.read_exact(3000).await.expect("sent"), &bytes(1, 3000));
        });
        sim.end();
    });
}

// io 27
#[test]
fn simulated_streams_that_hold_all_buffers_stall_the_others_and_nobody_is_closed() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::with(small(), seed, plan);
            let net = sim.net();
            sim.run(hold_all(net));
            let (stats, _) = sim.end();
            assert!(stats.starved > 0, "buffers ran out: {stats:?}");
        }
    });
}

async fn hold_all(net: Net) {
    let pairs: Vec<_> = (0..64).map(|_| net.pair().expect("a descriptor")).collect();
    let (mut ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let sending: Vec<_> = theirs
        .into_iter()
        .enumerate()
        .map(|(number, their)| {
            spawn(async move {
                their.write_all(&bytes(number as u64, 20_000)).await.expect("alive");
                their
            })
            .expect("inside a runtime")
        })
        .collect();
    // Everyone waits for bytes, holding what it is lent.
    for our in &mut ours {
        drop(crate::stage::give_up(3, our.both().0.fill()).await);
    }
    let reading: Vec<_> = ours
        .into_iter()
        .enumerate()
        .map(|(number, mut our)| {
            spawn(async move {
                let mut got = vec![0; 20_000];
                our.both().0.read_exact(&mut got).await.expect("alive");
                assert_same(&got, &bytes(number as u64, 20_000));
            })
            .expect("inside a runtime")
        })
        .collect();
    for task in reading {
        task.await.expect("no panic");
    }
    for task in sending {
        task.await.expect("no panic");
    }
}

// io 41 in small: a peer that floods and never reads, others that echo.
#[test]
fn a_simulated_flood_does_not_stop_the_others() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        let net = sim.net();
        sim.run(async {
            let (mut ours, flooding) = net.pair().expect("a descriptor");
            let flooding = Rc::new(flooding);
            let flood = flooding.clone();
            let flooding_task =
                spawn(async move { while flood.write_all(&[7; 4000]).await.is_ok() {} })
                    .expect("inside a runtime");
            let copying = spawn(async move {
                let (reader, writer) = ours.both();
                drop(Flow::copy(reader, writer).await);
            })
            .expect("inside a runtime");
            let mut random = Random::new(seed);
            for round in 0..20 {
                let (mut ours, theirs) = net.pair().expect("a descriptor");
                let message = bytes(round, 1 + random.below(9000));
                let length = message.len();
                let echo = spawn(async move {
                    let mut got = vec![0; length];
                    ours.both().0.read_exact(&mut got).await.expect("alive");
                    ours.both().1.write(&got).await.expect("alive");
                    ours.both().1.flushed().await.expect("alive");
                })
                .expect("inside a runtime");
                theirs.write_all(&message).await.expect("alive");
                assert_same(&theirs.read_exact(length).await.expect("alive"), &message);
                echo.await.expect("no panic");
            }
            flooding_task.cancel();
            drop(flooding_task.await);
            Peer::reset(Rc::into_inner(flooding).expect("the last"));
            drop(copying.await);
        });
        sim.end();
    });
}
