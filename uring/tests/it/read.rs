//! Reading: bytes in order whatever is dropped meanwhile; ends, resets and limits.

use std::{
    io::{ErrorKind, Write},
    net::Shutdown,
};

use tidemill_uring::{error::ReadError, net::TcpStream};

use crate::stage::{
    Random, alone, assert_same, bytes, descriptors, forget, forgetful, give_up, pair, peer, reset,
    run, turn, until,
};

// io 30
#[test]
fn a_read_dropped_before_its_data_came_leaves_them_to_the_next() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        for polls in 0..5 {
            let mut into = [0; 100];
            assert!(give_up(polls, reader.read(&mut into)).await.is_none(), "nothing was sent");
            assert!(give_up(polls, reader.fill()).await.is_none(), "nothing was sent");
            let message = bytes(polls as u64, 5000);
            theirs.write_all(&message).expect("written");
            let mut got = vec![0; message.len()];
            reader.read_exact(&mut got).await.expect("alive");
            assert_same(&got, &message);
        }
    });
}

#[test]
fn a_forgotten_read_leaves_its_data_to_the_next() {
    forgetful("read::a_forgotten_read_leaves_its_data_to_the_next", || {
        run(async {
            let (mut ours, mut theirs) = pair().await;
            let (reader, _) = ours.both();
            for polls in 0..5 {
                let mut into = [0; 100];
                assert!(forget(polls, reader.read(&mut into)).await.is_none(), "nothing was sent");
                assert!(forget(polls, reader.fill()).await.is_none(), "nothing was sent");
                assert!(forget(polls, reader.read_exact(&mut into)).await.is_none());
                assert!(forget(polls, reader.read_line(100)).await.is_none());
                let message = bytes(polls as u64, 5000);
                theirs.write_all(&message).expect("written");
                let mut got = vec![0; message.len()];
                reader.read_exact(&mut got).await.expect("alive");
                assert_same(&got, &message);
            }
        });
    });
}

#[test]
fn reads_dropped_at_random_lose_and_repeat_no_byte() {
    run(async {
        const TOTAL: usize = 4 << 20;
        let (mut ours, mut theirs) = pair().await;
        let sender = peer(move || {
            let mut random = Random::new(1);
            let all = bytes(30, TOTAL);
            let mut at = 0;
            while at < TOTAL {
                let size = (1 + random.below(40_000)).min(TOTAL - at);
                theirs.write_all(&all[at..at + size]).expect("written");
                at += size;
            }
        });
        let (reader, _) = ours.both();
        let mut random = Random::new(2);
        let mut got = Vec::with_capacity(TOTAL);
        while got.len() < TOTAL {
            let polls = random.below(4);
            let mut into = vec![0; (1 + random.below(60_000)).min(TOTAL - got.len())];
            match random.below(3) {
                0 => {
                    if let Some(result) = give_up(polls, reader.read(&mut into)).await {
                        got.extend_from_slice(&into[..result.expect("alive")]);
                    }
                }
                1 => {
                    if let Some(result) = give_up(polls, reader.read_exact(&mut into)).await {
                        result.expect("alive");
                        got.extend_from_slice(&into);
                    }
                }
                _ => {
                    if let Some(lent) = give_up(polls, reader.fill()).await {
                        let lent = lent.expect("alive");
                        let count = lent.len().min(into.len());
                        got.extend_from_slice(&lent[..count]);
                        reader.consume(count);
                    }
                }
            }
        }
        assert_same(&got, &bytes(30, TOTAL));
        sender.await;
    });
}

