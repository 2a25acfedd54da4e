//! Quiet sends: a first attempt that answers only where it falls short; when a send is one, when it is not, and what holds until it is known to have sent all.
//!
//! What a send says is counted: a quiet one that sent all brings no completion, an ordinary one brings one.

use std::{future::Future, pin::pin, time::Duration};

use socket2::SockRef;
use tidemill_core::scope::after;
use tidemill_uring::{
    io::Flow,
    net::TcpStream,
    runtime::{Builder, Runtime, spawn},
    sim::{Plan, Sim, seeds},
};

use crate::{
    place::{Place, Wire, calmly},
    stage::{again, assert_same, bytes, poll_once, stats, turns, until},
};

/// Chunks of 4096 bytes, of which one send takes two.
fn builder() -> Builder {
    Runtime::builder().buffers(16).buffer_bytes(4096)
}

/// How many completions came with `act` and the turns after it.
async fn completions<F: Future>(act: F) -> u64 {
    turns().await;
    let before = stats().completions;
    act.await;
    turns().await;
    stats().completions - before
}

// quiet sends, rule 1
#[test]
fn a_send_answers_only_where_somebody_waits_for_its_end() {
    calmly(builder, async |place: Place| {
        let (mut ours, theirs) = place.pair().await;
        let (_, writer) = ours.both();
        writer.set_limits(1000, 10_000);
        let told = completions(async { writer.try_write(&[1; 1000]).expect("there is room") });
        assert_eq!(told.await, 0, "nobody waits");
        let told = completions(async {
            writer.try_write(&[2; 1000]).expect("there is room");
            writer.flushed().await.expect("alive");
        });
        assert_eq!(told.await, 1, "flushed");
        let told = completions(async {
            writer.try_write(&[3; 1000]).expect("there is room");
            writer.write(&[4; 1000]).await.expect("alive");
        });
        assert_eq!(told.await, 1, "the second write waits for the first, and nobody for it");
        let told = completions(async {
            writer.try_write(&[5; 1000]).expect("there is room");
            assert!(poll_once(writer.flushed()).await.is_none(), "a turn sends it");
        });
        assert_eq!(told.await, 0, "who waited gave up before the cycle's end");
        let told = completions(async {
            let (_, mut writer) = ours.split();
            writer.try_write(&[6; 1000]).expect("there is room");
            let closed = writer.close(Duration::from_secs(60)).await;
            assert!(closed.lost == 0 && closed.error.is_none(), "{closed:?}");
        });
        // Its deadline may cost one, too.
        assert!((1..=2).contains(&told.await), "close");
        let expected: Vec<u8> = (1..=6).flat_map(|number| [number; 1000]).collect();
        assert_same(&theirs.read_to_end().await.expect("alive"), &expected);
    });
}

// quiet sends, rule 1
#[test]
fn what_a_dropped_stream_still_sends_answers() {
    calmly(builder, async |place: Place| {
        let (mut ours, theirs) = place.pair().await;
        let told = completions(async {
            ours.both().1.try_write(b"farewell").expect("there is room");
            drop(ours);
        });
        assert_eq!(told.await, 1, "its end is the socket's");
        assert_eq!(theirs.read_to_end().await.expect("alive"), b"farewell");
    });
}

// quiet sends, rules 1 and 2
#[test]
fn a_send_of_some_pieces_is_one_and_quiet_only_if_it_is_the_last() {
    calmly(builder, async |place: Place| {
        let (mut ours, theirs) = place.pair().await;
        let block = bytes(7, 20_000);
        for (length, loud) in [(8000, 0), (20_000, 2), (4096, 0), (16_384, 1)] {
            let told = completions(async {
                ours.both().1.try_write(&block[..length]).expect("there is room");
            });
            assert_eq!(told.await, loud, "{length} bytes, two pieces with each send");
        }
        drop(ours);
        let expected = [&block[..8000], &block, &block[..4096], &block[..16_384]].concat();
        assert_same(&theirs.read_to_end().await.expect("alive"), &expected);
    });
}

// quiet sends, rule 1
#[test]
fn a_copy_is_quiet_only_with_the_last_of_what_there_is() {
    // A send takes sixteen pieces, and a stream may hold thirty-two.
    calmly(
        || builder().buffers(1024),
        async |place: Place| {
            let (mut ours, theirs) = place.pair().await;
            let (reader, writer) = ours.both();
            assert!(poll_once(reader.fill()).await.is_none(), "nothing came");
            turns().await;
            for (pieces, loud) in [(16, 0), (20, 1), (5, 0)] {
                let block = bytes(pieces, pieces as usize * 100);
                for (number, piece) in block.chunks(100).enumerate() {
                    theirs.write_all(piece).await.expect("alive");
                    until("it has come", || reader.buffered() > number * 100).await;
                }
                let told = completions(async {
                    let mut copying = pin!(Flow::copy(reader, writer));
                    for _ in 0..1024 {
                        assert!(poll_once(copying.as_mut()).await.is_none(), "more may come");
                        again().await;
                    }
                });
                assert_eq!(told.await, loud, "{pieces} pieces");
                let mut got = Vec::new();
                while got.len() < block.len() {
                    got.extend(theirs.read().await.expect("alive"));
                }
                assert_same(&got, &block);
            }
        },
    );
}

