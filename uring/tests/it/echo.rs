//! Whole conversations: echoes, half closes, large transfers, slow readers.

use std::{
    io::{Read, Write},
    net::{self, Shutdown},
};

use socket2::SockRef;
use tidemill_uring::{
    io::Flow,
    net::{TcpListener, TcpStream},
    runtime::{Runtime, spawn},
};

use crate::stage::{
    Play, Random, alone, assert_same, bytes, descriptors, full, listener, pair, peer, rest, run,
    turn,
};

/// Serves one connection.
async fn echo(mut stream: TcpStream) -> u64 {
    let (reader, writer) = stream.both();
    Flow::copy(reader, writer).await.expect("the peer behaves")
}

// io 1
#[test]
fn a_connection_echoes_messages_of_all_sizes_and_leaves_nothing_behind() {
    alone("echo::a_connection_echoes_messages_of_all_sizes_and_leaves_nothing_behind", || {
        let before = descriptors();
        let runtime = Runtime::new().expect("a runtime");
        let inside = runtime.play(async {
            let (mut listener, addr) = listener();
            let inside = descriptors();
            let client = peer(move || {
                let mut total = 0;
                let mut stream = net::TcpStream::connect(addr).expect("accepted");
                for power in 0..=16 {
                    for size in [(1 << power) - 1, 1 << power, (1 << power) + 1] {
                        let message = bytes(size as u64, size.clamp(1, 65536));
                        let mut back = vec![0; message.len()];
                        stream.write_all(&message).expect("written");
                        stream.read_exact(&mut back).expect("echoed");
                        assert_same(&back, &message);
                        total += message.len() as u64;
                    }
                }
                stream.shutdown(Shutdown::Write).expect("shut");
                assert_eq!(stream.read(&mut [0]).expect("an end"), 0, "the end of the echo");
                total
            });
            let served = echo(listener.accept().await.expect("accepted")).await;
            assert_eq!(served, client.await, "every byte was copied");
            // What is left is the listener's accept.
            while super::stage::stats().live > 1 {
                turn().await;
            }
            assert_eq!(descriptors(), inside, "inside, with the listener open");
            drop(listener);
            rest().await;
            inside
        });
        assert_eq!(descriptors(), inside - 1, "without the listener");
        drop(runtime);
        assert_eq!(descriptors(), before, "without the runtime");
    });
}

#[test]
fn many_connections_echo_at_the_same_time() {
    run(async {
        let (mut listener, addr) = listener();
        let clients: Vec<_> = (0..32)
            .map(|seed| {
                peer(move || {
                    let mut stream = net::TcpStream::connect(addr).expect("accepted");
                    let mut random = Random::new(seed);
                    for round in 0..50 {
                        let message = bytes(seed * 1000 + round, 1 + random.below(20_000));
                        stream.write_all(&message).expect("written");
                        let mut back = vec![0; message.len()];
                        stream.read_exact(&mut back).expect("echoed");
                        assert_same(&back, &message);
                    }
                })
            })
            .collect();
        for _ in 0..32 {
            let stream = listener.accept().await.expect("accepted");
            drop(spawn(echo(stream)).expect("inside a runtime"));
        }
        for client in clients {
            client.await;
        }
    });
}

// io 11
#[test]
fn after_the_peer_shut_its_side_we_still_send_a_megabyte() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let answer = bytes(11, 1 << 20);
        let expected = answer.clone();
        let client = peer(move || {
            theirs.write_all(b"request").expect("written");
            theirs.shutdown(Shutdown::Write).expect("shut");
            let mut got = Vec::new();
            theirs.read_to_end(&mut got).expect("all of it, then an end");
            assert_same(&got, &expected);
        });
        let (reader, writer) = ours.both();
        let mut request = [0; 7];
        reader.read_exact(&mut request).await.expect("the request");
        assert_eq!(reader.fill().await.expect("no failure"), b"", "the end of the request");
        for piece in answer.chunks(100_000) {
            writer.write(piece).await.expect("written");
        }
        writer.flushed().await.expect("sent");
        drop(ours);
        client.await;
    });
}

#[test]
fn after_we_shut_our_side_the_peer_still_sends_a_megabyte() {
    run(async {
        let (ours, mut theirs) = pair().await;
        let client = peer(move || {
            let mut request = Vec::new();
            theirs.read_to_end(&mut request).expect("the request, then an end");
            assert_eq!(request, b"request");
            theirs.write_all(&bytes(12, 1 << 20)).expect("written");
        });
        let (mut reader, mut writer) = ours.split();
        writer.write(b"request").await.expect("queued");
        drop(writer);
        let mut got = vec![0; 1 << 20];
        reader.read_exact(&mut got).await.expect("all of the answer");
        assert_same(&got, &bytes(12, 1 << 20));
        assert_eq!(reader.fill().await.expect("no failure"), b"", "the end of the answer");
        client.await;
    });
}

