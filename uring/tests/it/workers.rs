//! Several workers: where they are, what is sent between them, how they end.

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn},
    io::{ErrorKind, Read, Write},
    net,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use rustix::thread::sched_getaffinity;
use tidemill_core::error::JoinError;
use tidemill_uring::{
    error::{SpawnError, WorkerError},
    runtime::{Handle, Runtime, Workers, current_worker, spawn, spawn_on},
};

use crate::stage::{Hoard, Play, Watch, alone, descriptors, listener, pair, rest, turn};

/// Runs `test` with so many workers, all of which must come to rest.
fn run<F: Future>(workers: usize, test: F) -> F::Output {
    let _watch = Watch::new();
    let runtime = Runtime::builder()
        .workers(Workers::Count(workers))
        .build()
        .expect("a runtime can be built");
    let output = runtime.play(async {
        let output = test.await;
        for worker in 0..workers {
            spawn_on(worker, rest).expect("there is room").await.expect("no panic");
        }
        output
    });
    runtime.shutdown().expect("nothing went wrong");
    output
}

#[test]
fn from_every_worker_to_every_worker() {
    run(3, async {
        for from in 0..3 {
            let told = spawn_on(from, move || async move {
                let mut told = Vec::new();
                for to in 0..3 {
                    // What is built there need not be `Send`.
                    let there = spawn_on(to, move || async move {
                        let local = Rc::new(Cell::new(to));
                        turn().await;
                        local.set(local.get() * 10);
                        (local.get(), current_worker().expect("on a worker"))
                    });
                    told.push(there.expect("there is room").await.expect("no panic"));
                }
                told
            });
            assert_eq!(
                told.expect("there is room").await.expect("no panic"),
                [(0, 0), (10, 1), (20, 2)]
            );
        }
    });
}

#[test]
fn workers_are_pinned_and_their_maker_is_let_go_at_the_end() {
    let _watch = Watch::new();
    let before = sched_getaffinity(None).expect("allowed");
    let count = before.count().min(2) as usize;
    let runtime = Runtime::builder().workers(Workers::Count(count)).build().expect("a runtime");
    let mut seen = runtime.play(async {
        let mut seen = rustix::thread::CpuSet::new();
        for worker in 0..count {
            let mine = spawn_on(worker, || async { sched_getaffinity(None).expect("allowed") });
            let mine = mine.expect("there is room").await.expect("no panic");
            (0..1024).filter(|cpu| mine.is_set(*cpu)).for_each(|cpu| seen.set(cpu));
            assert!(count == 1 || mine.count() == 1, "{mine:?}");
        }
        seen
    });
    assert!(count == 1 || seen.count() == 2, "each has a CPU of its own: {seen:?}");
    drop(runtime);
    seen = sched_getaffinity(None).expect("allowed");
    assert_eq!(seen, before);
}

#[test]
fn as_many_as_there_are_cores_and_nodes() {
    let _watch = Watch::new();
    for workers in [Workers::One, Workers::PerCore, Workers::PerNode] {
        let runtime = Runtime::builder().workers(workers).build().expect("a runtime");
        assert!(runtime.workers() >= 1);
        assert_eq!(runtime.play(async { current_worker().expect("inside") }), 0);
    }
    let told = Runtime::builder().workers(Workers::Count(0)).build().expect_err("none");
    assert_eq!(told.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_full_mailbox_hands_the_task_back() {
    let _watch = Watch::new();
    let runtime = Runtime::builder().mailbox(2).build().expect("a runtime");
    let handle = runtime.handle();
    // Nothing is taken up before the worker runs.
    let first = handle.spawn_on(0, || async { 1 }).expect("room for the first");
    let second = handle.spawn_on(0, || async { 2 }).expect("room for the second");
    let full = handle.spawn_on(0, || async { 3 }).expect_err("no room");
    assert!(matches!(full, SpawnError::Full(_)), "{full}");
    let build = full.into_inner();
    let sum = runtime.play(async move {
        let sum = first.await.expect("no panic") + second.await.expect("no panic");
        sum + handle.spawn_on(0, build).expect("room again").await.expect("no panic")
    });
    assert_eq!(sum, 6);
    let nobody = runtime.spawn_on(1, || async {}).expect_err("no such worker");
    assert!(matches!(nobody, SpawnError::NoSuchWorker(_)), "{nobody}");
    let nowhere = spawn_on(0, || async {}).expect_err("not on a worker");
    assert!(matches!(nowhere, SpawnError::NoRuntime(_)), "{nowhere}");
}

#[test]
fn many_more_than_the_mailbox_holds_arrive_when_tried_again() {
    let _watch = Watch::new();
    let runtime = Runtime::builder().workers(Workers::Count(2)).mailbox(4).build().expect("one");
    runtime.play(async {
        let count = Arc::new(AtomicUsize::new(0));
        let mut handles = Vec::new();
        for _ in 0..2000 {
            let counted = count.clone();
            let mut build = Box::new(move || async move { counted.fetch_add(1, SeqCst) });
            loop {
                match spawn_on(1, build) {
                    Ok(handle) => break handles.push(handle),
                    Err(SpawnError::Full(back)) => build = back,
                    Err(error) => panic!("{error}"),
                }
                turn().await;
            }
        }
        let mut order = Vec::new();
        for handle in handles {
            order.push(handle.await.expect("no panic"));
        }
        assert_eq!(order, (0..2000).collect::<Vec<_>>(), "in order");
    });
}

#[test]
fn a_handle_cancels_detaches_and_tells_of_panics() {
    run(2, async {
        let waits = spawn_on(1, pending::<()>).expect("there is room");
        // Before it has arrived, and after.
        waits.cancel();
        assert!(matches!(waits.await, Err(JoinError::Cancelled)));
        let mut waits = spawn_on(1, pending::<()>).expect("there is room");
        spawn_on(1, || async {}).expect("there is room").await.expect("no panic");
        assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut waits).poll(cx))).await.is_pending());
        waits.cancel();
        assert!(matches!(waits.await, Err(JoinError::Cancelled)));

        let ran = Arc::new(AtomicUsize::new(0));
        let counted = ran.clone();
        drop(spawn_on(1, move || async move {
            turn().await;
            counted.fetch_add(1, SeqCst);
        }));
        crate::stage::until("the detached task has run", || ran.load(SeqCst) == 1).await;

        let panics = spawn_on(1, || async { panic!("of the test") }).expect("there is room");
        let told = panics.await.expect_err("a panic");
        assert!(told.to_string().contains("of the test"), "{told}");
        let build = || -> std::future::Ready<()> { panic!("while it was built") };
        let told = spawn_on(1, build).expect("there is room").await.expect_err("a panic");
        assert!(told.to_string().contains("while it was built"), "{told}");
    });
}

