//! Writing: all or nothing of each write, back pressure, failures that are told, bytes that are not lost, or counted.

use std::{
    io::{ErrorKind, Read},
    net::{self},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use socket2::SockRef;
use tidemill_core::scope::after;
use tidemill_uring::{error::WriteError, io::Writer, net::TcpStream, runtime::spawn};

use crate::stage::{
    alone, assert_same, bytes, forget, forgetful, give_up, pair, peer, reset, run, turn,
};

/// A connection through small buffers of the kernel's.
pub(crate) async fn narrow() -> (TcpStream, net::TcpStream) {
    let (ours, theirs) = pair().await;
    SockRef::from(&ours.as_fd().expect("plain")).set_send_buffer_size(4096).expect("an option");
    SockRef::from(&theirs).set_recv_buffer_size(64 << 10).expect("an option");
    (ours, theirs)
}

/// Writes until a write has to wait; what was written. The peer does not read.
pub(crate) async fn stuff(writer: &mut Writer) -> Vec<u8> {
    let mut written = Vec::new();
    for seed in 0.. {
        let block = bytes(seed, 30_000);
        match give_up(20, writer.write(&block)).await {
            Some(result) => result.expect("alive"),
            None => break,
        }
        written.extend_from_slice(&block);
        assert!(written.len() < 64 << 20, "nothing ever waits");
    }
    written
}

/// All that a peer receives until the end.
pub(crate) fn drain(mut from: net::TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    from.read_to_end(&mut got).expect("read");
    got
}

#[test]
fn a_write_dropped_while_it_waits_queued_nothing() {
    run(async {
        for polls in [1, 2, 5] {
            let (mut ours, theirs) = narrow().await;
            let (_, writer) = ours.both();
            writer.set_limits(50_000, 100_000);
            let mut expected = stuff(writer).await;
            for _ in 0..3 {
                let dropped = give_up(polls, writer.write(&[0xee; 30_000])).await;
                assert!(dropped.is_none(), "there is no room");
                assert!(give_up(polls, writer.writable()).await.is_none());
                assert!(give_up(polls, writer.flushed()).await.is_none());
            }
            let reading = peer(move || drain(theirs));
            writer.write(b"the end").await.expect("the peer reads");
            expected.extend_from_slice(b"the end");
            writer.flushed().await.expect("the peer reads");
            drop(ours);
            assert_same(&reading.await, &expected);
        }
    });
}

#[test]
fn a_forgotten_write_queued_nothing_and_blocks_nobody() {
    forgetful("write::a_forgotten_write_queued_nothing_and_blocks_nobody", || {
        run(async {
            let (mut ours, theirs) = narrow().await;
            let (_, writer) = ours.both();
            writer.set_limits(50_000, 100_000);
            let mut expected = stuff(writer).await;
            for polls in 0..4 {
                assert!(forget(polls, writer.write(&[0xee; 30_000])).await.is_none());
                assert!(forget(polls, writer.writable()).await.is_none());
                assert!(forget(polls, writer.flushed()).await.is_none());
            }
            let reading = peer(move || drain(theirs));
            writer.write(b"the end").await.expect("the peer reads");
            expected.extend_from_slice(b"the end");
            drop(ours);
            assert_same(&reading.await, &expected);
        });
    });
}

#[test]
fn a_write_above_the_hard_limit_is_refused_and_one_at_it_is_taken() {
    run(async {
        let (mut ours, theirs) = pair().await;
        let reading = peer(move || drain(theirs));
        let (_, writer) = ours.both();
        writer.set_limits(1000, 10_000);
        let told = writer.write(&[0; 10_001]).await.expect_err("too large");
        assert!(matches!(told, WriteError::TooLarge { limit: 10_000 }), "{told}");
        let told = writer.try_write(&[0; 10_001]).expect_err("too large");
        assert!(matches!(told, WriteError::TooLarge { limit: 10_000 }), "{told}");
        assert_eq!(writer.pending(), 0);
        writer.write(&[1; 10_000]).await.expect("it fits");
        writer.write(&[2; 10_000]).await.expect("after the first was sent");
        writer.write(&[]).await.expect("nothing fits always");
        drop(ours);
        let got = reading.await;
        assert_same(&got, &[[1; 10_000], [2; 10_000]].concat());
    });
}

#[test]
fn a_full_queue_refuses_at_once_and_takes_all_or_nothing() {
    run(async {
        let (mut ours, theirs) = narrow().await;
        let (_, writer) = ours.both();
        writer.set_limits(50_000, 100_000);
        let mut expected = stuff(writer).await;
        let pending = writer.pending();
        assert!(pending >= 50_000, "full at {pending}");
        let told = writer.try_write(b"x").expect_err("full");
        assert!(matches!(told, WriteError::Full), "{told}");
        assert_eq!(writer.pending(), pending, "nothing was queued");
        let reading = peer(move || drain(theirs));
        writer.writable().await.expect("the peer reads");
        writer.try_write(b"x").expect("there is room");
        expected.push(b'x');
        drop(ours);
        assert_same(&reading.await, &expected);
    });
}

#[test]
fn a_peer_that_never_reads_makes_its_writer_wait_and_nobody_else() {
    alone("write::a_peer_that_never_reads_makes_its_writer_wait_and_nobody_else", || {
        run(async {
            let (ours, stuck) = narrow().await;
            let (_reader, mut writer) = ours.split();
            let writing = spawn(async move {
                let mut count = 0_u64;
                while writer.write(&[7; 100_000]).await.is_ok() {
                    count += 1;
                }
                count
            })
            .expect("inside a runtime");
            let (mut busy, theirs) = pair().await;
            let reading = peer(move || drain(theirs));
            let mut expected = Vec::new();
            for seed in 0..100 {
                let block = bytes(seed, 100_000);
                busy.both().1.write(&block).await.expect("others go on");
                expected.extend_from_slice(&block);
            }
            drop(busy);
            assert_same(&reading.await, &expected);
            assert!(!writing.is_finished(), "the writer waits");
            reset(stuck);
            let count = writing.await.expect("no panic");
            assert!(count < 20, "{count} writes of 100000 bytes were taken");
        });
    });
}

#[test]
fn bytes_that_nobody_waits_for_and_nobody_takes_cost_no_turns() {
    run(async {
        let (mut ours, theirs) = narrow().await;
        let (_, writer) = ours.both();
        let mut expected = Vec::new();
        for seed in 0..20 {
            let block = bytes(seed, 100_000);
            writer.try_write(&block).expect("there is room");
            expected.extend_from_slice(&block);
            turn().await;
            if writer.pending() > 0 {
                break;
            }
        }
        assert!(writer.pending() > 0, "the kernel takes no more");
        let before = crate::stage::stats().enters;
        after(Duration::from_millis(20)).await.expect("inside a runtime");
        let enters = crate::stage::stats().enters - before;
        assert!(enters < 20, "{enters} enters while nothing can happen");
        let reading = peer(move || drain(theirs));
        drop(ours);
        assert_same(&reading.await, &expected);
    });
}

// io 14
#[test]
fn writing_to_a_closed_peer_is_an_error_and_no_signal() {
    alone("write::writing_to_a_closed_peer_is_an_error_and_no_signal", || {
        const SIGPIPE: i32 = 13;
        let signalled = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGPIPE, signalled.clone()).expect("a handler");
        run(async {
            for size in [10, 100_000, 1_000_000] {
                let (mut ours, theirs) = pair().await;
                drop(theirs);
                let (_, writer) = ours.both();
                let told = loop {
                    if let Err(told) = writer.write(&vec![1; size]).await {
                        break std::io::Error::from(told);
                    }
                    if let Err(told) = writer.flushed().await {
                        break told;
                    }
                };
                let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
                assert!(kinds.contains(&told.kind()), "{told}");
                // The failure is final, and told each time.
                assert!(writer.write(b"more").await.is_err());
                assert!(writer.try_write(b"more").is_err());
                assert!(writer.flushed().await.is_err());
                assert_eq!(writer.pending(), 0, "nothing is kept for a dead socket");
            }
        });
        assert!(!signalled.load(Ordering::Relaxed), "no SIGPIPE");
    });
}

