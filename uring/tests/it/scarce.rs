//! Too little of everything: buffers, room in the submission queue, room in the completion queue.

use std::{
    io::{Read, Write},
    sync::{Arc, Barrier},
};

use socket2::SockRef;
use tidemill_uring::{
    io::Flow,
    net::TcpStream,
    runtime::{Builder, Runtime, spawn},
};

use crate::stage::{
    assert_same, bytes, converse, give_up, listener, pair_of, peer, run_on, stats, turn, until,
};

/// `count` connections, each echoing `total` bytes, at the same time.
async fn echo_many(count: u64, total: usize) {
    let (mut listener, addr) = listener();
    let mut talking = Vec::new();
    for seed in 0..count {
        let (mut stream, theirs) = pair_of(&mut listener, addr).await;
        talking.push(converse(theirs, seed, total));
        drop(spawn(async move {
            let (reader, writer) = stream.both();
            Flow::copy(reader, writer).await.expect("the peer behaves")
        }));
    }
    for peer in talking {
        peer.await;
    }
}

// io 27
#[test]
fn more_streams_than_buffers_all_make_progress() {
    let builder = Runtime::builder().buffers(16).buffer_bytes(4096);
    run_on(builder, async {
        echo_many(64, 300_000).await;
        assert!(stats().starved > 0, "buffers ran out: {:?}", stats());
    });
}