#[test]
fn handles_reach_workers_from_threads_and_outlive_them() {
    let _watch = Watch::new();
    let runtime = Runtime::builder().workers(Workers::Count(2)).build().expect("a runtime");
    let handle = runtime.handle();
    let asked = std::thread::spawn(move || {
        let there = handle.spawn_on(1, || async { current_worker().expect("on a worker") });
        (
            handle.spawn_on(1, pending::<()>).expect("there is room"),
            there.expect("there is room"),
            handle,
        )
    });
    let (waits, there, handle) = asked.join().expect("no panic");
    assert_eq!(runtime.play(there).expect("no panic"), 1);
    drop(runtime);
    let late = handle.spawn_on(1, || async {}).expect_err("it has ended");
    assert!(matches!(late, SpawnError::Ended(_)), "{late}");
    let ended = Runtime::new().expect("another").play(waits);
    assert!(matches!(ended, Err(JoinError::Cancelled)));
}

#[test]
fn what_was_never_taken_up_is_cancelled_with_its_runtime() {
    let _watch = Watch::new();
    let runtime = Runtime::new().expect("a runtime");
    let held = Arc::new(());
    let inside = held.clone();
    let waits = runtime.spawn_on(0, move || async move { drop(inside) }).expect("there is room");
    drop(runtime);
    assert_eq!(Arc::strong_count(&held), 1);
    let ended = Runtime::new().expect("another").play(waits);
    assert!(matches!(ended, Err(JoinError::Cancelled)));
}

