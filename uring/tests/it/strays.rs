//! Strays: errors that nobody answers for end the runtime in order, and `run` returns them.

use std::{
    cell::RefCell,
    future::pending,
    io::{self, ErrorKind, Read},
    net,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tidemill_core::{
    context::{Stray, send_error},
    error::Fault,
    scope::protect,
    task::{Attributes, spawn_with},
};
use tidemill_uring::{
    error::SpawnError,
    runtime::{Builder, Handle, RunError, Runtime, Workers, spawn, spawn_on},
    sim::{Plan, Random, Sim, seeds},
};

use crate::{
    sim_drop::everything_in_flight,
    stage::{Watch, again, alone, descriptors, listener, pair, turn},
};

pub(crate) const BAD: Fault = Fault::Text("bad");

pub(crate) fn several(workers: usize) -> Builder {
    Runtime::builder().workers(Workers::Count(workers))
}

pub(crate) fn ended<T>(run: Result<T, RunError<T>>) -> RunError<T> {
    match run {
        Ok(_) => panic!("it went well"),
        Err(ended) => ended,
    }
}

pub(crate) fn said(strays: &[Stray]) -> Vec<String> {
    strays.iter().map(Stray::to_string).collect()
}

/// What was said, from any thread.
#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn say(&self, word: impl Into<String>) {
        self.0.lock().unwrap().push(word.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Says a word when it is dropped, and whether new work is taken there.
struct Last(Log, &'static str);

impl Drop for Last {
    fn drop(&mut self) {
        let there = match Handle::current().map(|handle| handle.spawn_on(0, || async {})) {
            Ok(Err(SpawnError::Ended(_))) => "ended",
            _ => "taken",
        };
        let here = if spawn(async {}).is_err() { "refused" } else { "taken" };
        self.0.say(format!("{}: {here}, {there}", self.1));
    }
}

#[test]
fn the_tasks_go_newest_first_and_then_the_main_future_and_none_of_them_starts_another() {
    let (_watch, log) = (Watch::new(), Log::default());
    let runtime = Runtime::new().expect("a runtime");
    let told = ended(runtime.run(async {
        let _last = Last(log.clone(), "main");
        for word in ["older", "younger"] {
            let last = Last(log.clone(), word);
            drop(spawn(async move {
                let _last = last;
                pending::<()>().await
            }));
        }
        again().await;
        again().await;
        drop(spawn_with(Attributes::new().name("flush"), async { panic!("of the test") }));
        pending::<()>().await
    }));
    let words = ["younger", "older", "main"].map(|word| format!("{word}: refused, ended"));
    assert_eq!(log.take(), words);
    let first = told.failed.first();
    assert_eq!((first.worker, first.task.and_then(|task| task.name)), (Some(0), Some("flush")));
    let text = told.to_string();
    assert!(text.starts_with("nobody answered for an error: worker 0: task "), "{text}");
    assert!(text.ends_with(" (flush) panicked: of the test"), "{text}");
    assert!(told.output.is_none() && told.failed.others().is_empty());
    assert_eq!(io::Error::from(told).kind(), ErrorKind::Other);
}

#[test]
fn a_runtime_that_has_ended_takes_nothing_and_tells_the_error_again() {
    let _watch = Watch::new();
    let runtime = several(2).build().expect("a runtime");
    let handle = runtime.handle();
    let broken = || send_error(io::Error::from(ErrorKind::BrokenPipe));
    let told = ended(runtime.run(async {
        broken();
        pending::<()>().await
    }));
    assert_eq!(io::Error::from(told).kind(), ErrorKind::BrokenPipe, "the kind is the error's own");
    for worker in 0..2 {
        let late = handle.spawn_on(worker, || async {}).expect_err("it has ended");
        assert!(matches!(late, SpawnError::Ended(_)), "{late}");
    }
    let again = ended(runtime.run(async { panic!("it must not begin") }));
    assert_eq!(again.failed.first().worker, Some(0));
    runtime.shutdown().expect("it was told");
}

/// A worker's share of a server: a connection that is read, one that waits to be accepted, a listener. All their peers.
async fn serve() -> (net::SocketAddr, [net::TcpStream; 2]) {
    let (mut ours, theirs) = pair().await;
    let (mut listening, addr) = listener();
    drop(spawn(async move { ours.both().0.fill().await.map(|_| ()) }));
    drop(spawn(async move {
        let _first = listening.accept().await;
        pending::<()>().await
    }));
    let accepted = net::TcpStream::connect(addr).expect("backlog");
    turn().await;
    let _waits = net::TcpStream::connect(addr).expect("backlog");
    (addr, [theirs, accepted])
}

#[test]
fn an_error_on_one_of_four_workers_closes_listeners_and_connections_of_all() {
    alone(
        "strays::an_error_on_one_of_four_workers_closes_listeners_and_connections_of_all",
        || {
            let before = descriptors();
            let runtime = several(4).build().expect("a runtime");
            let peers = RefCell::new(Vec::new());
            let told = ended(runtime.run(async {
                for worker in 0..4 {
                    let theirs = spawn_on(worker, serve).expect("there is room");
                    let theirs = theirs.await.expect("no panic");
                    peers.borrow_mut().push(theirs);
                }
                let fails = async || {
                    turn().await;
                    panic!("of the test")
                };
                drop(spawn_on(2, fails));
                pending::<()>().await
            }));
            assert_eq!(told.failed.first().worker, Some(2), "{told}");
            assert!(told.failed.others().is_empty(), "{told}");
            for (addr, theirs) in peers.into_inner() {
                let refused = net::TcpStream::connect(addr).expect_err("nobody listens");
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
                for mut peer in theirs {
                    assert_eq!(peer.read(&mut [0]).expect("closed in order"), 0);
                }
            }
            drop(runtime);
            assert_eq!(descriptors(), before);
        },
    );
}

#[test]
fn workers_end_at_an_error_while_nobody_runs_the_first_one() {
    let _watch = Watch::new();
    for how in 0..2 {
        let runtime = several(3).build().expect("a runtime");
        let (handle, held) = (runtime.handle(), Arc::new(()));
        let holds = held.clone();
        drop(runtime.spawn_on(1, move || async move {
            let _holds = holds;
            pending::<()>().await
        }));
        drop(runtime.spawn_on(2, async || send_error(BAD)));
        while Arc::strong_count(&held) > 1 {
            std::thread::yield_now();
        }
        let late = handle.spawn_on(0, || async {}).expect_err("it has ended");
        assert!(matches!(late, SpawnError::Ended(_)), "{late}");
        let text = match how {
            0 => ended(runtime.run(async { panic!("it must not begin") })).to_string(),
            _ => runtime.shutdown().expect_err("it failed").to_string(),
        };
        assert_eq!(text, "nobody answered for an error: worker 2: bad");
    }
}

#[test]
fn errors_that_come_at_the_same_time_and_during_the_end_are_told_with_the_first() {
    struct Worse(u8);
    impl Drop for Worse {
        fn drop(&mut self) {
            send_error(Fault::Code(self.0.into()));
        }
    }
    let _watch = Watch::new();
    let runtime = Runtime::new().expect("a runtime");
    let told = ended(runtime.run(async {
        let worse = Worse(2);
        drop(spawn(async move {
            let _worse = worse;
            pending::<()>().await
        }));
        again().await;
        again().await;
        send_error(BAD);
        send_error(Fault::Code(1));
        let _worse = Worse(3);
        pending::<()>().await
    }));
    assert_eq!(told.failed.first().to_string(), "worker 0: bad");
    let others = ["worker 0: code 1", "worker 0: code 2", "worker 0: code 3"];
    assert_eq!(said(told.failed.others()), others);
    let runtime = Runtime::new().expect("a runtime");
    let told = ended(runtime.run(async {
        (0..100).for_each(|code| send_error(Fault::Code(code)));
        pending::<()>().await
    }));
    assert_eq!((told.failed.others().len(), told.failed.more()), (7, 92));
    assert!(told.to_string().ends_with("; then worker 0: code 7; and 92 more"), "{told}");
}

#[test]
fn the_output_of_a_main_future_that_was_ready_all_the_same_is_handed_back() {
    let _watch = Watch::new();
    let runtime = Runtime::new().expect("a runtime");
    let told = ended(runtime.run(async {
        send_error(BAD);
        7
    }));
    assert_eq!((told.output, told.failed.first().to_string()), (Some(7), "worker 0: bad".into()));
    // One that was ready before has its answer; the error is the next one's.
    let runtime = Runtime::new().expect("a runtime");
    let before = runtime.run(async {
        drop(spawn(async { send_error(BAD) }));
        8
    });
    assert_eq!(before.expect("nothing has failed yet"), 8);
    let told = ended(runtime.run(async {
        again().await;
        again().await;
        pending::<()>().await
    }));
    assert_eq!(told.failed.first().to_string(), "worker 0: bad");
}

#[test]
fn a_handle_dropped_elsewhere_after_its_task_has_panicked_tells_the_runtime_of_the_task() {
    let _watch = Watch::new();
    let runtime = several(2).build().expect("a runtime");
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = ran.clone();
    let handle = runtime.spawn_on(1, move || async move {
        struct Counts(Arc<AtomicUsize>);
        impl Drop for Counts {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let _counts = Counts(counted);
        panic!("of the test")
    });
    let handle: tidemill_uring::runtime::RemoteHandle<()> = handle.expect("there is room");
    while ran.load(SeqCst) == 0 {
        std::thread::yield_now();
    }
    // It is complete when others of its worker have their turn.
    let later = runtime.spawn_on(1, async || ());
    runtime.run(later.expect("there is room")).expect("awaited by us").expect("no panic");
    std::thread::spawn(move || drop(handle)).join().expect("no panic");
    let told = runtime.shutdown().expect_err("nobody asked for that panic").to_string();
    assert!(told.starts_with("nobody answered for an error: worker 1: task "), "{told}");
    assert!(told.ends_with(" panicked: of the test"), "{told}");
}

#[test]
fn what_goes_astray_while_a_runtime_is_shut_down_is_told() {
    let _watch = Watch::new();
    let runtime = Runtime::new().expect("a runtime");
    runtime
        .run(async {
            let protected = protect(pending::<Result<(), Fault>>(), async || Ok(()));
            drop(spawn(protected));
            again().await;
            again().await;
        })
        .expect("nothing has failed yet");
    let told = runtime.shutdown().expect_err("an end was not run").to_string();
    assert!(told.contains("no executor is there to run it"), "{told}");
}

#[test]
fn an_error_at_any_point_ends_everything_in_flight_on_a_simulated_ring() {
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::new(seed, plan);
            let told = sim.try_run(async {
                drop(spawn(everything_in_flight(sim.net(), seed)));
                for _ in 0..Random::new(seed).below(60) {
                    turn().await;
                }
                send_error(BAD);
                pending::<()>().await
            });
            assert_eq!(ended(told).failed.first().to_string(), "worker 0: bad");
            sim.stop();
        }
    });
}
