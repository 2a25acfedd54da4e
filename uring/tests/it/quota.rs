//! Quotas: what streams that nobody reads may hold, and how a pool that runs low gets buffers back from them.

use std::rc::Rc;

use tidemill_uring::{
    io::Flow,
    net::TcpStream,
    runtime::{Builder, Runtime, spawn},
    sim::{Plan, Sim, seeds},
};

use crate::{
    place::{Place, Wire, calmly},
    stage::{assert_same, bytes, poll_once, run_on, stats, turns},
};

/// 64 buffers, of which the ring has 16 at a time and a stream may hold two. (Each message that comes alone fills one, however short it is.)
fn small() -> Builder {
    Runtime::builder().buffers(16).buffer_bytes(4096)
}

/// `count` connections that wait for bytes.
async fn waiting(place: &Place, count: usize) -> Vec<(TcpStream, Wire)> {
    let mut all = Vec::new();
    for _ in 0..count {
        let (mut ours, theirs) = place.pair().await;
        assert!(poll_once(ours.both().0.fill()).await.is_none(), "nothing came");
        all.push((ours, theirs));
    }
    turns().await;
    all
}

#[test]
fn the_more_is_held_unread_the_less_each_may_hold_and_some_is_left() {
    // 1024 buffers: the first stream may hold eight of them, a hundred could hold most.
    calmly(
        || small().buffers(256),
        async |place: Place| {
            let mut all = waiting(&place, 100).await;
            for _ in 0..10 {
                for (_, theirs) in &all {
                    theirs.write_all(&[1]).await.expect("alive");
                }
                turns().await;
            }
            let held: Vec<_> = all.iter_mut().map(|(ours, _)| ours.both().0.buffered()).collect();
            assert!(held.iter().all(|held| (2..=8).contains(held)), "of ten each: {held:?}");
            let total: usize = held.iter().sum();
            assert!(total <= 600, "much is left: {total} of 1024 are held");
            assert_eq!(stats().starved, 0, "nobody waited for a buffer");
        },
    );
}

#[test]
fn what_is_held_unread_is_copied_together_when_the_pool_runs_low() {
    calmly(small, async |place: Place| {
        // One has what it was lent for the whole time.
        let (mut lent, their) = place.pair().await;
        their.write_all(b"lent").await.expect("alive");
        let lent = lent.both().0.fill().await.expect("alive");
        // Two messages for each: more than there are buffers.
        let mut all = waiting(&place, 40).await;
        for message in [b"one", b"two"] {
            for (_, theirs) in &all {
                theirs.write_all(message).await.expect("alive");
            }
            turns().await;
        }
        for _ in 0..100 {
            for (ours, _) in &mut all {
                drop(poll_once(ours.both().0.fill()).await);
            }
            turns().await;
        }
        let held: Vec<_> = all.iter_mut().map(|(ours, _)| ours.both().0.buffered()).collect();
        assert!(held.iter().all(|held| *held == 6), "all came, unread: {held:?}");
        assert_eq!(lent, b"lent", "what is lent stays");
        for (ours, _) in &mut all {
            let mut both = [0; 6];
            ours.both().0.read_exact(&mut both).await.expect("alive");
            assert_eq!(&both, b"onetwo");
        }
    });
}

#[test]
fn copies_of_what_is_held_unread_are_bounded() {
    calmly(small, async |place: Place| {
        let mut all = waiting(&place, 64).await;
        for (_, theirs) in &all {
            theirs.write_all(&[1; 8 * 4096]).await.expect("alive");
        }
        for _ in 0..20 {
            for (ours, _) in &mut all {
                drop(poll_once(ours.both().0.fill()).await);
            }
            turns().await;
        }
        let held: usize = all.iter_mut().map(|(ours, _)| ours.both().0.buffered()).sum();
        // 64 buffers, and copies of half as much.
        assert!(held > 64 * 4096, "some are copies: {held}");
        assert!(held <= (64 + 32) * 4096, "{held}");
    });
}

#[test]
fn what_stalled_copies_have_queued_is_copied_together_too() {
    seeds(|seed| {
        let mut plan = Plan::CALM;
        plan.socket_bytes = 4096;
        let sim = Sim::with(small(), seed, plan);
        let net = sim.net();
        sim.run(async {
            let mut stalled = Vec::new();
            for _ in 0..17 {
                let (mut ours, theirs) = net.pair().expect("a descriptor");
                let theirs = Rc::new(theirs);
                let flood = theirs.clone();
                let flooding =
                    spawn(async move { while flood.write_all(&[7; 4096]).await.is_ok() {} });
                let copying = spawn(async move {
                    let (reader, writer) = ours.both();
                    drop(Flow::copy(reader, writer).await);
                });
                stalled.push((flooding, copying, theirs));
            }
            for _ in 0..50 {
                turns().await;
            }
            // What is in flight stays, and the first of what is queued and of what is unread; without the rest there are a few.
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            let echoing = spawn(async move {
                let (reader, writer) = ours.both();
                drop(Flow::copy(reader, writer).await);
            })
            .expect("inside a runtime");
            let message = bytes(seed, 100_000);
            for piece in message.chunks(4096) {
                theirs.write_all(piece).await.expect("alive");
                assert_same(&theirs.read_exact(piece.len()).await.expect("alive"), piece);
            }
            drop(theirs);
            echoing.await.expect("no panic");
            for (flooding, copying, theirs) in stalled {
                flooding.expect("inside a runtime").cancel();
                turns().await;
                theirs.shutdown();
                drop((copying, theirs));
            }
        });
        sim.end();
    });
}

#[test]
fn a_pool_that_runs_low_ends_receives_of_streams_that_hold_their_share() {
    run_on(small().buffers(256), async {
        let place = Place::Kernel;
        let mut early = waiting(&place, 12).await;
        for _ in 0..4 {
            for (_, theirs) in &early {
                theirs.write_all(&[1]).await.expect("alive");
            }
            turns().await;
        }
        assert_eq!(stats().in_flight, 12, "four each are less than a share of what is left");
        // In one turn a flood takes what there is.
        let mut flooded = Vec::new();
        for _ in 0..60 {
            let (ours, theirs) = place.pair().await;
            theirs.write_all(&[2; 16 * 4096]).await.expect("alive");
            flooded.push((ours, theirs));
        }
        for (ours, _) in &mut flooded {
            drop(poll_once(ours.both().0.fill()).await);
        }
        for _ in 0..20 {
            turns().await;
        }
        assert_eq!(stats().in_flight, 0, "four each are more than a share of it");
        for (ours, theirs) in &mut early {
            assert_eq!(ours.both().0.buffered(), 4);
            theirs.write_all(&[1]).await.expect("alive");
            ours.both().0.read_exact(&mut [0; 5]).await.expect("nothing is lost");
        }
    });
}
