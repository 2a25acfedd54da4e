//! Everything at once: peers that behave in every way, calls that are dropped at any moment, too few of everything.

use std::{
    io::{Read, Write},
    net::{self, Shutdown, SocketAddr},
    time::Duration,
};

use tidemill_core::scope::with_timeout;
use tidemill_uring::{
    io::Flow,
    net::TcpStream,
    runtime::{Builder, Runtime, spawn},
};

use crate::stage::{
    Random, alone, assert_same, bytes, descriptors, full, give_up, listener, peer, reset, run_on,
};

/// What a peer does; those that behave check every byte.
fn misbehave(addr: SocketAddr, seed: u64) {
    let mut random = Random::new(seed);
    let mut stream = net::TcpStream::connect(addr).expect("backlog");
    let message = bytes(seed, 1 + random.below(200_000));
    let part = random.below(message.len());
    match random.below(8) {
        0 => drop(stream),
        1 => reset(stream),
        // Failures are what the server may answer misbehaviour with.
        2 => {
            let _ = stream.write_all(&message[..part]);
            reset(stream);
        }
        3 => {
            let _ = stream.write_all(&message[..part]);
            let _ = stream.read(&mut [0; 1000]);
        }
        4 => {
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        _ => {
            let mut sending = stream.try_clone().expect("a descriptor");
            let copy = message.clone();
            let sender = std::thread::spawn(move || {
                sending.write_all(&copy).expect("written");
                sending.shutdown(Shutdown::Write).expect("shut");
            });
            let mut got = Vec::new();
            stream.read_to_end(&mut got).expect("read");
            sender.join().expect("sent");
            assert_same(&got, &message);
        }
    }
}

/// Echoes, in one of several ways, giving up and beginning again; failures end it.
async fn echo(mut stream: TcpStream, seed: u64) -> std::io::Result<()> {
    let mut random = Random::new(seed);
    let (reader, writer) = stream.both();
    loop {
        match random.below(4) {
            0 => {
                if let Some(copied) = give_up(random.below(4), Flow::copy(reader, writer)).await {
                    copied?;
                    return Ok(());
                }
            }
            1 => {
                let patience = Duration::from_micros(random.below(500) as u64);
                if let Ok(copied) = with_timeout(patience, Flow::copy(reader, writer)).await {
                    copied?;
                    return Ok(());
                }
            }
            2 => {
                let mut into = vec![0; 1 + random.below(5000)];
                if let Some(count) = give_up(random.below(3), reader.read(&mut into)).await {
                    let count = count?;
                    if count == 0 {
                        return Ok(());
                    }
                    writer.write(&into[..count]).await?;
                }
            }
            _ => {
                if let Some(flushed) = give_up(random.below(3), writer.flushed()).await {
                    flushed?;
                }
            }
        }
    }
}

async fn chaos(seed: u64) {
    const COUNT: u64 = 100;
    let (mut listener, addr) = listener();
    let peers: Vec<_> = (0..8)
        .map(|lane| {
            peer(move || {
                (0..COUNT).filter(|number| number % 8 == lane).for_each(|number| {
                    misbehave(addr, seed * COUNT + number);
                });
            })
        })
        .collect();
    let mut tasks = Vec::new();
    for number in 0..COUNT {
        let stream = listener.accept().await.expect("accepted");
        tasks.push(spawn(echo(stream, number)).expect("inside a runtime"));
    }
    for peer in peers {
        peer.await;
    }
    // Failures are of those that misbehaved; panics are nobody's.
    for task in tasks {
        let _ = task.await.expect("no panic");
    }
}

#[test]
fn whatever_peers_do_those_that_behave_are_served_and_nothing_is_left() {
    alone("chaos::whatever_peers_do_those_that_behave_are_served_and_nothing_is_left", || {
        let before = descriptors();
        let seeds = if full() { 200 } else { 4 };
        for seed in 0..seeds {
            let small = Runtime::builder().submissions(4).completions(8).buffers(16);
            let builders: [Builder; 3] =
                [Runtime::builder(), Runtime::builder().buffers(16), small.buffer_bytes(4096)];
            for builder in builders {
                run_on(builder, chaos(seed));
                assert_eq!(descriptors(), before, "seed {seed}");
            }
        }
    });
}