#[test]
fn streams_that_hold_all_buffers_stall_the_others_and_nobody_is_closed() {
    let builder = Runtime::builder().buffers(16).buffer_bytes(4096);
    run_on(builder, async {
        let (mut listener, addr) = listener();
        let mut pairs = Vec::new();
        for _ in 0..64 {
            pairs.push(pair_of(&mut listener, addr).await);
        }
        // Everyone sends, then everyone waits for bytes, holding what it is lent.
        for (number, (_, theirs)) in pairs.iter_mut().enumerate() {
            theirs.write_all(&bytes(number as u64, 20_000)).expect("written");
        }
        for (ours, _) in &mut pairs {
            drop(crate::stage::give_up(3, ours.both().0.fill()).await);
        }
        let held: usize = pairs
            .iter_mut()
            .filter_map(|(ours, _)| (ours.both().0.buffered() > 0).then_some(()))
            .count();
        assert!(held < 64, "there are fewer buffers than streams");
        // Then all go on, each freeing buffers for the others.
        let tasks: Vec<_> = pairs
            .into_iter()
            .enumerate()
            .map(|(number, (mut ours, theirs))| {
                spawn(async move {
                    let mut got = vec![0; 20_000];
                    ours.both().0.read_exact(&mut got).await.expect("alive");
                    assert_same(&got, &bytes(number as u64, 20_000));
                    drop(theirs);
                })
                .expect("inside a runtime")
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
}

#[test]
fn streams_that_nobody_reads_leave_buffers_to_the_others() {
    let builder = Runtime::builder().buffers(16).buffer_bytes(4096);
    run_on(builder, async {
        let (mut listener, addr) = listener();
        let mut unread = Vec::new();
        for _ in 0..2 {
            let (mut ours, mut theirs) = pair_of(&mut listener, addr).await;
            assert!(give_up(2, ours.both().0.fill()).await.is_none());
            theirs.write_all(&[1; 30_000]).expect("written");
            until("it holds a quarter of all", || ours.both().0.buffered() == 30_000).await;
            unread.push((ours, theirs));
        }
        // What is left is what one enter may fill: a send that kept some without an answer would end it all.
        echo_many(32, 100_000).await;
        drop(unread);
    });
}

// io 41, without its rates
#[test]
fn a_hundred_peers_that_send_and_never_read_leave_the_others_alone() {
    run_on(Runtime::builder(), async {
        let (mut listener, addr) = listener();
        let mut stalled = Vec::new();
        for _ in 0..100 {
            let (mut ours, mut theirs) = pair_of(&mut listener, addr).await;
            theirs.set_nonblocking(true).expect("an option");
            let copying = spawn(async move {
                let (reader, writer) = ours.both();
                Flow::copy(reader, writer).await
            });
            let mut full = 0;
            while full < 20 {
                match theirs.write(&[1; 1 << 16]) {
                    Ok(_) => full = 0,
                    Err(_) => full += 1,
                }
                turn().await;
            }
            stalled.push((copying, theirs));
        }
        echo_many(8, 100_000).await;
        drop(stalled);
    });
}

// io 23
#[test]
fn hundreds_of_operations_in_one_cycle_pass_a_queue_of_four() {
    run_on(Runtime::builder().submissions(4), many_at_once(300));
}

// io 21
#[test]
fn a_completion_queue_that_overflows_loses_nothing() {
    run_on(Runtime::builder().submissions(4).completions(8), many_at_once(300));
}

/// In one cycle `count` streams write and begin to read; their peers then answer all at once, while nobody reaps.
async fn many_at_once(count: usize) {
    let (mut listener, addr) = listener();
    let mut ours: Vec<TcpStream> = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..count {
        let (our, their) = pair_of(&mut listener, addr).await;
        ours.push(our);
        theirs.push(their);
    }
    for round in 0..5 {
        let tasks: Vec<_> = ours
            .drain(..)
            .enumerate()
            .map(|(number, mut stream)| {
                spawn(async move {
                    let (reader, writer) = stream.both();
                    let message = bytes(round * 1000 + number as u64, 100 + number);
                    writer.write(&message).await.expect("queued");
                    let mut back = vec![0; message.len()];
                    reader.read_exact(&mut back).await.expect("alive");
                    assert_same(&back, &message);
                    stream
                })
                .expect("inside a runtime")
            })
            .collect();
        let reading = peer(move || {
            let mut messages = Vec::new();
            for (number, their) in theirs.iter_mut().enumerate() {
                let mut message = vec![0; 100 + number];
                their.read_exact(&mut message).expect("sent");
                messages.push(message);
            }
            (theirs, messages)
        });
        let messages;
        (theirs, messages) = reading.await;
        // The worker itself is busy now: completions pile up.
        for (their, message) in theirs.iter_mut().zip(messages) {
            their.write_all(&message).expect("written");
        }
        for task in tasks {
            ours.push(task.await.expect("no panic"));
        }
    }
}

#[test]
fn quiet_sends_that_fall_short_while_completions_overflow_lose_nothing() {
    const COUNT: usize = 64;
    let builder = Runtime::builder().submissions(4).completions(8);
    run_on(builder, async {
        let (mut listener, addr) = listener();
        let start = Arc::new(Barrier::new(2));
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for _ in 0..COUNT {
            let (our, their) = pair_of(&mut listener, addr).await;
            SockRef::from(&our.as_fd().expect("plain"))
                .set_send_buffer_size(4096)
                .expect("an option");
            SockRef::from(&their).set_recv_buffer_size(64 << 10).expect("an option");
            ours.push(our);
            theirs.push(their);
        }
        let wait = start.clone();
        let reading = peer(move || {
            wait.wait();
            let threads: Vec<_> = theirs
                .into_iter()
                .map(|mut their| {
                    std::thread::spawn(move || {
                        let mut got = Vec::new();
                        their.read_to_end(&mut got).expect("read");
                        got
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("read")).collect::<Vec<_>>()
        });
        // Nobody waits for these, so they are quiet; each falls short, and all answer at once.
        for part in 0..4 {
            for (number, our) in ours.iter_mut().enumerate() {
                let seed = (number * 4 + part) as u64;
                our.both().1.try_write(&bytes(seed, 60_000)).expect("there is room");
            }
            turn().await;
        }
        start.wait();
        for our in &mut ours {
            our.both().1.flushed().await.expect("the peer reads");
        }
        drop(ours);
        for (number, got) in reading.await.into_iter().enumerate() {
            let expected: Vec<u8> =
                (0..4).flat_map(|part| bytes((number * 4 + part) as u64, 60_000)).collect();
            assert_same(&got, &expected);
        }
    });
}

#[test]
fn the_smallest_rings_still_echo() {
    let smallest = || Runtime::builder().submissions(1).completions(1).buffers(1).buffer_bytes(1);
    run_on(smallest(), echo_many(20, 200_000));
    let builder: Builder = smallest().buffer_bytes(100_000);
    run_on(builder, echo_many(8, 500_000));
}