/// Streams that hold all buffers there are, unread.
async fn hoard(place: &Place) -> Vec<(TcpStream, Wire)> {
    let mut all = Vec::new();
    for _ in 0..64 {
        let (mut ours, theirs) = place.pair().await;
        assert!(poll_once(ours.both().0.fill()).await.is_none(), "nothing came");
        theirs.write_all(&[1; 16 * 4096]).await.expect("alive");
        all.push((ours, theirs));
    }
    turns().await;
    turns().await;
    let holding =
        all.iter_mut().filter_map(|(ours, _)| (ours.both().0.buffered() > 0).then_some(()));
    assert!(holding.count() < 64, "some found no buffer");
    all
}

// quiet sends, rule 1
#[test]
fn a_send_answers_while_the_pool_runs_low() {
    calmly(builder, async |place: Place| {
        let (mut ours, theirs) = place.pair().await;
        let (_, writer) = ours.both();
        let told = completions(async { writer.try_write(b"before").expect("there is room") });
        assert_eq!(told.await, 0, "there are buffers");
        let hoard = hoard(&place).await;
        let told = completions(async { writer.try_write(b"during").expect("there is room") });
        assert_eq!(told.await, 1, "nobody else might end the wait");
        drop(hoard);
        turns().await;
        let told = completions(async { writer.try_write(b"after").expect("there is room") });
        assert_eq!(told.await, 0, "there are buffers again");
        drop(ours);
        assert_eq!(theirs.read_to_end().await.expect("alive"), b"beforeduringafter");
    });
}

// quiet sends, the way back
#[test]
fn a_quiet_send_that_falls_short_is_followed_by_one_ordinary_send_of_the_rest() {
    let builder = || Runtime::builder().buffers(16).buffer_bytes(200_000);
    calmly(builder, async |place: Place| {
        let (mut ours, theirs) = place.pair().await;
        SockRef::from(&ours).set_send_buffer_size(4096).expect("an option");
        theirs.narrow();
        let (_, writer) = ours.both();
        for round in 0..3 {
            let block = bytes(round, 400_000);
            let told = completions(async { writer.try_write(&block).expect("there is room") });
            assert_eq!(told.await, 1, "a short count, then a wait without attempts");
            let rest = bytes(round + 10, 70_000);
            let told = completions(async {
                writer.set_limits(1 << 20, 1 << 20);
                writer.try_write(&rest).expect("there is room");
            });
            assert_eq!(told.await, 0, "behind a send in flight");
            let mut got = Vec::new();
            while got.len() < 470_000 {
                got.extend(theirs.read().await.expect("alive"));
            }
            assert_same(&got, &[block, rest].concat());
            until("all is known to be sent", || writer.pending() == 0).await;
            let told = completions(async { writer.try_write(b"quiet").expect("there is room") });
            assert_eq!(told.await, 0, "the next one is quiet again");
            assert_eq!(theirs.read().await.expect("alive"), b"quiet");
        }
    });
}

/// A simulated ring that refuses so many enters of a thousand.
fn refusing(refused: u32) -> Plan {
    let mut plan = Plan::CALM;
    plan.refused = refused;
    plan
}

// quiet sends, rules 3 and 4
#[test]
fn a_quiet_send_that_was_not_taken_is_pending_and_ends_its_waits_once_it_is() {
    seeds(|seed| {
        let sim = Sim::with(builder(), seed, Plan::CALM);
        let net = sim.net();
        sim.run(async {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            let (_, writer) = ours.both();
            // There are no buffers before the first turn.
            turns().await;
            net.change(refusing(1000));
            writer.try_write(b"one").expect("there is room");
            turns().await;
            assert_eq!(writer.pending(), 3, "it stands in the queue");
            writer.try_write(b"two").expect("there is room");
            turns().await;
            assert_eq!(writer.pending(), 6, "the second waits for the first");
            assert_eq!(theirs.try_read(9).expect("alive"), None, "nothing was taken");
            net.change(Plan::CALM);
            // The first is quiet already: its end alone would not end this wait.
            writer.flushed().await.expect("alive");
            assert_eq!(theirs.read(9).await.expect("alive"), b"onetwo");
        });
        sim.end();
    });
}

// quiet sends, rule 3
#[test]
fn quiet_sends_that_wait_behind_a_full_queue_are_pending() {
    seeds(|seed| {
        let sim = Sim::with(builder().submissions(4), seed, Plan::CALM);
        let net = sim.net();
        sim.run(async {
            turns().await;
            net.change(refusing(900));
            let mut pairs: Vec<_> = (0..40).map(|_| net.pair().expect("a descriptor")).collect();
            for (ours, _) in &mut pairs {
                ours.both().1.try_write(b"some").expect("there is room");
            }
            while !pairs.is_empty() {
                turns().await;
                pairs.retain_mut(|(ours, theirs)| {
                    let sent = ours.both().1.pending() == 0;
                    if sent {
                        let got = theirs.try_read(9).expect("alive");
                        assert_eq!(
                            got.as_deref(),
                            Some(&b"some"[..]),
                            "known to be sent when it is"
                        );
                    }
                    !sent
                });
            }
        });
        sim.end();
    });
}

