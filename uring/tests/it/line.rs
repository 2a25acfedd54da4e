//! Lines and other delimited pieces: limits, ends, and calls dropped at every byte.

use std::{io::Write, net::Shutdown};

use tidemill_uring::error::ReadError;

use crate::stage::{Random, give_up, pair, peer, run, turn};

#[test]
fn lines_come_without_their_ends_and_the_last_may_lack_it() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        theirs.write_all(b"one\r\ntwo\n\n\r\nthree\rfour").expect("written");
        theirs.shutdown(Shutdown::Write).expect("shut");
        let (reader, _) = ours.both();
        for line in ["one", "two", "", "", "three\rfour"] {
            let got = reader.read_line(100).await.expect("a line").expect("not the end");
            assert_eq!(got, line.as_bytes());
        }
        assert_eq!(reader.read_line(100).await.expect("the end"), None);
    });
}

#[test]
fn a_line_beyond_its_limit_is_an_error_and_stays() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        theirs.write_all(b"12345678\n9\n").expect("written");
        for limit in [0, 1, 7, 8] {
            let told = reader.read_line(limit).await.expect_err("too long");
            assert!(matches!(told, ReadError::TooLong { limit: at } if at == limit), "{told}");
        }
        let line = reader.read_line(9).await.expect("it fits");
        assert_eq!(line.as_deref(), Some(&b"12345678"[..]));
        let line = reader.read_line(2).await.expect("it fits");
        assert_eq!(line.as_deref(), Some(&b"9"[..]));
        // A line that never ends is refused without its end.
        theirs.write_all(&[b'x'; 5000]).expect("written");
        let told = reader.read_line(4096).await.expect_err("no end in sight");
        assert!(matches!(told, ReadError::TooLong { limit: 4096 }), "{told}");
        theirs.shutdown(Shutdown::Write).expect("shut");
        let line = reader.read_line(5000).await.expect("the rest is the last line");
        assert_eq!(line.map(|line| line.len()), Some(5000));
    });
}

#[test]
fn read_until_appends_and_counts() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        theirs.write_all(b"a,bc,d").expect("written");
        theirs.shutdown(Shutdown::Write).expect("shut");
        let mut into = b">".to_vec();
        assert_eq!(reader.read_until(b',', 10, &mut into).await.expect("a piece"), 2);
        assert_eq!(reader.read_until(b',', 10, &mut into).await.expect("a piece"), 3);
        assert_eq!(reader.read_until(b',', 10, &mut into).await.expect("the rest"), 1);
        assert_eq!(reader.read_until(b',', 10, &mut into).await.expect("the end"), 0);
        assert_eq!(into, b">a,bc,d");
    });
}

// io 42
#[test]
fn calls_dropped_at_every_byte_lose_and_repeat_none() {
    const TEXT: &[u8] = b"HEAD/line one\r\n\nlast;TAIL";
    run(async {
        for polls in 1..4 {
            let (mut ours, mut theirs) = pair().await;
            let (reader, _) = ours.both();
            let mut got = Vec::new();
            for byte in TEXT {
                // Each call is given up before the next byte is sent, unless it is done.
                match got.len() {
                    0..5 => {
                        let mut head = [0; 5];
                        if give_up(polls, reader.read_exact(&mut head)).await.is_some() {
                            got.extend_from_slice(&head);
                        }
                    }
                    5..16 => {
                        if let Some(line) = give_up(polls, reader.read_line(100)).await {
                            got.extend_from_slice(&line.expect("a line").expect("not the end"));
                            got.extend_from_slice(if got.len() == 13 { b"\r\n" } else { b"\n" });
                        }
                    }
                    _ => {
                        let mut piece = Vec::new();
                        if give_up(polls, reader.read_until(b';', 9, &mut piece)).await.is_some() {
                            got.extend_from_slice(&piece);
                        } else {
                            assert!(piece.is_empty(), "only a success touches it");
                        }
                    }
                }
                theirs.write_all(&[*byte]).expect("written");
                turn().await;
            }
            theirs.shutdown(Shutdown::Write).expect("shut");
            loop {
                let rest = reader.fill().await.expect("alive");
                if rest.is_empty() {
                    break;
                }
                got.extend_from_slice(rest);
                let count = rest.len();
                reader.consume(count);
            }
            assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(TEXT));
        }
    });
}

#[test]
fn a_hundred_thousand_lines_in_random_pieces_come_whole() {
    run(async {
        const COUNT: usize = 100_000;
        let (mut ours, mut theirs) = pair().await;
        let sender = peer(move || {
            let mut text = Vec::new();
            for number in 0..COUNT {
                writeln!(text, "line number {number}").expect("memory");
            }
            let (mut at, mut random) = (0, Random::new(3));
            while at < text.len() {
                let size = (1 + random.below(100_000)).min(text.len() - at);
                theirs.write_all(&text[at..at + size]).expect("written");
                at += size;
            }
        });
        let (reader, _) = ours.both();
        for number in 0..COUNT {
            let line = reader.read_line(100).await.expect("a line").expect("not the end");
            assert_eq!(line, format!("line number {number}").into_bytes());
        }
        assert_eq!(reader.read_line(100).await.expect("the end"), None);
        sender.await;
    });
}
