//! Models of `Signal` and `Channel`: what is sent as somebody begins to wait for it.
#![cfg(loom)]

use std::{pin::pin, sync::Arc, task::Poll};

use loom::thread;
use tidemill_core::share::{Channel, Signal};
use tidemill_loom_tests::{Bell, poll};

/// **Who begins to wait as something is sent has it, or is woken for it.**
///
/// Seen to fail where the waker is left in another step than the look; where a clone of the waker is put there without a second look.
#[test]
fn a_wait_beside_a_send() {
    loom::model(|| {
        let signal = Arc::new(Signal::new());
        let sends = thread::spawn({
            let signal = Arc::clone(&signal);
            move || signal.send(7)
        });
        let (bell, waker) = Bell::new();
        let mut wait = pin!(signal.wait());
        let first = poll(wait.as_mut(), &waker);
        sends.join().unwrap();
        if first.is_pending() {
            assert_eq!(bell.rung(), 1, "the wake was lost");
            assert_eq!(poll(wait, &waker), Poll::Ready(7));
        }
        assert_eq!(signal.try_take(), None, "it was there twice");
    });
}

/// **A value that is sent through a full channel as room is made goes through, and each side is told.**
///
/// Seen to fail where `receive` tells nobody; where `send` tells its own side.
#[test]
fn a_send_beside_a_receive() {
    loom::model(|| {
        let channel = Arc::new(Channel::<u8, 1>::new());
        assert!(channel.try_send(1).is_ok());
        let receives = thread::spawn({
            let channel = Arc::clone(&channel);
            move || channel.try_receive()
        });
        let (bell, waker) = Bell::new();
        let mut send = pin!(channel.send(2));
        let first = poll(send.as_mut(), &waker);
        assert_eq!(receives.join().unwrap(), Some(1));
        if first.is_pending() {
            assert_eq!(bell.rung(), 1, "the room was lost");
            assert!(poll(send, &waker).is_ready());
        }
        assert_eq!(channel.try_receive(), Some(2));
    });
}
