//! Accepting and connecting on a simulated ring, with futures dropped at any point.

use std::{collections::HashSet, io::ErrorKind, time::Duration};

use tidemill_core::scope::after;
use tidemill_uring::{
    net::TcpStream,
    runtime::spawn,
    sim::{Net, Plan, Random, Sim, seeds},
};

use crate::stage::{give_up, rest, turn};

async fn accepts_dropped(net: Net, seed: u64, count: u32) {
    let (mut listener, addr) = net.listener().expect("a descriptor");
    let calling = net.clone();
    let clients = spawn(async move {
        for number in 0..count {
            let peer = calling.connect(addr).expect("somebody listens");
            peer.write_all(&number.to_le_bytes()).await.expect("alive");
            // The answer keeps the number of open connections small.
            assert_eq!(peer.read_exact(4).await.expect("alive"), number.to_le_bytes());
        }
    })
    .expect("inside a runtime");
    let mut random = Random::new(seed);
    let mut seen = HashSet::new();
    while seen.len() < count as usize {
        let Some(Ok(mut stream)) = give_up(random.below(4), listener.accept()).await else {
            after(Duration::from_micros(500)).await.expect("inside a runtime");
            continue;
        };
        let (reader, writer) = stream.both();
        let mut number = [0; 4];
        reader.read_exact(&mut number).await.expect("a number");
        assert!(seen.insert(number), "{number:?} came once");
        writer.write(&number).await.expect("queued");
    }
    clients.await.expect("no panic");
}

// io 4
#[test]
fn simulated_accepts_dropped_while_connections_race_lose_none() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::new(seed, plan);
            sim.run(accepts_dropped(sim.net(), seed, 100));
            sim.end();
        }
    });
}

// io 5
#[test]
fn simulated_accepts_go_on_after_every_kind_of_failure() {
    seeds(|seed| {
        let mut plan = Plan::ROUGH;
        plan.no_descriptors = 500;
        plan.errno = 300;
        let sim = Sim::new(seed, plan);
        let net = sim.net();
        sim.run(async {
            let (mut listener, addr) = net.listener().expect("a descriptor");
            let _peers: Vec<_> = (0..50).map(|_| net.connect(addr)).collect();
            let mut streams = Vec::new();
            while streams.len() < 50 {
                streams.extend(listener.accept().await.ok());
            }
        });
        let (stats, _) = sim.end();
        assert_eq!(stats.accepted, 50);
    });
}

// io 7
#[test]
fn a_simulated_listener_dropped_at_any_point_closes_what_nobody_took() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        let net = sim.net();
        sim.run(async {
            let mut random = Random::new(seed);
            for _ in 0..30 {
                let (mut listener, addr) = net.listener().expect("a descriptor");
                drop(give_up(random.below(3), listener.accept()).await);
                let peers: Vec<_> = (0..5).map(|_| net.connect(addr)).collect();
                for _ in 0..random.below(6) {
                    turn().await;
                }
                drop(listener);
                rest().await;
                for peer in peers {
                    let end = peer.expect("somebody listens").read_to_end().await;
                    assert!(end.is_err() || end.is_ok_and(|bytes| bytes.is_empty()), "closed");
                }
                let told = net.connect(addr).expect_err("nobody listens");
                assert_eq!(told.kind(), ErrorKind::ConnectionRefused);
            }
        });
        sim.end();
    });
}

#[test]
fn simulated_connects_dropped_at_any_point_leave_nothing() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::CRUEL);
        let net = sim.net();
        sim.run(async {
            let callers = net.callers();
            let addr = callers.addr();
            let answering = spawn(async move {
                loop {
                    let peer = callers.accept().await;
                    drop(peer.write_all(b"hello").await);
                }
            })
            .expect("inside a runtime");
            let mut random = Random::new(seed);
            let mut greeted = 0;
            for _ in 0..100 {
                let connecting = give_up(random.below(6), TcpStream::connect(addr)).await;
                if let Some(Ok(mut stream)) = connecting {
                    let mut hello = [0; 5];
                    if stream.both().0.read_exact(&mut hello).await.is_ok() {
                        assert_eq!(&hello, b"hello");
                        greeted += 1;
                    }
                }
            }
            assert!(greeted > 0, "some were there in time");
            answering.cancel();
            drop(answering.await);
            let mut told = TcpStream::connect(addr).await.expect_err("nobody listens");
            while told.kind() == ErrorKind::Interrupted || told.kind() == ErrorKind::TimedOut {
                told = TcpStream::connect(addr).await.expect_err("nobody listens");
            }
            assert_eq!(told.kind(), ErrorKind::ConnectionRefused);
        });
        sim.end();
    });
}
