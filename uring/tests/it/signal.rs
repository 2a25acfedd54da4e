//! Signals: as events, and as interruptions that nobody notices.

use std::{
    io::{Read, Write},
    net::Shutdown,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::process::{Signal, getpid, kill_process};
use tidemill_uring::{io::Flow, os::Signals};

use crate::stage::{alone, assert_same, bytes, descriptors, give_up, pair, peer, run};

const SIGUSR1: i32 = 10;
const SIGUSR2: i32 = 12;

fn raise(signal: Signal) {
    kill_process(getpid(), signal).expect("our own process");
}

// io 25
#[test]
fn a_storm_of_signals_disturbs_no_transfer() {
    alone("signal::a_storm_of_signals_disturbs_no_transfer", || {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = seen.clone();
        let ending = Arc::new(AtomicBool::new(false));
        let end = ending.clone();
        signal_hook::flag::register(SIGUSR1, Arc::new(AtomicBool::new(false))).expect("a handler");
        let storm = thread::spawn(move || {
            // ordering: Relaxed, it is a hint to end, and a count.
            while !end.load(Ordering::Relaxed) {
                raise(Signal::USR1);
                count.fetch_add(1, Ordering::Relaxed);
                thread::park_timeout(Duration::from_millis(1));
            }
        });
        run(async {
            let (mut ours, theirs) = pair().await;
            let talking = peer(move || {
                let mut sending = theirs.try_clone().expect("a descriptor");
                let mut theirs = theirs;
                let sender = thread::spawn(move || {
                    for round in 0..400 {
                        sending.write_all(&bytes(round, 100_000)).expect("written");
                        thread::yield_now();
                    }
                    sending.shutdown(Shutdown::Write).expect("shut");
                });
                for round in 0..400 {
                    let mut got = vec![0; 100_000];
                    theirs.read_exact(&mut got).expect("read");
                    assert_same(&got, &bytes(round, 100_000));
                }
                assert_eq!(theirs.read(&mut [0]).expect("an end"), 0);
                sender.join().expect("sent");
            });
            let (reader, writer) = ours.both();
            let copied = Flow::copy(reader, writer).await.expect("no error surfaces");
            assert_eq!(copied, 40_000_000);
            drop(ours);
            talking.await;
            // And while the worker only sleeps.
            for _ in 0..10 {
                tidemill_core::scope::after(Duration::from_millis(3)).await.expect("a clock");
            }
        });
        ending.store(true, Ordering::Relaxed);
        storm.join().expect("the storm ended");
        assert!(seen.load(Ordering::Relaxed) > 10, "there was a storm");
    });
}

#[test]
fn a_signal_is_an_event_of_the_runtime() {
    alone("signal::a_signal_is_an_event_of_the_runtime", || {
        let before = descriptors();
        run(async {
            let mut first = Signals::new(&[SIGUSR1, SIGUSR2]).expect("handlers");
            let mut second = Signals::new(&[SIGUSR2]).expect("a handler");
            assert!(give_up(3, first.recv()).await.is_none(), "nothing was raised");
            raise(Signal::USR1);
            first.recv().await.expect("raised");
            assert!(give_up(3, second.recv()).await.is_none(), "not its signal");
            raise(Signal::USR2);
            first.recv().await.expect("raised");
            second.recv().await.expect("raised for both");
            // From another thread, while the worker sleeps.
            let raising = peer(|| raise(Signal::USR1));
            first.recv().await.expect("raised");
            raising.await;
            assert!(give_up(2, second.recv()).await.is_none());
            raise(Signal::USR2);
            second.recv().await.expect("raised");
        });
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn a_signal_that_cannot_be_caught_is_an_error() {
    alone("signal::a_signal_that_cannot_be_caught_is_an_error", || {
        let before = descriptors();
        run(async {
            const SIGSEGV: i32 = 11;
            for wrong in [9, 19, SIGSEGV, 1000] {
                let made = std::panic::catch_unwind(|| Signals::new(&[wrong]).map(drop));
                assert!(made.is_ok_and(|made| made.is_err()), "signal {wrong}");
            }
        });
        assert_eq!(descriptors(), before);
    });
}
