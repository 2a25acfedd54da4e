//! A peer that floods and never reads, beside 63 that ask and are answered: what it costs them, counted in enters, and what it costs in memory.
//!
//! Rounds go in step: each of the 63 asks once, and the next round begins when all have their answers. While they wait the flood pushes what it can. With
//! nothing to do a turn does not enter, so enters count what the worker did, not how long it took.

use tidemill_uring::{
    io::Flow,
    net::TcpStream,
    runtime::{Builder, Runtime, spawn},
    sim::{Plan, Sim, seeds},
};

use crate::{
    place::{Place, Wire},
    stage::{Play, Watch, again, rest, stats, turns},
};

const OTHERS: usize = 63;
const ASKED: usize = 100;
const ROUNDS: u64 = 50;

fn builder() -> Builder {
    Runtime::builder().buffers(256).buffer_bytes(4096)
}

/// What a flood had sent, what the others' rounds cost, and what was held meanwhile.
#[derive(Debug)]
struct Cost {
    enters: u64,
    /// Bytes of the flood that this process took from the kernel.
    flooded: u64,
    /// Most chunks that were out after a round.
    held: usize,
}

/// Echoes what comes over a connection; the peer's end of it.
fn echoed((mut ours, theirs): (TcpStream, Wire)) -> Wire {
    drop(spawn(async move {
        let (reader, writer) = ours.both();
        drop(Flow::copy(reader, writer).await);
    }));
    theirs
}

/// `ROUNDS` rounds of the others, beside a flood or without.
async fn rounds(place: &Place, flooding: bool, held: impl Fn() -> usize) -> Cost {
    let flood = echoed(place.pair().await);
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(echoed(place.pair().await));
    }
    turns().await;
    let before = stats();
    let mut most = 0;
    for round in 0..ROUNDS {
        let question = [round as u8; ASKED];
        for other in &others {
            assert_eq!(other.try_write(&question).expect("alive"), ASKED);
        }
        let mut missing: Vec<_> = others.iter().map(|other| (other, 0)).collect();
        while !missing.is_empty() {
            if flooding {
                while flood.try_write(&[0xff; 10_000]).expect("alive") > 0 {}
            }
            again().await;
            for (other, got) in &mut missing {
                if let Some(bytes) = other.try_read().expect("alive") {
                    assert!(bytes.iter().all(|byte| *byte == round as u8), "its own answer");
                    *got += bytes.len();
                }
            }
            missing.retain(|(_, got)| *got < ASKED);
        }
        most = most.max(held());
    }
    let after = stats();
    let answered = ROUNDS * (OTHERS * ASKED) as u64;
    let flooded = after.received - before.received - answered;
    flood.reset();
    drop(others);
    Cost { enters: after.enters - before.enters, flooded, held: most }
}

/// The others keep nine tenths of their answers per enter, and the flood holds a bounded piece of memory.
fn judge(alone: &Cost, beside: &Cost) {
    eprintln!("{} rounds: alone {alone:?}, beside a flood {beside:?}", ROUNDS);
    assert!(beside.enters * 9 <= alone.enters * 10, "{beside:?}, not as {alone:?}");
    assert!(beside.flooded > 0, "it did flood");
    // What a copy keeps queued, and what its two sockets hold.
    assert!(beside.flooded <= 16 << 20, "{beside:?}");
}

// io 41
#[test]
fn beside_a_flood_that_nobody_drains_63_others_keep_nine_tenths_of_their_rate() {
    let _watch = Watch::new();
    let cost = |flooding| {
        let runtime = builder().build().expect("a runtime");
        runtime.play(async {
            let cost = rounds(&Place::Kernel, flooding, || 0).await;
            rest().await;
            cost
        })
    };
    judge(&cost(false), &cost(true));
}

// io 41
#[test]
fn beside_a_simulated_flood_63_others_keep_nine_tenths_of_their_rate() {
    seeds(|seed| {
        let cost = |flooding| {
            let sim = Sim::with(builder(), seed, Plan::CALM);
            let place = Place::Simulated(sim.net());
            let cost = sim.run(rounds(&place, flooding, || sim.chunks_out()));
            sim.end();
            cost
        };
        let (alone, beside) = (cost(false), cost(true));
        judge(&alone, &beside);
        assert!(beside.held <= alone.held + 100, "{beside:?}, not as {alone:?}");
    });
}
