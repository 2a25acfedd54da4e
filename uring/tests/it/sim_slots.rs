//! Accepting by slots on a simulated ring, whose table destroys the connection that finds it full.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
    time::Duration,
};

use tidemill_core::scope::after;
use tidemill_uring::{
    runtime::{Builder, Runtime, spawn},
    sim::{Net, Plan, Random, Sim, seeds},
};

use crate::stage::{give_up, turn};

fn small() -> Builder {
    Runtime::builder().buffers(16).buffer_bytes(4096).submissions(4).completions(8)
}

/// `count` clients, all at once, each of which waits for its answer: all are served, at most `most` at a time.
async fn crowd(net: Net, seed: u64, count: u32, most: usize) {
    let (mut listener, addr) = net.listener().expect("a descriptor");
    let clients: Vec<_> = (0..count)
        .map(|number| {
            let peer = net.connect(addr).expect("somebody listens");
            spawn(async move {
                peer.write_all(&number.to_le_bytes()).await.expect("alive");
                assert_eq!(peer.read_exact(4).await.expect("alive"), number.to_le_bytes());
            })
            .expect("inside a runtime")
        })
        .collect();
    let open = Rc::new(Cell::new(0));
    let seen = Rc::new(RefCell::new(HashSet::new()));
    let mut random = Random::new(seed);
    let (mut serving, mut rests) = (Vec::new(), 0);
    while serving.len() < count as usize {
        let Some(Ok(mut stream)) = give_up(random.below(4), listener.accept()).await else {
            rests += 1;
            assert!(rests < 20_000, "{} of {count} came, and no more do", serving.len());
            after(Duration::from_micros(500)).await.expect("inside a runtime");
            continue;
        };
        open.set(open.get() + 1);
        assert!(open.get() <= most, "{} are open, of {most}", open.get());
        let (open, seen) = (open.clone(), seen.clone());
        let rest = Duration::from_micros(random.below(2000) as u64);
        serving.push(
            spawn(async move {
                let (reader, writer) = stream.both();
                let mut number = [0; 4];
                reader.read_exact(&mut number).await.expect("a number");
                assert!(seen.borrow_mut().insert(number), "{number:?} came once");
                let _ = after(rest).await;
                writer.write(&number).await.expect("queued");
                writer.flushed().await.expect("alive");
                drop(stream);
                open.set(open.get() - 1);
            })
            .expect("inside a runtime"),
        );
    }
    for task in serving.into_iter().chain(clients) {
        task.await.expect("no panic");
    }
}

/// [`crowd`] with every kind of fault that loses no connection.
fn crowds(builder: impl Fn() -> Builder, count: u32, most: usize) {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::with(builder(), seed, plan);
            sim.run(crowd(sim.net(), seed, count, most));
            let (stats, counts) = sim.end();
            assert_eq!((stats.accepted, counts.destroyed), (count.into(), 0), "{counts:?}");
        }
    });
}

// io 6
#[test]
fn a_simulated_table_that_is_full_destroys_nobody_because_nobody_meets_it() {
    crowds(|| small().direct_descriptors(4), 60, 4);
}

#[test]
fn a_simulated_limit_of_connections_holds_and_all_are_served() {
    crowds(|| small().connections(4), 60, 4);
}

#[test]
fn a_simulated_switch_from_many_to_one_each_loses_no_connection() {
    // The backlog is 1024, and a batch 64: beyond the first ten it is one each.
    crowds(|| small().connections(1098), 60, 1098);
    crowds(|| small().connections(1089), 60, 1089);
}

#[test]
fn simulated_listeners_share_the_slots_of_their_worker() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            for builder in [small().direct_descriptors(3), small().connections(3)] {
                let sim = Sim::with(builder, seed, plan);
                let net = sim.net();
                sim.run(async {
                    let crowds: Vec<_> = (0..3)
                        .map(|number| spawn(crowd(net.clone(), seed + number, 20, 3)))
                        .collect();
                    for crowd in crowds {
                        crowd.expect("inside a runtime").await.expect("no panic");
                    }
                });
                let (stats, counts) = sim.end();
                assert_eq!((stats.accepted, counts.destroyed), (60, 0));
            }
        }
    });
}

#[test]
fn a_simulated_half_close_of_a_direct_descriptor_comes_before_its_close() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::with(small().direct_descriptors(2), seed, plan);
            let net = sim.net();
            sim.run(async {
                let (mut listener, addr) = net.listener().expect("a descriptor");
                let mut random = Random::new(seed);
                for _ in 0..20 {
                    let peer = net.connect(addr).expect("somebody listens");
                    let stream = loop {
                        if let Ok(stream) = listener.accept().await {
                            break stream;
                        }
                    };
                    let (mut reader, mut writer) = stream.split();
                    writer.write(b"last").await.expect("queued");
                    drop(writer);
                    if random.below(2) == 0 {
                        assert_eq!(peer.read_to_end().await.expect("alive"), b"last");
                        peer.write_all(b"still").await.expect("open");
                        let mut word = [0; 5];
                        reader.read_exact(&mut word).await.expect("alive");
                        assert_eq!(&word, b"still");
                    }
                    for _ in 0..random.below(4) {
                        turn().await;
                    }
                    drop(reader);
                }
            });
            let (stats, counts) = sim.end();
            assert_eq!((stats.accepted, counts.destroyed), (20, 0));
        }
    });
}

// io 7
#[test]
fn a_simulated_listener_dropped_at_any_point_gives_its_slots_back() {
    seeds(|seed| {
        for builder in [small().direct_descriptors(4), small().connections(4)] {
            let sim = Sim::with(builder, seed, Plan::ROUGH);
            let net = sim.net();
            sim.run(async {
                let mut random = Random::new(seed);
                for _ in 0..20 {
                    let (mut listener, addr) = net.listener().expect("a descriptor");
                    let peers: Vec<_> = (0..6).map(|_| net.connect(addr)).collect();
                    let taken = give_up(random.below(6), listener.accept()).await;
                    drop((listener, taken));
                    for peer in peers {
                        let end = peer.expect("somebody listens").read_to_end().await;
                        assert!(end.is_err() || end.is_ok_and(|bytes| bytes.is_empty()), "closed");
                    }
                }
                crowd(net, seed, 20, 4).await;
            });
            let (_, counts) = sim.end();
            assert_eq!(counts.destroyed, 0);
        }
    });
}
