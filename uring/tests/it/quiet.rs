//! Quiet sends: a first attempt that answers only where it falls short; when a send is one, when it is not, and what holds until it is known to have sent all.
//!
//! What a send says is counted: a quiet one that sent all brings no completion, an ordinary one brings one.

use std::{future::Future, pin::pin, time::Duration};

use socket2::SockRef;
use tidemill_uring::{
    io::Flow,
    net::TcpStream,
    runtime::{Builder, Runtime},
};

use crate::{
    place::{Place, Wire, calmly},
    stage::{again, assert_same, bytes, poll_once, stats, turns, until},
};

/// Chunks of 4096 bytes, of which one send takes two.
pub(crate) fn builder() -> Builder {
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
        SockRef::from(&ours.as_fd().expect("plain")).set_send_buffer_size(4096).expect("an option");
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
