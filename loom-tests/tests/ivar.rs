//! Models of `Ivar`: its word, and the line of its readers.
#![cfg(loom)]

use std::{boxed::Box, pin::pin, sync::Arc, task::Poll};

use loom::thread;
use tidemill_core::{error::Abandoned, ivar::Ivar};
use tidemill_loom_tests::{Bell, poll};

/// **A reader finds the value whole, or is woken after it was set.**
///
/// Seen to fail with Relaxed in `Word::change` or in `Word::look` (the value is read before it is written), and where `fill` does not look at the line.
#[test]
fn a_reader_finds_the_value_or_is_woken() {
    loom::model(|| {
        let ivar = Arc::new(Ivar::<Box<u32>>::new());
        let fills = thread::spawn({
            let ivar = Arc::clone(&ivar);
            move || assert!(ivar.fill(Box::new(7)).is_ok())
        });
        let (bell, waker) = Bell::new();
        let mut read = pin!(ivar.read());
        match poll(read.as_mut(), &waker) {
            Poll::Ready(end) => assert_eq!(end, Ok(&Box::new(7))),
            Poll::Pending => {
                // Rung or not, another look does no harm.
                let rung = bell.rung();
                let again = poll(read.as_mut(), &waker);
                assert!(
                    rung == 0 || again == Poll::Ready(Ok(&Box::new(7))),
                    "rung before the value was there"
                );
                fills.join().unwrap();
                assert!(again.is_ready() || bell.rung() == 1, "nobody woke the reader");
                assert_eq!(poll(read, &waker), Poll::Ready(Ok(&Box::new(7))));
            }
        }
    });
}

/// **Of two values one is set, the other handed back, and who peeks sees the one that was set.**
///
/// Seen to fail where `fill` does not look whether it has ended (both win).
#[test]
fn one_of_two_values_is_set() {
    loom::model(|| {
        let ivar = Arc::new(Ivar::<u32>::new());
        let fills = thread::spawn({
            let ivar = Arc::clone(&ivar);
            move || ivar.fill(1).is_ok()
        });
        let won = ivar.fill(2).is_ok();
        let seen = ivar.peek().copied();
        if won {
            assert_eq!(seen, Some(2));
        }
        assert_ne!(fills.join().unwrap(), won);
        assert_eq!(ivar.peek(), Some(if won { &2 } else { &1 }));
    });
}

/// **A reader may go while it is being woken, and the one behind it is woken all the same.**
///
/// Seen to fail where a reader that is dropped does not leave the line.
#[test]
fn a_reader_goes_while_the_ivar_is_filled() {
    loom::model(|| {
        let ivar = Arc::new(Ivar::<u32>::new());
        let (bell, waker) = Bell::new();
        let mut goes = Box::pin(ivar.read());
        assert!(poll(goes.as_mut(), &waker).is_pending());
        let mut stays = pin!(ivar.read());
        assert!(poll(stays.as_mut(), &waker).is_pending());
        let fills = thread::spawn({
            let ivar = Arc::clone(&ivar);
            move || assert!(ivar.fill(7).is_ok())
        });
        drop(goes);
        fills.join().unwrap();
        assert!((1..=2).contains(&bell.rung()));
        assert_eq!(poll(stays, &waker), Poll::Ready(Ok(&7)));
    });
}

/// **A reader learns that the Ivar is closed, or is woken to learn it.**
///
/// Seen to fail where `close` does not look at the line (nobody wakes the reader).
#[test]
fn a_reader_finds_it_closed_or_is_woken() {
    loom::model(|| {
        let ivar = Arc::new(Ivar::<u32>::new());
        let closes = thread::spawn({
            let ivar = Arc::clone(&ivar);
            move || ivar.close()
        });
        let (bell, waker) = Bell::new();
        let mut read = pin!(ivar.read());
        if poll(read.as_mut(), &waker).is_pending() {
            closes.join().unwrap();
            assert_eq!(bell.rung(), 1, "nobody woke the reader");
        }
        assert_eq!(poll(read, &waker), Poll::Ready(Err(Abandoned)));
    });
}

/// **Filled or closed, never both: a value that is accepted is there, and a value that is handed back leaves it closed.**
///
/// Seen to fail where `close` does not look, under the lock, whether it has ended.
#[test]
fn filling_and_closing_exclude_each_other() {
    loom::model(|| {
        let ivar = Arc::new(Ivar::<Box<u32>>::new());
        let closes = thread::spawn({
            let ivar = Arc::clone(&ivar);
            move || ivar.close()
        });
        let filled = ivar.fill(Box::new(7)).is_ok();
        closes.join().unwrap();
        let (_bell, waker) = Bell::new();
        let Poll::Ready(end) = poll(pin!(ivar.read()), &waker) else {
            panic!("filled or closed, it is at its end")
        };
        assert_eq!(end.map(|value| **value), if filled { Ok(7) } else { Err(Abandoned) });
    });
}
