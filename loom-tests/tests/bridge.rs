//! Models of what goes between threads and tasks: jobs, waits, handles.
#![cfg(loom)]

use std::{
    cell::Cell,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};

use loom::thread;
use tidemill_core::{
    ivar::{self, Ivar},
    sync::{AtomicUsize, Ordering::Relaxed},
};
use tidemill_loom_tests::{Bell, Board, poll};
use tidemill_sched::{
    Local,
    bridge::{HandleError, Job, Packet, read, wait},
};

/// Counts where it is dropped.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// **A job that a thread runs while who asked for it goes: it ran, or its closure was dropped; and either way what it held, or
/// returned, is dropped once. Who called it off before it began knows so.**
///
/// Seen to break it: a `cancel` that looks whether the body is there before it takes it; a `run` that does.
#[test]
fn a_job_ends_while_who_awaits_it_goes() {
    loom::model(|| {
        let (ran, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (runs, counts) = (ran.clone(), Counts(dropped.clone()));
        let (packet, answer) = Packet::new(None, move || {
            runs.fetch_add(1, Relaxed);
            counts
        });
        let packet = Arc::new(packet);
        let helper = thread::spawn({
            let packet = packet.clone();
            move || packet.run()
        });
        // As the drop of an `InThread` does.
        let called_off = packet.cancel();
        drop(answer);
        helper.join().unwrap();
        assert_eq!(ran.load(Relaxed), usize::from(!called_off));
        assert_eq!(dropped.load(Relaxed), 1);
        assert!(!packet.cancel());
    });
}

/// **Who awaits a job that runs is woken when it has ended, or finds its value.**
///
/// Seen to break it: an answer that is dropped instead of filled where the job returned.
#[test]
fn a_job_ends_while_who_awaits_it_looks() {
    loom::model(|| {
        let (packet, answer) = Packet::new(None, || 7);
        let helper = thread::spawn(move || packet.run());
        let mut answer = pin!(answer);
        let (bell, waker) = Bell::new();
        let first = poll(answer.as_mut(), &waker);
        helper.join().unwrap();
        let value = match first {
            Poll::Ready(value) => value,
            Poll::Pending => {
                assert_eq!(bell.rung(), 1, "nobody woke who waits");
                let Poll::Ready(value) = poll(answer, &waker) else { panic!("it has ended") };
                value
            }
        };
        assert!(matches!(value, Ok(Ok(7))));
    });
}

/// **A thread that reads a value returns with it, and not before, whatever else ends its sleep.** (async 155)
///
/// Seen to break it: a sleep that ends with `park` and does not ask whether somebody has woken it (a second poll finds nothing: too
/// early); a wake that ends the sleep before it leaves its mark (the thread sleeps for ever).
#[test]
fn a_thread_waits_for_a_value_while_its_sleep_ends_for_nothing() {
    loom::model(|| {
        let answer = Arc::new(Ivar::new());
        let sleeper = thread::current();
        let fills = thread::spawn({
            let answer = answer.clone();
            move || {
                sleeper.unpark();
                assert!(answer.fill(3).is_ok());
            }
        });
        let (mut value, polls) = (pin!(answer.read()), Cell::new(0));
        let watched = std::future::poll_fn(|cx| {
            polls.set(polls.get() + 1);
            value.as_mut().poll(cx).map(|value| value.copied())
        });
        assert_eq!(wait(watched), Ok(Ok(3)));
        assert!(polls.get() <= 2, "it was polled for nothing");
        fills.join().unwrap();
    });
}

/// **A thread that reads a value whose last filler goes is told.**
///
/// Seen to break it: a `Filler` whose drop does not close the Ivar.
#[test]
fn a_thread_waits_for_a_value_that_is_abandoned() {
    loom::model(|| {
        let (filler, answer) = ivar::channel::<u32>();
        let goes = thread::spawn(move || drop(filler));
        assert!(read(&answer).is_err());
        goes.join().unwrap();
    });
}

/// **A thread has something done on an executor that may go meanwhile: it gets the value, or learns that the executor is gone. It
/// never waits for ever, and what it sent is dropped.**
///
/// Seen to break it: a reading end that does not go with the task of the handle (the thread waits for ever).
#[test]
fn a_thread_asks_an_executor_that_goes() {
    loom::model(|| {
        let local = Local::new(Board::new());
        let handle = local.handle();
        let dropped = Arc::new(AtomicUsize::new(0));
        let asks = thread::spawn({
            let counts = Counts(dropped.clone());
            move || {
                handle.run(move || {
                    let _counts = &counts;
                    7
                })
            }
        });
        let _ = local.tick();
        drop(local);
        let answer = asks.join().unwrap();
        assert!(matches!(answer, Ok(7) | Err(HandleError::Closed)), "{answer:?}");
        assert_eq!(dropped.load(Relaxed), 1);
    });
}

/// **A thread waits for a future on an executor that goes: it gets the value, or learns that the executor is gone.**
///
/// Seen to break it: as above.
#[test]
fn a_thread_waits_for_a_future_of_an_executor_that_goes() {
    loom::model(|| {
        let local = Local::new(Board::new());
        let handle = local.handle();
        let asks = thread::spawn(move || handle.block_on(|| async { 7 }));
        let _ = local.tick();
        let _ = local.tick();
        drop(local);
        let answer = asks.join().unwrap();
        assert!(matches!(answer, Ok(7) | Err(HandleError::Closed)), "{answer:?}");
    });
}

/// **An executor that sleeps is woken by what is asked of it.**
///
/// Seen to break it: as for the inbox of a Home, whose doorbell this rings.
#[test]
fn a_thread_asks_an_executor_that_sleeps() {
    loom::model(|| {
        let board = Board::new();
        let local = Local::new(board.clone());
        let handle = local.handle();
        let (done, is_done) = ivar::once();
        let asks = thread::spawn(move || {
            let asked = handle.post(move || done.fill(7).expect("somebody waits"));
            assert!(asked.is_ok());
        });
        let mut is_done = pin!(is_done);
        let value = local.run_with(is_done.as_mut() as Pin<&mut _>, &mut board.clone());
        assert_eq!(value, Ok(7));
        asks.join().unwrap();
    });
}
