//! Accepting by slots: connections that find none wait in the backlog, and nobody is refused or destroyed.

use std::{
    io::{ErrorKind, Read, Write},
    net,
};

use tidemill_uring::{
    net::{TcpListener, TcpStream},
    runtime::{Runtime, spawn},
};

use crate::{
    accept::on_one_cpu,
    stage::{give_up, listener, pair_of, peer, run_on, stats, turn, until},
};

/// A word there and back.
async fn converse(ours: &mut TcpStream, theirs: &mut net::TcpStream) {
    theirs.write_all(b"there").expect("written");
    let (reader, writer) = ours.both();
    let mut word = [0; 5];
    reader.read_exact(&mut word).await.expect("alive");
    writer.write(&word).await.expect("queued");
    writer.flushed().await.expect("alive");
    theirs.read_exact(&mut word).expect("answered");
    assert_eq!(&word, b"there");
}

/// Whether the connection is neither closed nor answered.
fn waits(theirs: &mut net::TcpStream) -> bool {
    theirs.set_nonblocking(true).expect("an option");
    let told = theirs.read(&mut [0]);
    theirs.set_nonblocking(false).expect("an option");
    told.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

async fn one_more_than_there_are_slots(slots: usize) {
    let before = stats().accepted as usize;
    let (mut listener, addr) = listener();
    let mut theirs: Vec<_> =
        (0..=slots).map(|_| net::TcpStream::connect(addr).expect("backlog")).collect();
    let mut ours = Vec::new();
    for their in &mut theirs[..slots] {
        let mut our = listener.accept().await.expect("there is a slot");
        converse(&mut our, their).await;
        ours.push(our);
    }
    // Each round one waits until another is closed, and takes its place.
    for round in 0..10 {
        assert!(give_up(5, listener.accept()).await.is_none(), "no slot is free");
        assert_eq!(stats().accepted as usize - before, slots + round);
        assert!(waits(&mut theirs[slots]), "it was not accepted");
        let gone = round % slots;
        drop((ours.remove(gone), theirs.remove(gone)));
        let mut our = listener.accept().await.expect("a slot is free");
        converse(&mut our, &mut theirs[slots - 1]).await;
        ours.push(our);
        theirs.push(net::TcpStream::connect(addr).expect("backlog"));
    }
}

// io 6
#[test]
fn at_a_full_table_a_connection_waits_until_an_entry_is_closed() {
    run_on(Runtime::builder().direct_descriptors(4), one_more_than_there_are_slots(4));
}

#[test]
fn at_the_limit_a_connection_waits_until_another_is_closed() {
    run_on(Runtime::builder().connections(3), one_more_than_there_are_slots(3));
}

#[test]
fn accepting_goes_from_many_at_once_to_one_each_and_back_and_loses_none() {
    const BACKLOG: usize = 50;
    const MOST: usize = 130;
    on_one_cpu();
    run_on(Runtime::builder().connections(MOST as u32), async {
        let builder = TcpListener::builder().backlog(BACKLOG as u32);
        let mut listener = builder.bind("127.0.0.1:0").expect("a port is free");
        let addr = listener.local_addr().expect("bound");
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        // More than are free beside the backlog and a batch come in one turn; then all that are free but ten.
        for (wave, armed) in [(40, 64), (40, 50), (40, 10)] {
            if ours.is_empty() {
                assert!(give_up(2, listener.accept()).await.is_none());
                assert_eq!(stats().in_flight, 1, "one accept for all");
            }
            theirs.extend((0..wave).map(|_| net::TcpStream::connect(addr).expect("backlog")));
            for _ in 0..wave {
                ours.push(listener.accept().await.expect("accepted"));
            }
            assert!(give_up(3, listener.accept()).await.is_none());
            assert_eq!(stats().in_flight, armed, "one accept each");
        }
        theirs.extend((0..20).map(|_| net::TcpStream::connect(addr).expect("backlog")));
        for _ in 0..10 {
            ours.push(listener.accept().await.expect("accepted"));
        }
        assert!(give_up(3, listener.accept()).await.is_none(), "no slot is free");
        assert_eq!((stats().accepted as usize, stats().in_flight), (MOST, 0));
        let peers: Vec<_> = ours.iter().map(|our| our.peer_addr().expect("peer")).collect();
        ours.clear();
        for _ in 0..10 {
            ours.push(listener.accept().await.expect("accepted"));
        }
        let late = ours.iter().map(|our| our.peer_addr().expect("peer"));
        let clients = theirs.iter().map(|their| their.local_addr().expect("bound"));
        assert!(peers.into_iter().chain(late).eq(clients), "each once, in their order");
        assert!(give_up(3, listener.accept()).await.is_none());
        assert_eq!(stats().in_flight, 1, "one accept for all again");
    });
}

#[test]
fn a_second_listener_gets_its_share_of_the_slots() {
    for builder in [Runtime::builder().direct_descriptors(4), Runtime::builder().connections(4)] {
        run_on(builder, async {
            let (mut first, first_addr) = listener();
            let first = spawn(async move { first.accept().await }).expect("inside a runtime");
            until("all slots are the first one's", || stats().in_flight == 4).await;
            let (mut second, second_addr) = listener();
            let (mut ours, mut theirs) = pair_of(&mut second, second_addr).await;
            converse(&mut ours, &mut theirs).await;
            let mut theirs = net::TcpStream::connect(first_addr).expect("backlog");
            let mut ours = first.await.expect("no panic").expect("accepted");
            converse(&mut ours, &mut theirs).await;
        });
    }
}

#[test]
fn an_idle_listener_does_not_keep_the_slots_of_a_busy_one() {
    let small = || TcpListener::builder().backlog(20).bind("127.0.0.1:0").expect("a port is free");
    for builder in [Runtime::builder().direct_descriptors(200), Runtime::builder().connections(200)]
    {
        run_on(builder, async {
            let (mut idle, mut busy) = (small(), small());
            let idle_addr = idle.local_addr().expect("bound");
            let idle = spawn(async move { idle.accept().await }).expect("inside a runtime");
            until("something is the idle one's", || stats().in_flight > 0).await;
            let addr = busy.local_addr().expect("bound");
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..19 {
                theirs.extend((0..10).map(|_| net::TcpStream::connect(addr).expect("backlog")));
                for _ in 0..10 {
                    ours.push(busy.accept().await.expect("accepted"));
                }
            }
            let mut theirs = net::TcpStream::connect(idle_addr).expect("backlog");
            let mut ours = idle.await.expect("no panic").expect("accepted");
            converse(&mut ours, &mut theirs).await;
        });
    }
}

#[test]
fn connections_that_nobody_took_give_their_slots_back_with_their_listener() {
    for builder in [Runtime::builder().direct_descriptors(4), Runtime::builder().connections(4)] {
        run_on(builder, async {
            for polls in 0..4 {
                let (mut listener, addr) = listener();
                assert!(give_up(1, listener.accept()).await.is_none());
                let _theirs: Vec<_> =
                    (0..6).map(|_| net::TcpStream::connect(addr).expect("backlog")).collect();
                for _ in 0..polls {
                    turn().await;
                }
            }
            one_more_than_there_are_slots(4).await;
        });
    }
}

#[test]
fn a_direct_descriptor_has_a_half_close_and_no_address() {
    run_on(Runtime::builder().direct_descriptors(4), async {
        let (mut listener, addr) = listener();
        let (mut ours, mut theirs) = pair_of(&mut listener, addr).await;
        converse(&mut ours, &mut theirs).await;
        let told = ours.peer_addr().expect_err("not known here");
        assert_eq!(told.kind(), ErrorKind::Unsupported);
        assert!(told.to_string().contains("use plain descriptors"), "{told}");
        assert!(ours.local_addr().is_err() && ours.as_fd().is_none());
        let (mut reader, mut writer) = ours.split();
        writer.write(b"last").await.expect("queued");
        drop(writer);
        peer(move || {
            let mut last = Vec::new();
            theirs.read_to_end(&mut last).expect("ended");
            assert_eq!(last, b"last");
            theirs.write_all(b"still").expect("open");
        })
        .await;
        assert_eq!(reader.fill().await.expect("alive"), b"still");
        reader.consume(5);
        assert!(reader.fill().await.expect("the end").is_empty());
    });
}
