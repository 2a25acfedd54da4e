//! How a writer ends: closed, dropped, or with its runtime.

use std::{io::ErrorKind, net::Shutdown, time::Duration};

use tidemill_uring::runtime::Runtime;

use crate::stage::{Play, alone, assert_same, bytes, descriptors, give_up, peer, rest, run, turn};
use crate::write::{drain, narrow};

#[test]
fn close_sends_what_is_pending_and_tells_the_peer() {
    run(async {
        let (ours, theirs) = narrow().await;
        let reading = peer(move || drain(theirs));
        let (_reader, mut writer) = ours.split();
        let block = bytes(9, 1 << 20);
        writer.write(&block).await.expect("queued");
        let closed = writer.close(Duration::from_secs(60)).await;
        assert_eq!(closed.lost, 0, "{closed:?}");
        assert!(closed.error.is_none(), "{closed:?}");
        assert_same(&reading.await, &block);
    });
}

#[test]
fn close_reports_every_byte_that_the_kernel_never_took() {
    run(async {
        let (ours, theirs) = narrow().await;
        let (reader, mut writer) = ours.split();
        let block = bytes(9, 1 << 20);
        writer.write(&block).await.expect("queued");
        let closed = writer.close(Duration::from_millis(20)).await;
        assert_eq!(
            closed.error.as_ref().map(|error| error.kind()),
            Some(ErrorKind::TimedOut),
            "{closed:?}"
        );
        drop(reader);
        let got = drain(theirs);
        assert_eq!(got.len() as u64 + closed.lost, 1 << 20, "taken and lost are all");
        assert_same(&got, &block[..got.len()]);
    });
}

#[test]
fn a_dropped_close_still_delivers() {
    run(async {
        for polls in 0..4 {
            let (ours, theirs) = narrow().await;
            let (_reader, mut writer) = ours.split();
            let block = bytes(polls as u64, 1 << 20);
            writer.write(&block).await.expect("queued");
            assert!(give_up(polls, writer.close(Duration::from_secs(60))).await.is_none());
            let reading = peer(move || drain(theirs));
            assert_same(&reading.await, &block);
        }
    });
}

#[test]
fn a_dropped_writer_still_delivers_what_it_took() {
    run(async {
        for size in [1, 1000, 300_000, 4 << 20] {
            for whole in [true, false] {
                let (mut ours, theirs) = narrow().await;
                let block = bytes(size as u64, size);
                ours.both().1.write(&block).await.expect("queued");
                let reading = peer(move || drain(theirs));
                if whole {
                    drop(ours);
                    assert_same(&reading.await, &block);
                } else {
                    let (_reader, writer) = ours.split();
                    drop(writer);
                    assert_same(&reading.await, &block);
                }
            }
        }
    });
}

#[test]
fn a_dropped_writer_gives_up_on_a_peer_that_never_reads() {
    alone("close::a_dropped_writer_gives_up_on_a_peer_that_never_reads", || {
        let before = descriptors();
        run(async {
            let (mut ours, _theirs) = narrow().await;
            ours.both().1.write(&bytes(3, 1 << 20)).await.expect("queued");
            drop(ours);
            turn().await;
            assert!(crate::stage::stats().in_flight > 0, "it is still being sent");
            rest().await;
            assert!(crate::stage::stats().lost > 0);
        });
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_dropped_runtime_ends_sends_that_nobody_reads() {
    alone("close::a_dropped_runtime_ends_sends_that_nobody_reads", || {
        let before = descriptors();
        let runtime = Runtime::new().expect("a runtime");
        let theirs = runtime.play(async {
            let (mut ours, theirs) = narrow().await;
            ours.both().1.write(&bytes(3, 1 << 20)).await.expect("queued");
            for _ in 0..3 {
                turn().await;
            }
            assert!(crate::stage::stats().in_flight > 0, "it is being sent");
            theirs
        });
        drop(runtime);
        theirs.shutdown(Shutdown::Both).expect("still a socket");
        drop(theirs);
        assert_eq!(descriptors(), before);
    });
}