// quiet sends, rule 4
#[test]
fn a_stream_that_is_dropped_or_closed_waits_for_its_quiet_send() {
    seeds(|seed| {
        let sim = Sim::with(builder(), seed, Plan::CALM);
        let net = sim.net();
        sim.run(async {
            turns().await;
            for by_force in [false, true] {
                let (mut ours, theirs) = net.pair().expect("a descriptor");
                net.change(refusing(1000));
                ours.both().1.try_write(b"farewell").expect("there is room");
                turns().await;
                let closing = spawn(async move {
                    if by_force {
                        let (_, writer) = ours.split();
                        let closed = writer.close(Duration::from_micros(1)).await;
                        assert_eq!(closed.lost, 0, "what stands in the queue is taken: {closed:?}");
                    }
                });
                let mut closing = pin!(closing.expect("inside a runtime"));
                after(Duration::from_millis(1)).await.expect("inside a runtime");
                turns().await;
                assert!(stats().in_flight > 0, "the send is in flight: {:?}", stats());
                let closed = poll_once(closing.as_mut()).await;
                assert_eq!(closed.is_none(), by_force, "a close tells the end of it");
                net.change(Plan::CALM);
                if closed.is_none() {
                    closing.await.expect("no panic");
                }
                assert_eq!(theirs.read_to_end().await.expect("alive"), b"farewell");
            }
        });
        sim.end();
    });
}

// quiet sends, rule 4
#[test]
fn a_runtime_that_ends_waits_for_quiet_sends() {
    seeds(|seed| {
        let sim = Sim::with(builder(), seed, Plan::CALM);
        let net = sim.net();
        let (ours, theirs) = sim.run(async {
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            turns().await;
            net.change(refusing(1000));
            ours.both().1.try_write(b"farewell").expect("there is room");
            turns().await;
            net.change(refusing(900));
            (ours, theirs)
        });
        drop(ours);
        // It asserts that no chunk and no descriptor is left.
        sim.stop();
        assert_eq!(theirs.try_read(9).expect("alive").as_deref(), Some(&b"farewell"[..]));
    });
}

// quiet sends, rules 3 and 5
#[test]
fn failures_of_quiet_sends_that_find_no_room_are_waited_for() {
    seeds(|seed| {
        let mut plan = Plan::CALM;
        plan.socket_bytes = 1000;
        plan.overflow = 1000;
        let sim = Sim::with(builder(), seed, plan);
        let net = sim.net();
        sim.run(async {
            turns().await;
            let mut pairs: Vec<_> = (0..12).map(|_| net.pair().expect("a descriptor")).collect();
            for (number, (ours, _)) in pairs.iter_mut().enumerate() {
                let block = bytes(number as u64, 3000);
                ours.both().1.try_write(&block).expect("there is room");
            }
            loop {
                turns().await;
                let pending: Vec<_> =
                    pairs.iter_mut().map(|(ours, _)| ours.both().1.pending()).collect();
                let (least, most) = (pending.iter().min(), pending.iter().max());
                assert!(least >= Some(&2000), "each fell short");
                if most == Some(&2000) {
                    break;
                }
            }
            for (number, (ours, theirs)) in pairs.into_iter().enumerate() {
                drop(ours);
                let got = theirs.read_to_end().await.expect("alive");
                assert_same(&got, &bytes(number as u64, 3000));
            }
        });
        let (_, counts) = sim.end();
        assert!(counts.kept > 0, "{counts:?}");
    });
}

// quiet sends, rule 3
#[test]
fn where_a_failure_was_lost_every_quiet_send_of_the_list_has_failed() {
    seeds(|seed| {
        let mut plan = Plan::CALM;
        plan.socket_bytes = 1000;
        plan.dropped = 1000;
        let sim = Sim::with(builder(), seed, plan);
        let net = sim.net();
        sim.run(async {
            turns().await;
            let mut pairs: Vec<_> = (0..3).map(|_| net.pair().expect("a descriptor")).collect();
            for ((ours, _), length) in pairs.iter_mut().zip([1000, 1001, 1]) {
                ours.both().1.try_write(&vec![7; length]).expect("there is room");
            }
            turns().await;
            for (ours, _) in &mut pairs {
                let told = ours.both().1.flushed().await.expect_err("nobody knows");
                assert_eq!(told.raw_os_error(), Some(libc::EIO), "{told}");
            }
            // Later ones are known to be sent.
            let (mut ours, theirs) = net.pair().expect("a descriptor");
            ours.both().1.try_write(b"later").expect("there is room");
            turns().await;
            ours.both().1.flushed().await.expect("alive");
            assert_eq!(theirs.read(9).await.expect("alive"), b"later");
        });
        let (_, counts) = sim.end();
        assert_eq!(counts.dropped, 1, "{counts:?}");
    });
}
