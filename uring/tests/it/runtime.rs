//! A runtime's life: several runs, an end with everything in flight, and handles that outlive it.

use std::{
    cell::Cell,
    future::{Future, pending},
    io::{ErrorKind, Read, Write},
    net,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::scope::after;
use tidemill_uring::{
    error::{ReadError, WriteError},
    io::Flow,
    net::TcpStream,
    runtime::{Runtime, spawn},
};

use crate::stage::{
    Hoard, Play, Watch, alone, bytes, descriptors, give_up, listener, pair, pair_of, peer, run,
    turn,
};

#[test]
fn a_runtime_runs_more_than_once_and_its_tasks_go_on() {
    let _watch = Watch::new();
    let runtime = Runtime::new().expect("a runtime");
    let count = Rc::new(Cell::new(0));
    let (mut stream, mut theirs) = runtime.play(async {
        let counting = count.clone();
        drop(spawn(async move {
            loop {
                counting.set(counting.get() + 1);
                turn().await;
            }
        }));
        pair().await
    });
    let before = count.get();
    for _ in 0..3 {
        theirs.write_all(b"again").expect("written");
        runtime.play(async {
            let mut into = [0; 5];
            stream.both().0.read_exact(&mut into).await.expect("alive");
            assert_eq!(&into, b"again");
            stream.both().1.write(b"yes").await.expect("alive");
            stream.both().1.flushed().await.expect("alive");
            turn().await;
        });
        let mut back = [0; 3];
        theirs.read_exact(&mut back).expect("answered");
        assert_eq!(&back, b"yes");
    }
    assert!(count.get() > before, "the task went on");
    drop(stream);
    drop(runtime);
    assert_eq!(Rc::strong_count(&count), 1, "the task was dropped with its runtime");
}

// io 33
#[test]
fn a_dropped_runtime_ends_everything_in_flight() {
    alone("runtime::a_dropped_runtime_ends_everything_in_flight", || {
        let before = descriptors();
        let runtime = Runtime::new().expect("a runtime");
        let peers = runtime.play(async {
            let mut peers = Vec::new();
            for _ in 0..20 {
                // A receive, a send that nobody reads, a copy, an accept with connections waiting, a timer.
                let (ours, theirs) = pair().await;
                let (mut reader, mut writer) = ours.split();
                drop(spawn(async move { reader.fill().await.map(|bytes| bytes.len()) }));
                drop(spawn(async move {
                    writer.write(&bytes(2, 4 << 20)).await.expect("queued");
                    writer.flushed().await
                }));
                peers.push(theirs);
                let (mut ours, theirs) = pair().await;
                drop(spawn(async move {
                    let (reader, writer) = ours.both();
                    Flow::copy(reader, writer).await
                }));
                peers.push(theirs);
                let (mut listening, addr) = listener();
                peers.push(net::TcpStream::connect(addr).expect("backlog"));
                drop(spawn(async move {
                    let _first = listening.accept().await;
                    listening.accept().await.map(drop)
                }));
                peers.push(net::TcpStream::connect(addr).expect("backlog"));
                drop(spawn(after(Duration::from_secs(3600))));
                drop(spawn(pending::<()>()));
            }
            for _ in 0..5 {
                turn().await;
            }
            peers
        });
        drop(runtime);
        drop(peers);
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn handles_that_outlive_their_runtime_answer_with_errors() {
    alone("runtime::handles_that_outlive_their_runtime_answer_with_errors", || {
        let before = descriptors();
        let runtime = Runtime::new().expect("a runtime");
        let (stream, mut waited, mut unread, mut listening, theirs) = runtime.play(async {
            let (mut listening, addr) = listener();
            let (stream, theirs) = pair_of(&mut listening, addr).await;
            let (mut waited, theirs_waited) = pair_of(&mut listening, addr).await;
            // One has waited, and been woken, before.
            let waking = peer(move || {
                (&theirs_waited).write_all(b"x").expect("written");
                theirs_waited
            });
            assert_eq!(waited.both().0.fill().await.expect("alive"), b"x");
            waited.both().0.consume(1);
            assert!(give_up(2, waited.both().0.fill()).await.is_none());
            let (mut unread, mut theirs_unread) = pair_of(&mut listening, addr).await;
            theirs_unread.write_all(b"unread").expect("written");
            assert_eq!(unread.both().0.fill().await.expect("alive").len(), 6);
            assert!(give_up(2, listening.accept()).await.is_none());
            (stream, waited, unread, listening, (theirs, waking.await, theirs_unread))
        });
        drop(runtime);
        let (mut reader, mut writer) = stream.split();
        let mut use_them = async || {
            let told = reader.fill().await.expect_err("its runtime is gone");
            assert_eq!(told.kind(), ErrorKind::NotConnected, "{told}");
            let told = reader.read_exact(&mut [0; 3]).await.expect_err("gone");
            assert!(matches!(told, ReadError::Io(_)), "{told}");
            assert!(reader.read_line(10).await.is_err());
            let told = writer.write(b"x").await.expect_err("gone");
            assert!(matches!(told, WriteError::Io(_)), "{told}");
            assert!(writer.try_write(b"x").is_err());
            let _ = writer.flushed().await;
            let _ = writer.writable().await;
            Flow::copy(&mut reader, &mut writer).await.expect_err("gone");
            listening.accept().await.map(drop).expect_err("gone");
            waited.both().0.fill().await.map(|_| ()).expect_err("gone");
            let _ = unread.both().0.fill().await;
            assert!(unread.both().1.write(b"x").await.is_err());
        };
        // Without any runtime, and inside another one.
        now(use_them());
        Runtime::new().expect("another").play(use_them());
        drop((reader, writer, waited, unread, listening, theirs));
        assert_eq!(descriptors(), before);
    });
}

/// The output of a future that must not wait.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn pending_calls_that_outlive_their_runtime_resolve() {
    alone("runtime::pending_calls_that_outlive_their_runtime_resolve", || {
        let before = descriptors();
        let first = Runtime::new().expect("a runtime");
        let (mut stream, mut busy, mut listening, theirs) = first.play(async {
            let (mut listening, addr) = listener();
            let (stream, theirs) = pair_of(&mut listening, addr).await;
            let (mut busy, stuck) = pair_of(&mut listening, addr).await;
            busy.both().1.write(&bytes(1, 4 << 20)).await.expect("queued");
            (stream, busy, listening, (theirs, stuck))
        });
        let mut connecting =
            Box::pin(TcpStream::connect(std::net::SocketAddr::from(([127, 0, 0, 1], 9))));
        {
            let mut filling = pin!(stream.both().0.fill());
            let mut flushing = pin!(busy.both().1.flushed());
            let mut accepting = pin!(listening.accept());
            let mut cx = Context::from_waker(Waker::noop());
            first.play(async {
                let mut cx = Context::from_waker(Waker::noop());
                assert!(filling.as_mut().poll(&mut cx).is_pending());
                assert!(flushing.as_mut().poll(&mut cx).is_pending());
                assert!(accepting.as_mut().poll(&mut cx).is_pending());
                assert!(connecting.as_mut().poll(&mut cx).is_pending());
                turn().await;
            });
            drop(first);
            assert!(matches!(filling.poll(&mut cx), Poll::Ready(Err(_))));
            assert!(matches!(flushing.poll(&mut cx), Poll::Ready(Err(_))));
            assert!(matches!(accepting.poll(&mut cx), Poll::Ready(Err(_))));
            assert!(connecting.as_mut().poll(&mut cx).is_ready());
        }
        drop((stream, busy, listening, theirs, connecting));
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_task_that_panics_takes_only_itself() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let panicking = spawn(async move {
            assert!(give_up(2, ours.both().0.fill()).await.is_none());
            panic!("of the test");
        })
        .expect("inside a runtime");
        let told = panicking.await.expect_err("a panic");
        assert!(told.to_string().contains("panic"), "{told}");
        assert_eq!(theirs.read(&mut [0]).expect("closed"), 0);
    });
}

#[test]
fn a_panic_of_the_main_future_goes_through_and_the_runtime_goes_on() {
    let _watch = Watch::new();
    let runtime = Runtime::new().expect("a runtime");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.play(async {
            let (mut ours, _theirs) = pair().await;
            assert!(give_up(2, ours.both().0.fill()).await.is_none());
            panic!("of the test");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(runtime.play(async { 1 }), 1);
}

#[test]
fn a_task_that_spins_starves_neither_timers_nor_completions() {
    run(async {
        let spinning = spawn(async {
            loop {
                turn().await;
            }
        })
        .expect("inside a runtime");
        let (mut ours, mut theirs) = pair().await;
        let sending = peer(move || {
            theirs.write_all(b"through").expect("written");
            theirs
        });
        let mut into = [0; 7];
        ours.both().0.read_exact(&mut into).await.expect("alive");
        after(Duration::from_millis(5)).await.expect("inside a runtime");
        drop(sending.await);
        spinning.cancel();
        drop(spinning.await);
    });
}

#[test]
fn many_runtimes_come_and_go_and_leave_nothing() {
    alone("runtime::many_runtimes_come_and_go_and_leave_nothing", || {
        let before = descriptors();
        for _ in 0..100 {
            let runtime = Runtime::new().expect("a runtime");
            runtime.play(async {
                let (mut ours, mut theirs) = pair().await;
                theirs.write_all(b"x").expect("written");
                ours.both().0.fill().await.expect("alive");
                assert!(give_up(1, after(Duration::from_secs(9))).await.is_none());
            });
        }
        assert_eq!(descriptors(), before);
        let status = std::fs::read_to_string("/proc/self/status").expect("proc is mounted");
        let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        let size: u64 = size.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(size < 64 << 10, "{size} KiB resident after a hundred runtimes");
    });
}

#[test]
fn without_descriptors_a_runtime_is_refused_with_an_error() {
    alone("runtime::without_descriptors_a_runtime_is_refused_with_an_error", || {
        let before = descriptors();
        for spare in 0..3 {
            let mut hoard = Hoard::new();
            hoard.take(spare);
            match Runtime::new() {
                // A ring, and an eventfd where the kernel's rings wait for no futex.
                Ok(runtime) => assert!(runtime.play(async { spare }) >= 1),
                Err(told) => {
                    assert!(told.to_string().contains("raise ulimit -n"), "{told}");
                    assert!(spare < 2, "two descriptors are enough");
                }
            }
            drop(hoard);
            assert_eq!(descriptors(), before, "nothing is left of it");
        }
    });
}

#[test]
fn runtimes_may_be_nested_and_a_copy_between_them_is_refused() {
    let inner = Runtime::new().expect("a runtime");
    run(async {
        let (mut outer, mut theirs) = pair().await;
        theirs.write_all(b"outer").expect("written");
        outer.both().0.fill().await.expect("alive");
        let (mut stream, mut far) = inner.play(async {
            let (mut stream, mut theirs) = pair().await;
            theirs.write_all(b"inner").expect("written");
            assert_eq!(stream.both().0.fill().await.expect("alive"), b"inner");
            (stream, theirs)
        });
        let told = Flow::copy(outer.both().0, stream.both().1).await.expect_err("two runtimes");
        assert_eq!(told.source.kind(), ErrorKind::InvalidInput, "{told}");
        assert_eq!(told.copied, 0);
        assert_eq!(outer.both().0.fill().await.expect("alive"), b"outer", "nothing was taken");
        // By hand it goes.
        let piece = outer.both().0.fill().await.expect("alive").to_vec();
        stream.both().1.try_write(&piece).expect("there is room");
        inner.play(stream.both().1.flushed()).expect("sent");
        let mut got = [0; 5];
        far.read_exact(&mut got).expect("read");
        assert_eq!(&got, b"outer");
        drop(stream);
        let (mut again, mut theirs) = pair().await;
        theirs.write_all(b"x").expect("written");
        assert_eq!(again.both().0.fill().await.expect("the outer one is current again"), b"x");
    });
}
