//! Scenarios on both engines: the kernel's ring, and simulated ones with many seeds.

use std::{collections::HashSet, io::ErrorKind, rc::Rc, time::Duration};

use tidemill_core::scope::after;
use tidemill_uring::{io::Flow, runtime::spawn, sim::Random};

use crate::{
    place::{Place, everywhere},
    stage::{assert_same, bytes, give_up, rest, stats, turn, until},
};

#[test]
fn an_echo_is_exact() {
    everywhere(async |place: Place, seed| {
        let (mut listener, addr) = place.listener();
        let mut talking = Vec::new();
        for number in 0..5 {
            let wire = Rc::new(place.connect(addr));
            let mut stream = loop {
                // A simulated one may have no descriptor for it.
                if let Ok(stream) = listener.accept().await {
                    break stream;
                }
            };
            drop(spawn(async move {
                let (reader, writer) = stream.both();
                Flow::copy(reader, writer).await.expect("the peer behaves")
            }));
            let message = bytes(seed * 5 + number, 60_000);
            let (writing, sent) = (wire.clone(), message.clone());
            drop(spawn(async move {
                writing.write_all(&sent).await.expect("alive");
                writing.shutdown();
            }));
            talking.push(spawn(async move {
                assert_same(&wire.read_to_end().await.expect("alive"), &message);
            }));
        }
        for task in talking {
            task.expect("inside a runtime").await.expect("no panic");
        }
    });
}

// io 4
#[test]
fn accepts_dropped_at_any_point_lose_no_connection() {
    everywhere(async |place: Place, seed| {
        let (mut listener, addr) = place.listener();
        let mut random = Random::new(seed);
        let mut wires = Vec::new();
        let mut seen = HashSet::new();
        while seen.len() < 40 {
            if wires.len() < 40 && random.hits(500) {
                let wire = place.connect(addr);
                wire.write_all(&[wires.len() as u8]).await.expect("alive");
                wires.push(wire);
            }
            let Some(Ok(mut stream)) = give_up(random.below(4), listener.accept()).await else {
                after(Duration::from_micros(200)).await.expect("inside a runtime");
                continue;
            };
            let number = stream.both().0.fill().await.expect("alive")[0];
            assert!(seen.insert(number), "{number} came once");
        }
    });
}

// io 7
#[test]
fn a_listener_dropped_at_any_point_closes_what_nobody_took() {
    everywhere(async |place: Place, seed| {
        let mut random = Random::new(seed);
        for _ in 0..10 {
            let (mut listener, addr) = place.listener();
            drop(give_up(random.below(3), listener.accept()).await);
            let wires: Vec<_> = (0..5).map(|_| place.connect(addr)).collect();
            for _ in 0..random.below(4) {
                turn().await;
            }
            drop(listener);
            rest().await;
            for wire in wires {
                let end = wire.read_to_end().await;
                assert!(end.map_or(true, |bytes| bytes.is_empty()), "closed, not served");
            }
            assert!(place.refuses(addr), "nobody listens");
        }
    });
}

// io 30
#[test]
fn reads_dropped_at_any_point_lose_and_repeat_no_byte() {
    everywhere(async |place: Place, seed| {
        const TOTAL: usize = 100_000;
        let (mut ours, theirs) = place.pair().await;
        drop(spawn(async move {
            theirs.write_all(&bytes(seed, TOTAL)).await.expect("alive");
            theirs.shutdown();
            theirs.read_to_end().await
        }));
        let mut random = Random::new(seed);
        let mut got = Vec::new();
        let (reader, _) = ours.both();
        while got.len() < TOTAL {
            let mut into = vec![0; 1 + random.below(9000.min(TOTAL - got.len()))];
            if random.hits(500) {
                if let Some(told) = give_up(random.below(3), reader.read_exact(&mut into)).await {
                    told.expect("alive");
                    got.extend(into);
                }
            } else if let Some(told) = give_up(random.below(3), reader.read(&mut into)).await {
                got.extend_from_slice(&into[..told.expect("alive")]);
            } else {
                turn().await;
            }
        }
        assert_same(&got, &bytes(seed, TOTAL));
    });
}

// io 13
#[test]
fn a_reset_is_an_error_and_leaves_nothing() {
    everywhere(async |place: Place, seed| {
        let mut random = Random::new(seed);
        for _ in 0..10 {
            let (mut ours, theirs) = place.pair().await;
            drop(give_up(random.below(3), ours.both().0.fill()).await);
            theirs.reset();
            for _ in 0..2 {
                let told = ours.both().0.fill().await.expect_err("a reset is no end");
                assert_eq!(told.kind(), ErrorKind::ConnectionReset);
            }
        }
    });
}

// io 11
#[test]
fn a_half_closed_connection_still_sends() {
    everywhere(async |place: Place, seed| {
        let (mut ours, theirs) = place.pair().await;
        theirs.write_all(b"request").await.expect("alive");
        theirs.shutdown();
        let (reader, writer) = ours.both();
        let mut request = [0; 7];
        reader.read_exact(&mut request).await.expect("alive");
        assert!(reader.fill().await.expect("an end").is_empty());
        let answer = bytes(seed, 300_000);
        let reading = spawn(async move { theirs.read_to_end().await.expect("alive") });
        for piece in answer.chunks(70_000) {
            writer.write(piece).await.expect("alive");
        }
        drop(ours);
        let got = reading.expect("inside a runtime").await.expect("no panic");
        assert_same(&got, &answer);
    });
}

#[test]
fn streams_dropped_at_any_point_free_their_entries_and_buffers() {
    everywhere(async |place: Place, seed| {
        let mut random = Random::new(seed);
        for _ in 0..30 {
            let (mut ours, theirs) = place.pair().await;
            drop(give_up(random.below(3), ours.both().0.fill()).await);
            if random.hits(700) {
                theirs.write_all(&random.bytes(3000)).await.expect("alive");
            }
            if random.hits(500) {
                ours.both().1.write(&random.bytes(3000)).await.expect("alive");
            }
            for _ in 0..random.below(3) {
                turn().await;
            }
            if random.hits(300) {
                theirs.reset();
            }
            drop(ours);
        }
        rest().await;
    });
}

// io 30, 42
#[test]
fn an_idle_connection_holds_one_entry_and_no_buffer() {
    everywhere(async |place: Place, _| {
        let mut pairs = Vec::new();
        for _ in 0..40 {
            let (mut ours, theirs) = place.pair().await;
            assert!(give_up(2, ours.both().0.fill()).await.is_none(), "nothing came");
            pairs.push((ours, theirs));
        }
        until("the receives are armed", || stats().in_flight >= 40).await;
        assert!(stats().live <= 41, "one for each: {:?}", stats());
        // Each still receives.
        for (number, (ours, theirs)) in pairs.iter_mut().enumerate() {
            theirs.write_all(&[number as u8]).await.expect("alive");
            assert_eq!(ours.both().0.fill().await.expect("alive"), [number as u8]);
            ours.both().0.consume(1);
        }
    });
}
