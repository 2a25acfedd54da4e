//! Quiet sends on a simulated ring: enters that take none of them, failures that find no room and failures that are lost.

use std::{pin::pin, time::Duration};

use tidemill_core::scope::after;
use tidemill_uring::{
    runtime::spawn,
    sim::{Plan, Sim, seeds},
};

use crate::{
    quiet::builder,
    stage::{assert_same, bytes, poll_once, stats, turns},
};

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
