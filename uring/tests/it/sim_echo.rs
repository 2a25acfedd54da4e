//! Echo on a simulated ring: every byte comes back, in order, whatever goes wrong.

use tidemill_uring::{
    io::Flow,
    runtime::spawn,
    sim::{Net, Plan, Random, Sim, seeds},
};

use crate::stage::assert_same;

/// A peer that sends `total` bytes in pieces while it reads them back.
async fn converse(net: Net, addr: std::net::SocketAddr, seed: u64, total: usize) {
    let mut random = Random::new(seed);
    let all = random.bytes(total);
    let peer = std::rc::Rc::new(net.connect(addr).expect("somebody listens"));
    let (writing, expected) = (peer.clone(), all.clone());
    let sending = spawn(async move {
        let mut left = &all[..];
        while !left.is_empty() {
            let count = 1 + random.below(left.len().min(9000));
            writing.write_all(&left[..count]).await.expect("alive");
            left = &left[count..];
        }
        writing.shutdown();
    })
    .expect("inside a runtime");
    let got = peer.read_to_end().await.expect("alive");
    sending.await.expect("no panic");
    assert_same(&got, &expected);
}

async fn echo(net: Net, seed: u64, connections: u64, total: usize) {
    let (mut listener, addr) = net.listener().expect("a descriptor");
    let serving = spawn(async move {
        let mut served = 0;
        while served < connections {
            // No descriptor, or none that could be had: the listener rests.
            let Ok(mut stream) = listener.accept().await else { continue };
            served += 1;
            drop(spawn(async move {
                let (reader, writer) = stream.both();
                Flow::copy(reader, writer).await.expect("the peer behaves")
            }));
        }
    })
    .expect("inside a runtime");
    let talking: Vec<_> = (0..connections)
        .map(|number| spawn(converse(net.clone(), addr, seed * 100 + number, total)))
        .collect();
    for task in talking {
        task.expect("inside a runtime").await.expect("no panic");
    }
    serving.await.expect("no panic");
}

#[test]
fn echo_is_exact_when_all_goes_well() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::CALM);
        sim.run(echo(sim.net(), seed, 5, 100_000));
        sim.end();
    });
}

#[test]
fn echo_is_exact_under_each_kind_of_fault() {
    for (name, plan) in Plan::EACH {
        seeds(|seed| {
            eprintln!("{name}");
            let sim = Sim::new(seed, plan);
            sim.run(echo(sim.net(), seed, 5, 50_000));
            sim.end();
        });
    }
}

#[test]
fn echo_is_exact_under_all_faults_at_once() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        sim.run(echo(sim.net(), seed, 7, 50_000));
        sim.end();
    });
}

#[test]
fn a_seed_replays() {
    seeds(|seed| {
        let run = || {
            let sim = Sim::new(seed, Plan::ROUGH);
            let net = sim.net();
            sim.run(echo(sim.net(), seed, 5, 20_000));
            sim.end();
            net.digest()
        };
        assert_eq!(run(), run());
    });
}