// io 13
#[test]
fn a_reset_is_an_error_told_again_and_the_buffers_come_back() {
    alone("read::a_reset_is_an_error_told_again_and_the_buffers_come_back", || {
        let before = descriptors();
        run(async {
            for round in 0..50 {
                let (mut ours, theirs) = pair().await;
                let (reader, _) = ours.both();
                if round % 2 == 0 {
                    assert!(give_up(2, reader.fill()).await.is_none());
                    reset(theirs);
                } else {
                    reset(theirs);
                    turn().await;
                }
                for _ in 0..3 {
                    let told = reader.fill().await.expect_err("a reset is no end");
                    assert_eq!(told.kind(), ErrorKind::ConnectionReset);
                }
                let told = reader.read_exact(&mut [0; 4]).await.expect_err("a reset");
                assert!(matches!(told, ReadError::Io(_)), "{told}");
                drop(ours);
            }
        });
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_reset_of_which_a_write_was_told_is_an_error_to_read_as_well() {
    run(async {
        let (mut ours, theirs) = pair().await;
        reset(theirs);
        let (reader, writer) = ours.both();
        writer.write(b"into the void").await.expect("queued");
        let told = writer.flushed().await.expect_err("reset");
        assert_eq!(told.kind(), ErrorKind::ConnectionReset);
        for _ in 0..2 {
            let told = reader.fill().await.expect_err("a reset is no end");
            assert_eq!(told.kind(), ErrorKind::ConnectionReset);
        }
    });
}

#[test]
fn what_came_before_a_reset_is_read_first() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        theirs.write_all(b"last words").expect("written");
        assert_eq!(reader.fill().await.expect("bytes"), b"last words");
        reset(theirs);
        until("the reset was seen", || crate::stage::stats().in_flight == 0).await;
        assert_eq!(reader.fill().await.expect("the same bytes"), b"last words");
        reader.consume(10);
        assert_eq!(reader.fill().await.expect_err("then").kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn the_end_of_the_stream_is_told_again_and_again() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        theirs.write_all(b"abc").expect("written");
        theirs.shutdown(Shutdown::Write).expect("shut");
        let mut into = [0; 10];
        assert_eq!(reader.read(&mut []).await.expect("nothing asked"), 0);
        assert_eq!(reader.read(&mut into).await.expect("bytes"), 3);
        for _ in 0..3 {
            assert_eq!(reader.read(&mut into).await.expect("an end"), 0);
            assert_eq!(reader.fill().await.expect("an end"), b"");
        }
        assert!(reader.read_line(10).await.expect("an end").is_none());
    });
}

#[test]
fn read_exact_fails_at_an_early_end_and_consumes_nothing() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        theirs.write_all(b"abcdef").expect("written");
        theirs.shutdown(Shutdown::Write).expect("shut");
        let told = reader.read_exact(&mut [0; 7]).await.expect_err("six bytes");
        assert!(matches!(told, ReadError::UnexpectedEnd), "{told}");
        reader.read_exact(&mut []).await.expect("nothing asked");
        let mut into = [0; 6];
        reader.read_exact(&mut into).await.expect("six bytes");
        assert_eq!(&into, b"abcdef");
        let told = reader.read_exact(&mut [0; 1]).await.expect_err("the end");
        assert!(matches!(told, ReadError::UnexpectedEnd), "{told}");
    });
}

#[test]
fn a_peer_that_floods_an_unread_stream_costs_its_quota_only() {
    run(async {
        let (mut flooded, mut flood) = pair().await;
        assert!(give_up(2, flooded.both().0.fill()).await.is_none());
        flood.set_nonblocking(true).expect("an option");
        let block = bytes(41, 1 << 16);
        let mut sent: usize = 0;
        // The kernel's own buffers fill up, then ours are not given any more.
        let mut refused = 0;
        while refused < 100 {
            match flood.write(&block[sent % block.len()..]) {
                Ok(count) => {
                    sent += count;
                    refused = 0;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    refused += 1;
                    turn().await;
                }
            }
        }
        assert!(flooded.both().0.buffered() <= 4 << 20, "{:?}", flooded);
        let (mut ours, mut theirs) = pair().await;
        theirs.write_all(b"others").expect("written");
        let mut into = [0; 6];
        ours.both().0.read_exact(&mut into).await.expect("others go on");
        let mut got = vec![0; sent];
        flooded.both().0.read_exact(&mut got).await.expect("all of the flood");
        for (number, piece) in got.chunks(block.len()).enumerate() {
            assert_eq!(piece, &block[..piece.len()], "piece {number}");
        }
    });
}

#[test]
fn dropping_handles_with_operations_in_flight_frees_all() {
    alone("read::dropping_handles_with_operations_in_flight_frees_all", || {
        let before = descriptors();
        run(async {
            for round in 0..8 {
                let (ours, mut theirs) = pair().await;
                if round % 2 == 0 {
                    theirs.write_all(b"unread").expect("written");
                }
                let (mut reader, writer) = ours.split();
                drop(give_up(round / 2, reader.fill()).await);
                match round % 4 {
                    0 => drop((reader, writer)),
                    1 => drop((writer, reader)),
                    2 => drop(TcpPieces { writer, reader }),
                    _ => {
                        drop(reader);
                        turn().await;
                        drop(writer);
                    }
                }
            }
        });
        assert_eq!(descriptors(), before);
    });
}

struct TcpPieces {
    #[expect(dead_code, reason = "held for the order of its drop")]
    writer: tidemill_uring::io::Writer,
    #[expect(dead_code, reason = "held for the order of its drop")]
    reader: tidemill_uring::io::Reader,
}

#[test]
fn consuming_more_than_waits_is_a_panic_that_harms_nothing() {
    run(async {
        let (mut ours, mut theirs): (TcpStream, _) = pair().await;
        theirs.write_all(b"abc").expect("written");
        let (reader, _) = ours.both();
        reader.fill().await.expect("bytes");
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader.consume(4)));
        assert!(panicked.is_err());
        assert_eq!(reader.fill().await.expect("bytes"), b"abc");
    });
}
