//! Readers that are forgotten in line: their Ivar may move, be filled or die, and nobody else is harmed.

use std::{
    mem,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::{ivar::Ivar, local, lock::RawLock};

use crate::bell::{Log, poll};

/// Has a reader of `ivar` wait for ever.
fn forget_a_reader<T, L: RawLock>(ivar: &Ivar<T, L>, waker: &Waker) {
    let mut read = Box::pin(ivar.read());
    assert!(poll(read.as_mut(), waker).is_pending());
    mem::forget(read);
}

#[test]
fn an_ivar_moves_with_forgotten_readers_and_wakes_them() {
    let log = Log::default();
    let ivar = Box::new(Ivar::new());
    forget_a_reader(&ivar, &log.bell("forgotten first"));
    {
        let mut read = pin!(ivar.read());
        assert!(poll(read.as_mut(), &log.bell("dropped")).is_pending());
        forget_a_reader(&ivar, &log.bell("forgotten last"));
    }
    // Moves out of the box, which is freed: a node that pointed at the list would now point at freed memory.
    let ivar = *ivar;
    let mut read = pin!(ivar.read());
    assert!(poll(read.as_mut(), &log.bell("waiting")).is_pending());
    ivar.fill(Box::new(1)).unwrap();
    assert_eq!(log.take(), ["forgotten first", "forgotten last", "waiting"]);
    assert_eq!(poll(read, Waker::noop()), Poll::Ready(Ok(&Box::new(1))));
}

#[test]
fn an_ivar_dies_with_forgotten_readers() {
    let log = Log::default();
    for filled in [false, true] {
        let ivar = Box::new(local::Ivar::new_in());
        forget_a_reader(&ivar, &log.bell("forgotten"));
        forget_a_reader(&ivar, &log.bell("forgotten"));
        if filled {
            ivar.fill(Box::new(1)).unwrap();
        }
        drop(ivar);
        assert_eq!(log.take().len(), if filled { 2 } else { 0 });
    }
}

#[test]
fn an_ivar_goes_to_another_thread_with_forgotten_readers() {
    let log = Log::default();
    let ivar = local::Ivar::new_in();
    forget_a_reader(&ivar, &log.bell("forgotten"));
    let ivar = std::thread::spawn(move || {
        ivar.fill(1).unwrap();
        ivar
    })
    .join()
    .unwrap();
    assert_eq!((log.take(), ivar.peek()), (vec!["forgotten".to_string()], Some(&1)));
}

#[test]
fn a_full_ivar_that_is_emptied_again_keeps_nobody() {
    let log = Log::default();
    let mut ivar = Ivar::new();
    forget_a_reader(&ivar, &log.bell("forgotten"));
    assert_eq!(ivar.take(), None);
    ivar.fill(1).unwrap();
    assert_eq!((ivar.take(), log.take().len()), (Some(1), 1));
    ivar.fill(2).unwrap();
    assert!(log.take().is_empty());
}