#[test]
fn a_dropped_runtime_ends_the_connections_of_all_workers() {
    alone("workers::a_dropped_runtime_ends_the_connections_of_all_workers", || {
        let before = descriptors();
        let runtime = Runtime::builder().workers(Workers::Count(3)).build().expect("a runtime");
        let peers = runtime.play(async {
            let mut peers = Vec::new();
            for worker in 0..3 {
                for _ in 0..10 {
                    let theirs = spawn_on(worker, || async {
                        let (mut ours, theirs) = pair().await;
                        let (mut idle, addr) = listener();
                        drop(spawn(async move { ours.both().0.fill().await.map(|_| ()) }));
                        drop(spawn(async move { idle.accept().await.map(drop) }));
                        turn().await;
                        (theirs, net::TcpStream::connect(addr).expect("backlog"))
                    });
                    peers.push(theirs.expect("there is room").await.expect("no panic"));
                }
            }
            peers
        });
        drop(runtime);
        for (mut theirs, _) in peers {
            assert_eq!(theirs.read(&mut [0]).expect("closed"), 0);
        }
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn workers_that_cannot_be_set_up_end_all_others() {
    alone("workers::workers_that_cannot_be_set_up_end_all_others", || {
        let (before, alone) = (descriptors(), threads());
        let mut of_workers = 0;
        for spare in 0.. {
            let mut hoard = Hoard::new();
            hoard.take(spare);
            let built = Runtime::builder().workers(Workers::Count(4)).build();
            drop(hoard);
            if let Ok(runtime) = built {
                assert_eq!(runtime.workers(), 4);
                assert!(of_workers >= 2, "some were made, and some were not");
                break;
            }
            let told = built.expect_err("no descriptor left");
            match told.get_ref().and_then(|inner| inner.downcast_ref::<WorkerError>()) {
                Some(WorkerError { worker, source, .. }) => {
                    of_workers += 1;
                    assert!((1..4).contains(worker), "{told}");
                    assert!(source.to_string().contains("raise ulimit -n"), "{told}");
                }
                None => {
                    assert!(spare < 2 && told.to_string().contains("raise ulimit -n"), "{told}")
                }
            }
            assert_eq!(descriptors(), before, "nothing is left of it");
            // A thread that was joined is listed for a moment still.
            while threads() != alone {
                std::thread::yield_now();
            }
        }
    });
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("proc is mounted").count()
}

/// A waker that panics where it is woken: on the worker's thread, outside of any task.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("of a waker");
    }
}

#[test]
fn a_worker_that_panics_is_an_error_and_nobody_hangs() {
    let _watch = Watch::new();
    let runtime = Runtime::builder().workers(Workers::Count(2)).build().expect("a runtime");
    runtime.play(async {
        let waits = spawn_on(1, pending::<()>).expect("there is room");
        let breaks = spawn_on(1, || async {
            let (mut ours, mut theirs) = pair().await;
            let waker = Waker::from(Arc::new(Panics));
            {
                let mut filling = std::pin::pin!(ours.both().0.fill());
                assert!(filling.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                theirs.write_all(b"x").expect("written");
            }
            pending::<()>().await;
        });
        let told = breaks.expect("there is room").await.expect_err("its worker panicked");
        assert!(matches!(told, JoinError::Cancelled), "{told}");
        assert!(matches!(waits.await, Err(JoinError::Cancelled)));
        let late = spawn_on(1, || async {}).expect_err("it has ended");
        assert!(matches!(late, SpawnError::Ended(_)), "{late}");
        spawn_on(0, || async {}).expect("this one goes on").await.expect("no panic");
    });
    let told = runtime.shutdown().expect_err("a worker panicked").to_string();
    assert!(told.contains("worker 1") && told.contains("of a waker"), "{told}");
}

#[test]
fn every_worker_listens_on_the_shared_address_and_counts_by_itself() {
    let _watch = Watch::new();
    let runtime = Runtime::builder().workers(Workers::Count(2)).build().expect("a runtime");
    runtime.play(async {
        let (mut first, addr) = listener();
        assert_eq!(first.share().expect("shared").addr(), addr);
        let share = first.share().expect("shared");
        let other = spawn_on(1, move || async move {
            let mut second = share.bind()?;
            assert_eq!(second.local_addr()?, addr);
            drop(spawn(async move {
                while let Ok(stream) = second.accept().await {
                    drop(stream);
                }
            }));
            turn().await;
            std::io::Result::Ok(())
        });
        other.expect("there is room").await.expect("no panic").expect("listens");
        drop(spawn(async move {
            while let Ok(stream) = first.accept().await {
                drop(stream);
            }
        }));
        // The kernel goes by a hash of the addresses: of so many, each has some.
        let clients: Vec<_> =
            (0..64).map(|_| net::TcpStream::connect(addr).expect("accepted")).collect();
        let handle = Handle::current().expect("inside");
        crate::stage::until("all are accepted", || handle.stats().accepted == 64).await;
        let each = [0, 1].map(|worker| handle.stats_of(worker).expect("there").accepted);
        assert!(each.iter().all(|count| *count > 0) && each[0] + each[1] == 64, "{each:?}");
        drop(clients);
    });
    assert_eq!(runtime.stats_of(2).map(|stats| stats.enters), None);
    assert_eq!(runtime.stats().accepted, 64);
}

#[test]
fn an_address_in_use_stays_an_error() {
    run(2, async {
        use tidemill_uring::net::TcpListener;
        let theirs = net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = theirs.local_addr().expect("bound");
        let in_use = |bound: std::io::Result<TcpListener>| {
            assert_eq!(bound.map(drop).expect_err("in use").kind(), ErrorKind::AddrInUse);
        };
        in_use(TcpListener::bind(addr));
        in_use(TcpListener::builder().reuse_port(true).bind(addr));
        // Shared among our workers is not free for a second server, unless it asks to reuse.
        let (first, addr) = listener();
        let share = first.share().expect("shared");
        in_use(TcpListener::bind(addr));
        let second = spawn_on(1, move || async move { share.bind().map(drop) });
        second.expect("there is room").await.expect("no panic").expect("listens");
        TcpListener::builder().reuse_port(true).backlog(4).bind(addr).map(drop).expect("asked");
    });
}