#[test]
fn flushed_resolves_with_the_error_when_the_peer_resets() {
    run(async {
        let (mut ours, theirs) = narrow().await;
        let (_, writer) = ours.both();
        writer.write(&bytes(1, 1 << 20)).await.expect("queued");
        assert!(give_up(5, writer.flushed()).await.is_none(), "the peer does not read");
        let resetting = peer(move || reset(theirs));
        let told = writer.flushed().await.expect_err("reset");
        let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(kinds.contains(&told.kind()), "{told}");
        resetting.await;
        let (_, writer) = ours.split();
        let closed = writer.close(Duration::from_secs(10)).await;
        assert!(closed.lost > 0, "{closed:?}");
        assert!(closed.error.is_some(), "{closed:?}");
    });
}

#[test]
fn everything_written_in_one_cycle_goes_out_together_and_in_order() {
    run(async {
        let (mut ours, theirs) = pair().await;
        let reading = peer(move || drain(theirs));
        let (_, writer) = ours.both();
        let mut expected = Vec::new();
        for round in 0..200_u64 {
            let before = crate::stage::stats().enters;
            for piece in 0..50_u64 {
                let piece = bytes(round * 50 + piece, (round as usize * 7 + piece as usize) % 97);
                writer.try_write(&piece).expect("there is room");
                expected.extend_from_slice(&piece);
            }
            assert_eq!(crate::stage::stats().enters, before, "writing enters nothing");
            if round % 3 == 0 {
                writer.flushed().await.expect("sent");
            } else {
                turn().await;
            }
        }
        drop(ours);
        assert_same(&reading.await, &expected);
    });
}

#[test]
fn quiet_and_ordinary_sends_in_any_mix_keep_the_order() {
    run(async {
        let (mut ours, mut theirs) = narrow().await;
        const TOTAL: usize = 3 << 20;
        let reading = peer(move || {
            let mut got = vec![0; TOTAL];
            let mut random = crate::stage::Random::new(8);
            let mut at = 0;
            while at < TOTAL {
                let size = (1 + random.below(9000)).min(TOTAL - at);
                at += theirs.read(&mut got[at..at + size]).expect("read");
            }
            got
        });
        let all = bytes(77, TOTAL);
        let mut random = crate::stage::Random::new(9);
        let (_, writer) = ours.both();
        let mut at = 0;
        while at < TOTAL {
            let size = (1 + random.below(50_000)).min(TOTAL - at);
            writer.write(&all[at..at + size]).await.expect("the peer reads");
            at += size;
            match random.below(4) {
                0 => turn().await,
                1 => drop(give_up(random.below(3), writer.flushed()).await),
                2 => drop(give_up(random.below(3), writer.writable()).await),
                _ => {}
            }
        }
        writer.flushed().await.expect("the peer reads");
        assert_same(&reading.await, &all);
    });
}
