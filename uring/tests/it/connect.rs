//! Connecting: refusals, attempts that hang, attempts that are dropped.

use std::{
    io::{ErrorKind, Read},
    net::{self, Ipv4Addr, SocketAddr},
    time::Duration,
};

use socket2::{Domain, Socket, Type};
use tidemill_core::{error::TimeoutError, scope::with_timeout};
use tidemill_uring::net::TcpStream;

use crate::stage::{Play, alone, descriptors, forget, forgetful, give_up, rest, run, turn};

/// A listener whose backlog is full, so that further attempts hang; and what fills it.
fn full() -> (Socket, SocketAddr, Vec<Socket>) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
    socket.listen(1).expect("listening");
    let addr = socket.local_addr().expect("bound").as_socket().expect("an internet address");
    let fill = || {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        filler.set_nonblocking(true).expect("an option");
        // In progress, done, or dropped by the full backlog: all the same to us.
        let _ = filler.connect(&addr.into());
        filler
    };
    let fillers = (0..8).map(|_| fill()).collect();
    (socket, addr, fillers)
}

// io 9
#[test]
fn a_refused_connection_is_an_error_and_leaves_nothing() {
    alone("connect::a_refused_connection_is_an_error_and_leaves_nothing", || {
        let before = descriptors();
        run(async {
            let closed = net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let addr = closed.local_addr().expect("bound");
            drop(closed);
            for _ in 0..100 {
                let told = TcpStream::connect(addr).await.expect_err("nobody listens");
                assert_eq!(told.kind(), ErrorKind::ConnectionRefused);
            }
        });
        assert_eq!(descriptors(), before);
    });
}

// io 10
#[test]
fn an_attempt_that_hangs_can_be_timed_out_and_is_cancelled() {
    alone("connect::an_attempt_that_hangs_can_be_timed_out_and_is_cancelled", || {
        let before = descriptors();
        let (listener, addr, fillers) = full();
        run(async {
            let attempt = with_timeout(Duration::from_millis(50), TcpStream::connect(addr)).await;
            assert!(matches!(attempt, Err(TimeoutError::Elapsed)), "{attempt:?}");
            rest().await;
        });
        drop((listener, fillers));
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_dropped_attempt_is_cancelled_and_its_socket_closed() {
    alone("connect::a_dropped_attempt_is_cancelled_and_its_socket_closed", || {
        let before = descriptors();
        run(async {
            let (hanging, to_hang, fillers) = full();
            let listener = net::TcpListener::bind("127.0.0.1:0").expect("a port");
            let addr = listener.local_addr().expect("bound");
            for polls in 0..4 {
                assert!(give_up(polls, TcpStream::connect(to_hang)).await.is_none());
                drop(give_up(polls, TcpStream::connect(addr)).await);
                rest().await;
            }
            // Whatever was connected is closed again.
            listener.set_nonblocking(true).expect("an option");
            while let Ok((mut stream, _)) = listener.accept() {
                stream.set_nonblocking(false).expect("an option");
                assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
            }
            drop((hanging, fillers));
        });
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn forgotten_attempts_harm_nobody() {
    forgetful("connect::forgotten_attempts_harm_nobody", || {
        let (_hanging, to_hang, _fillers) = full();
        let listener = net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("bound");
        let runtime = tidemill_uring::runtime::Runtime::new().expect("a runtime");
        runtime.play(async {
            for polls in 0..4 {
                assert!(forget(polls, TcpStream::connect(to_hang)).await.is_none());
                drop(forget(polls, TcpStream::connect(addr)).await);
                let stream = TcpStream::connect(addr).await.expect("others go on");
                drop(stream);
                turn().await;
            }
        });
        // Attempts in flight end with the runtime.
        drop(runtime);
    });
}

#[test]
fn without_a_runtime_connecting_is_an_error() {
    let attempt = std::pin::pin!(TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match attempt.poll(&mut cx) {
        std::task::Poll::Ready(Err(told)) => assert_eq!(told.kind(), ErrorKind::NotConnected),
        other => panic!("{other:?}"),
    }
}