/// A checksum that depends on the order: FNV-1a over words, the rest byte by byte.
fn checksum(sum: &mut u64, bytes: &[u8]) {
    for byte in bytes {
        *sum = (*sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

// io 15
#[test]
fn a_large_transfer_in_random_pieces_arrives_whole_in_bounded_memory() {
    alone("echo::a_large_transfer_in_random_pieces_arrives_whole_in_bounded_memory", || {
        let total: u64 = if full() { 8 << 30 } else { 64 << 20 };
        run(async {
            let (ours, theirs) = pair().await;
            let mut sending = theirs.try_clone().expect("a descriptor");
            let sender = peer(move || {
                let block = bytes(15, 1 << 20);
                let (mut sum, mut left, mut random) = (0, total, Random::new(15));
                while left > 0 {
                    let size = (1 + random.below(300_000)).min(left as usize);
                    let at = random.below(block.len() - size + 1);
                    sending.write_all(&block[at..at + size]).expect("written");
                    checksum(&mut sum, &block[at..at + size]);
                    left -= size as u64;
                }
                sending.shutdown(Shutdown::Write).expect("shut");
                sum
            });
            let receiver = peer(move || receive(theirs));
            assert_eq!(echo(ours).await, total, "bytes copied");
            assert_eq!(receiver.await, (sender.await, total), "checksum and bytes");
        });
        let status = std::fs::read_to_string("/proc/self/status").expect("proc is mounted");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(peak < 128 << 10, "peak of resident memory: {peak} KiB");
    });
}

fn receive(mut from: net::TcpStream) -> (u64, u64) {
    let (mut sum, mut count, mut random) = (0, 0, Random::new(16));
    let mut into = vec![0; 100_000];
    loop {
        let size = 1 + random.below(into.len() - 1);
        let got = from.read(&mut into[..size]).expect("read");
        if got == 0 {
            return (sum, count);
        }
        checksum(&mut sum, &into[..got]);
        count += got as u64;
    }
}

// io 16
#[test]
fn frames_stay_whole_through_a_small_send_buffer_and_a_slow_reader() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        SockRef::from(&ours.as_fd().expect("plain")).set_send_buffer_size(4096).expect("an option");
        let reader = peer(move || {
            let mut got = vec![0; 8 << 20];
            for piece in got.chunks_mut(1000) {
                theirs.read_exact(piece).expect("read");
            }
            assert_eq!(theirs.read(&mut [0]).expect("an end"), 0);
            got
        });
        let (_, writer) = ours.both();
        let mut waited = 0;
        for frame in 0..8 {
            while writer.try_write(&bytes(frame, 1 << 20)).is_err() {
                waited += 1;
                assert!(writer.pending() >= 256 * 1024, "refused only from high water on");
                writer.writable().await.expect("the peer reads");
            }
            assert!(writer.pending() <= 256 * 1024 + (1 << 20), "what is pending is bounded");
        }
        assert!(waited > 0, "the slow reader was felt");
        writer.flushed().await.expect("the peer reads");
        drop(ours);
        let got = reader.await;
        for (frame, got) in got.chunks(1 << 20).enumerate() {
            assert_same(got, &bytes(frame as u64, 1 << 20));
        }
    });
}

#[test]
fn both_ends_may_be_ours() {
    run(async {
        let (mut listener, addr): (TcpListener, _) = listener();
        let connecting = spawn(TcpStream::connect(addr)).expect("inside a runtime");
        let server = listener.accept().await.expect("accepted");
        let mut client = connecting.await.expect("no panic").expect("connected");
        assert_eq!(client.peer_addr().expect("connected"), addr);
        assert_eq!(client.local_addr().expect("bound"), server.peer_addr().expect("connected"));
        let serving = spawn(echo(server)).expect("inside a runtime");
        let (reader, writer) = client.both();
        let message = bytes(7, 300_000);
        writer.write(&message).await.expect("queued");
        let mut back = vec![0; message.len()];
        reader.read_exact(&mut back).await.expect("echoed");
        assert_same(&back, &message);
        drop(client);
        assert_eq!(serving.await.expect("no panic"), 300_000);
    });
}
