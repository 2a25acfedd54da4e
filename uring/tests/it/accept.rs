//! Accepting: bursts, dropped futures, dropped listeners, addresses that cannot be had.

use std::{
    collections::HashSet,
    io::{ErrorKind, Read, Write},
    net,
    os::fd::AsFd,
};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tidemill_uring::{
    net::TcpListener,
    runtime::{Runtime, spawn},
};

use crate::stage::{
    Hoard, Random, alone, descriptors, forget, forgetful, give_up, listener, pair_of, peer, rest,
    run, run_on, stats, turn, until,
};

/// Has connections that this thread makes arrive in their order: each arrives by the CPU that made it.
pub(crate) fn on_one_cpu() {
    let mine = sched_getaffinity(None).expect("allowed");
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|cpu| mine.is_set(*cpu)).expect("it runs somewhere"));
    sched_setaffinity(None, &one).expect("one of those");
}

// io 2
#[test]
fn a_thousand_connections_made_before_the_first_accept_all_come_once() {
    alone("accept::a_thousand_connections_made_before_the_first_accept_all_come_once", || {
        let before = descriptors();
        run(async {
            let (mut listener, addr) = listener();
            let clients: Vec<_> =
                (0..1000).map(|_| net::TcpStream::connect(addr).expect("backlog")).collect();
            let mut expected: HashSet<_> =
                clients.iter().map(|client| client.local_addr().expect("bound")).collect();
            let mut streams = Vec::new();
            for _ in 0..1000 {
                let stream = listener.accept().await.expect("accepted");
                let peer = stream.peer_addr().expect("connected");
                assert!(expected.remove(&peer), "{peer} came once");
                streams.push(stream);
            }
            // The accept is still armed, or armed again: no gap.
            let (_ours, _theirs) = pair_of(&mut listener, addr).await;
        });
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_dropped_accept_loses_no_connection() {
    run(async {
        let (mut listener, addr) = listener();
        for polls in 0..5 {
            assert!(give_up(polls, listener.accept()).await.is_none(), "nobody connected");
            let (mut ours, mut theirs) = pair_of(&mut listener, addr).await;
            theirs.write_all(&[polls as u8]).expect("written");
            assert_eq!(ours.both().0.fill().await.expect("alive"), [polls as u8]);
        }
    });
}

#[test]
fn a_forgotten_accept_loses_no_connection() {
    forgetful("accept::a_forgotten_accept_loses_no_connection", || {
        run(async {
            let (mut listener, addr) = listener();
            for polls in 0..5 {
                assert!(forget(polls, listener.accept()).await.is_none(), "nobody connected");
                let (mut ours, mut theirs) = pair_of(&mut listener, addr).await;
                theirs.write_all(&[polls as u8]).expect("written");
                assert_eq!(ours.both().0.fill().await.expect("alive"), [polls as u8]);
            }
        });
    });
}

// io 4
#[test]
fn accepts_dropped_while_connections_race_lose_none() {
    alone("accept::accepts_dropped_while_connections_race_lose_none", || {
        const COUNT: usize = 2000;
        let before = descriptors();
        run(async {
            let (mut listener, addr) = listener();
            let clients = peer(move || {
                for number in 0..COUNT as u32 {
                    let mut stream = net::TcpStream::connect(addr).expect("accepted");
                    stream.write_all(&number.to_le_bytes()).expect("written");
                    // The answer keeps the number of open connections small.
                    let mut back = [0; 4];
                    stream.read_exact(&mut back).expect("answered");
                    assert_eq!(back, number.to_le_bytes());
                }
            });
            let mut random = Random::new(4);
            let mut seen = HashSet::new();
            while seen.len() < COUNT {
                let Some(stream) = give_up(random.below(4), listener.accept()).await else {
                    turn().await;
                    continue;
                };
                let mut stream = stream.expect("accepted");
                let (reader, writer) = stream.both();
                let mut number = [0; 4];
                reader.read_exact(&mut number).await.expect("a number");
                assert!(seen.insert(number), "{number:?} came once");
                writer.write(&number).await.expect("queued");
            }
            clients.await;
        });
        assert_eq!(descriptors(), before);
    });
}

// io 7
#[test]
fn a_dropped_listener_closes_what_nobody_took_and_frees_its_port() {
    alone("accept::a_dropped_listener_closes_what_nobody_took_and_frees_its_port", || {
        let before = descriptors();
        run(async {
            for polls in 0..4 {
                let (mut listener, addr) = listener();
                assert!(give_up(polls, listener.accept()).await.is_none());
                let mut waiting: Vec<_> =
                    (0..10).map(|_| net::TcpStream::connect(addr).expect("backlog")).collect();
                // In some rounds the connections are delivered, in others they stay in the backlog.
                for _ in 0..polls {
                    turn().await;
                }
                drop(listener);
                rest().await;
                for stream in &mut waiting {
                    let end = stream.read(&mut [0]);
                    assert!(matches!(end, Ok(0) | Err(_)), "closed, not served");
                }
                let refused = net::TcpStream::connect(addr).expect_err("nobody listens");
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
                TcpListener::bind(addr).expect("the port is free again");
            }
        });
        assert_eq!(descriptors(), before);
    });
}

// io 8
#[test]
fn accepted_descriptors_are_closed_on_exec() {
    // Accepted many at once, and one by one.
    for builder in [Runtime::builder(), Runtime::builder().connections(4)] {
        run_on(builder, async {
            let (mut listener, addr) = listener();
            let (ours, _theirs) = pair_of(&mut listener, addr).await;
            for fd in [ours.as_fd().expect("plain"), listener.as_fd()] {
                let flags = rustix::io::fcntl_getfd(fd).expect("a descriptor");
                assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
            }
        });
    }
}

// io 5
#[test]
fn without_descriptors_accept_fails_without_spinning_and_goes_on_when_there_are_some() {
    alone(
        "accept::without_descriptors_accept_fails_without_spinning_and_goes_on_when_there_are_some",
        || {
            run(async {
                let mut hoard = Hoard::new();
                let (mut listener, addr) = listener();
                let (first, _theirs) = pair_of(&mut listener, addr).await;
                let waiting = net::TcpStream::connect(addr).expect("backlog");
                hoard.take(0);
                let told = listener.accept().await.expect_err("no descriptor");
                assert_eq!(told.raw_os_error(), Some(24), "{told}");
                let before = stats();
                let again = listener.accept().await.expect_err("still none");
                assert_eq!(again.raw_os_error(), Some(24), "{again}");
                let enters = stats().enters - before.enters;
                assert!(enters < 20, "{enters} enters for one rest");
                drop(first);
                // The free place is the connection's that waits.
                let mut second = listener.accept().await;
                while second.is_err() {
                    second = listener.accept().await;
                }
                let second = second.expect("accepted");
                assert_eq!(
                    second.peer_addr().expect("connected"),
                    waiting.local_addr().expect("bound")
                );
                drop(hoard);
            });
        },
    );
}

#[test]
fn an_address_in_use_or_a_bad_one_is_an_error_that_names_it() {
    run(async {
        let (_listener, addr) = listener();
        let told = TcpListener::bind(addr).expect_err("in use");
        assert_eq!(told.kind(), ErrorKind::AddrInUse);
        assert!(told.to_string().contains(&addr.to_string()), "{told}");
        let told = TcpListener::bind("192.0.2.1:0").expect_err("not this machine's");
        assert_eq!(told.kind(), ErrorKind::AddrNotAvailable, "{told}");
        assert_eq!(
            TcpListener::bind("no address").expect_err("none").kind(),
            ErrorKind::InvalidInput
        );
        let none: &[net::SocketAddr] = &[];
        assert_eq!(TcpListener::bind(none).expect_err("none").kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_port_without_permission_is_an_error() {
    run(async {
        // Where the user may have it, there is nothing to see.
        if let Err(told) = TcpListener::bind("127.0.0.1:80") {
            let kinds = [ErrorKind::PermissionDenied, ErrorKind::AddrInUse];
            assert!(kinds.contains(&told.kind()), "{told}");
        }
    });
}

#[test]
fn without_a_runtime_listening_and_spawning_are_errors() {
    let told = TcpListener::bind("127.0.0.1:0").expect_err("no runtime");
    assert_eq!(told.kind(), ErrorKind::NotConnected);
    assert!(told.to_string().contains("Runtime::run"), "{told}");
    let told = spawn(async {}).expect_err("no runtime");
    assert_eq!(told.kind(), ErrorKind::NotConnected);
    assert!(Runtime::current_stats().is_err());
    let runtime = Runtime::new().expect("a runtime");
    TcpListener::bind("127.0.0.1:0").expect_err("the runtime does not run");
    drop(runtime);
}

#[test]
fn a_listener_that_nobody_asks_takes_a_bounded_number_and_loses_none() {
    alone("accept::a_listener_that_nobody_asks_takes_a_bounded_number_and_loses_none", || {
        const BATCH: usize = 800;
        on_one_cpu();
        run(async {
            let (mut listener, addr) = listener();
            assert!(give_up(2, listener.accept()).await.is_none());
            let connect = || net::TcpStream::connect(addr).expect("backlog");
            // The first two batches are delivered by themselves, while nobody accepts; then it is enough.
            let mut clients: Vec<_> = (0..BATCH).map(|_| connect()).collect();
            until("they were delivered", || stats().accepted as usize == BATCH).await;
            clients.extend((0..BATCH).map(|_| connect()));
            until("they were delivered", || stats().accepted as usize == 2 * BATCH).await;
            until("the accept was cancelled", || stats().in_flight == 0).await;
            clients.extend((0..BATCH).map(|_| connect()));
            for _ in 0..10 {
                turn().await;
            }
            assert_eq!(stats().accepted as usize, 2 * BATCH, "the others wait in the backlog");
            for client in &clients {
                let stream = listener.accept().await.expect("accepted");
                assert_eq!(stream.peer_addr().expect("peer"), client.local_addr().expect("bound"));
            }
        });
    });
}

#[test]
fn a_listener_emptied_while_its_accept_is_cancelled_awaits_the_end_of_that() {
    alone(
        "accept::a_listener_emptied_while_its_accept_is_cancelled_awaits_the_end_of_that",
        || {
            const BATCH: usize = 800;
            run(async {
                let (mut listener, addr) = listener();
                assert!(give_up(1, listener.accept()).await.is_none());
                let connect = || net::TcpStream::connect(addr).expect("backlog");
                let mut clients = Vec::new();
                for batch in 1..=2 {
                    clients.extend((0..BATCH).map(|_| connect()));
                    until("they were delivered", || stats().accepted as usize == batch * BATCH)
                        .await;
                }
                // It holds so much that it was cancelled; the next turn brings the end of it.
                for _ in 0..2 * BATCH {
                    drop(listener.accept().await.expect("delivered"));
                }
                assert!(give_up(1, listener.accept()).await.is_none());
                let (_ours, _theirs) = pair_of(&mut listener, addr).await;
            });
        },
    );
}
