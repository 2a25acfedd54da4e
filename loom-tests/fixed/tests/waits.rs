//! Models of waits for signals and channels in statics: a thread stands for an interrupt or another executor, a lock for the mask that keeps it out.
#![cfg(loom)]

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Wake, Waker},
};

use loom::thread;
use tidemill_core::{
    share::{Channel, Signal},
    shared_static,
    sync::{AtomicUsize, Ordering::Relaxed},
};
use tidemill_loom_fixed::{Board, Sleep};
use tidemill_sched::{Home, Local};

shared_static!(static HOME: Home<Board> = Home::new(Board::new()));
shared_static!(static SIGNAL: Signal<usize> = Signal::new());
shared_static!(static CHANNEL: Channel<usize, 1> = Channel::new());

fn local() -> Local<Board> {
    let home: &'static Home<Board> = &HOME;
    home.claim().unwrap()
}

fn signal() -> &'static Signal<usize> {
    &SIGNAL
}

fn channel() -> &'static Channel<usize, 1> {
    &CHANNEL
}

/// **A task that begins to wait as something is sent has it, whether its executor is about to sleep or not; and what is sent last is what it has.**
///
/// Seen to break it: a `look_as` that becomes the guest in another step than it looks; a `come` that wakes nobody, or a `finish` that forgets to ring.
#[test]
fn a_task_begins_to_wait_as_something_is_sent() {
    loom::model(|| {
        let local = local();
        let sends = thread::spawn(|| {
            signal().send(1);
            signal().send(2);
        });
        let mut last = 0;
        let root = async {
            while last < 2 {
                last = signal().wait().await;
            }
        };
        local.run_with(pin!(root), &mut Sleep(HOME.hooks()));
        sends.join().unwrap();
        assert_eq!((last, signal().try_take()), (2, None));
    });
}

/// **A waker of another executor is woken for what was sent as it was left, once, and outside of the mask.**
///
/// Seen to break it: a `finish` that forgets OTHER; a `wake_other` that leaves the waker there.
#[test]
fn another_waker_is_left_as_something_is_sent() {
    loom::model(|| {
        let sends = thread::spawn(|| signal().send(7));
        let (bell, waker) = bell();
        let mut wait = pin!(signal().wait());
        let first = wait.as_mut().poll(&mut Context::from_waker(&waker));
        sends.join().unwrap();
        if first.is_pending() {
            assert_eq!(bell.0.load(Relaxed), 1, "the wake was lost");
            assert_eq!(wait.poll(&mut Context::from_waker(&waker)), Poll::Ready(7));
        }
    });
}

/// **Values come through a channel of one in order, each once, where an interrupt sends and a task receives.**
///
/// Seen to break it: a `Hatch` that tells nobody, or becomes the guest in another step than it looks.
#[test]
fn a_task_receives_what_is_sent_from_elsewhere() {
    loom::model(|| {
        let local = local();
        let sends = thread::spawn(|| {
            let (bell, waker) = bell();
            for value in 1..=2 {
                let mut send = pin!(channel().send(value));
                let mut rings = bell.0.load(Relaxed);
                while send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                    while bell.0.load(Relaxed) == rings {
                        thread::yield_now();
                    }
                    rings += 1;
                }
            }
        });
        let root = async { (channel().receive().await, channel().receive().await) };
        assert_eq!(local.run_with(pin!(root), &mut Sleep(HOME.hooks())), (1, 2));
        sends.join().unwrap();
    });
}

/// **Where a task and another executor wait at one signal, each is told when the other takes its place, or when it comes: whoever has not got it can wait for the next.**
///
/// Seen to break it: a `follow_by` that forgets the task that waited; a `look_as` that forgets who waited.
#[test]
fn two_begin_to_wait_as_something_is_sent() {
    loom::model(|| {
        let local = local();
        let (bell, waker) = bell();
        let looks = thread::spawn(move || {
            let mut wait = pin!(signal().wait());
            let found = wait.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(value) = found {
                signal().send(value);
            }
            found.is_pending()
        });
        let sends = thread::spawn(|| signal().send(1));
        assert_eq!(local.run_with(pin!(signal().wait()), &mut Sleep(HOME.hooks())), 1);
        sends.join().unwrap();
        if looks.join().unwrap() {
            signal().send(2);
            assert!(bell.0.load(Relaxed) > 0, "he was forgotten");
        }
    });
}

/// **A waker that is on its way to be woken as another takes its place is woken, and the other is too, now or by what comes next.**
///
/// Seen to break it: a `follow_by` that drops the waker which it finds.
#[test]
fn another_waker_is_left_before_the_last_one_is_woken() {
    loom::model(|| {
        let ((first, one), (second, other)) = (bell(), bell());
        let mut wait = pin!(signal().wait());
        assert!(wait.as_mut().poll(&mut Context::from_waker(&one)).is_pending());
        let sends = thread::spawn(|| signal().send(1));
        let taken = signal().try_take();
        let left = wait.poll(&mut Context::from_waker(&other));
        sends.join().unwrap();
        assert_eq!(first.0.load(Relaxed), 1, "the wake was lost");
        if left.is_pending() {
            signal().send(2);
            assert!(second.0.load(Relaxed) > 0, "the next one was forgotten");
        } else {
            assert_eq!((taken, second.0.load(Relaxed)), (None, 0));
        }
    });
}

/// Counts its wakes.
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn bell() -> (std::sync::Arc<Bell>, Waker) {
    let bell = std::sync::Arc::new(Bell(AtomicUsize::new(0)));
    (bell.clone(), Waker::from(bell))
}
