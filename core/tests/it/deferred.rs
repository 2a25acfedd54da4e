//! `Filler`, `Deferred` and `Once`: two ends of an Ivar, of which the writing one is counted.

use std::{
    cell::Cell,
    future::IntoFuture,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::{Arc, Barrier},
    task::{Poll, Waker},
    thread,
};

use tidemill_core::{
    error::{Abandoned, Filled},
    ivar::{self, Deferred, Filler, Ivar, Once, OnceFiller},
    local,
    lock::{Lock, RawLock, Unlocked},
};

use crate::{
    alloc::allocations,
    bell::{Event, Log, hooked, poll},
};

// async 1, 2
#[test]
fn of_several_fillers_one_fills_and_the_others_get_their_value_back() {
    let (filler, deferred) = ivar::channel();
    let other = filler.clone();
    assert!(!filler.is_full() && !deferred.is_full());
    assert_eq!(filler.fill(1), Ok(()));
    assert_eq!((other.is_full(), other.fill(2)), (true, Err(Filled(2))));
    assert_eq!((deferred.peek(), deferred.clone().peek()), (Some(&1), Some(&1)));
}

#[test]
fn readers_are_told_when_the_last_filler_goes_and_not_before() {
    let ((filler, deferred), log) = (ivar::channel::<u32>(), Log::default());
    let mut read = pin!(deferred.read());
    assert!(poll(read.as_mut(), &log.bell("told")).is_pending());
    let fillers: Vec<_> = (0..5).map(|_| filler.clone()).collect();
    drop(filler);
    for filler in fillers {
        assert!(log.take().is_empty(), "one is left");
        drop(filler.clone());
    }
    assert_eq!(log.take(), ["told"]);
    assert_eq!(poll(read, Waker::noop()), Poll::Ready(Err(Abandoned)));
    let value = pin!(deferred.clone().into_future());
    assert_eq!(poll(value, Waker::noop()), Poll::Ready(Err(Abandoned)));
}

#[test]
fn a_filler_that_stays_keeps_readers_waiting() {
    let ((filler, deferred), log) = (ivar::channel(), Log::default());
    let mut read = pin!(deferred.read());
    assert!(poll(read.as_mut(), &log.bell("told")).is_pending());
    drop(filler.clone());
    assert!(log.take().is_empty());
    filler.fill(7).unwrap();
    assert_eq!(log.take(), ["told"]);
    assert_eq!(poll(read, Waker::noop()), Poll::Ready(Ok(&7)));
}

#[test]
fn a_value_stays_when_the_fillers_go() {
    let (filler, deferred) = ivar::channel();
    let other = filler.clone();
    filler.fill(7).unwrap();
    drop(other);
    assert_eq!(poll(pin!((&deferred).into_future()), Waker::noop()), Poll::Ready(Ok(&7)));
    assert_eq!(poll(pin!(deferred.into_future()), Waker::noop()), Poll::Ready(Ok(7)));
}

#[test]
fn a_static_ivar_is_split_once_and_its_fillers_counted() {
    static IVAR: Ivar<u32> = Ivar::new();
    let (filler, deferred) = IVAR.split().unwrap();
    assert!(IVAR.split().is_none() && IVAR.split().is_none());
    let (other, mut read) = (filler.clone(), pin!(deferred.into_future()));
    assert!(poll(read.as_mut(), Waker::noop()).is_pending());
    drop(filler);
    assert!(poll(read.as_mut(), Waker::noop()).is_pending());
    drop(other);
    assert_eq!(poll(read, Waker::noop()), Poll::Ready(Err(Abandoned)));
    assert_eq!(IVAR.fill(1), Err(Filled(1)));
}

#[test]
fn awaited_by_value_it_outlives_every_other_share() {
    let (value, log) = (Rc::new(()), Log::default());
    let (filler, deferred) = ivar::channel_in::<_, Unlocked>();
    // It is moved after it was made, and before it is polled.
    let mut waits = Box::pin(deferred.clone().into_future());
    drop(deferred);
    assert!(poll(waits.as_mut(), &log.bell("woken")).is_pending());
    filler.fill(value.clone()).unwrap();
    assert_eq!(log.take(), ["woken"]);
    assert_eq!(poll(waits.as_mut(), Waker::noop()), Poll::Ready(Ok(value.clone())));
    assert_eq!(Rc::strong_count(&value), 2);
    drop(waits);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_wait_by_value_that_is_dropped_or_forgotten_harms_nobody() {
    let ((filler, deferred), log) = (ivar::channel(), Log::default());
    let mut dropped = Box::pin(deferred.clone().into_future());
    let mut forgotten = Box::pin(deferred.clone().into_future());
    assert!(poll(dropped.as_mut(), &log.bell("dropped")).is_pending());
    assert!(poll(forgotten.as_mut(), &log.bell("forgotten")).is_pending());
    drop(dropped);
    mem::forget(forgotten);
    drop(deferred);
    filler.fill(1).unwrap();
    assert_eq!(log.take(), ["forgotten"]);
}

// async 16
#[test]
fn never_stays_pending_and_a_million_waiters_leave_nothing_behind() {
    assert_eq!(Deferred::ready(1).peek(), Some(&1));
    let never = Deferred::<u32>::never();
    for _ in 0..1_000_000 {
        assert!(poll(pin!(never.read()), Waker::noop()).is_pending());
    }
    assert!(!never.has_readers());
    // Each of its own: its share goes with the wait.
    for _ in 0..1_000_000 {
        let mut waits = pin!(Deferred::<u32>::never().into_future());
        assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
        assert!(poll(waits, Waker::noop()).is_pending());
    }
}

// async 33
#[test]
fn every_reader_of_one_result_gets_its_error() {
    let (filler, deferred) = ivar::channel::<Result<u32, &str>>();
    let ran = Cell::new(0);
    let body = || {
        ran.set(ran.get() + 1);
        Err("it failed")
    };
    filler.fill(body()).unwrap();
    for _ in 0..3 {
        let waits = pin!(deferred.clone().into_future());
        assert_eq!(poll(waits, Waker::noop()), Poll::Ready(Ok(Err("it failed"))));
    }
    assert_eq!(ran.get(), 1);
}

#[test]
fn a_once_moves_the_value_out() {
    let ((filler, once), log) = (ivar::once::<Box<u32>>(), Log::default());
    let mut once = Box::pin(once);
    assert!(poll(once.as_mut(), &log.bell("woken")).is_pending());
    assert_eq!(filler.fill(Box::new(7)), Ok(()));
    assert_eq!((log.take(), once.is_full()), (vec!["woken".to_string()], true));
    assert_eq!(poll(once.as_mut(), Waker::noop()), Poll::Ready(Ok(Box::new(7))));
    assert_eq!(poll(once.as_mut(), Waker::noop()), Poll::Ready(Err(Abandoned)));
}

#[test]
fn a_once_that_goes_hands_the_value_back_or_drops_it() {
    let ((filler, once), value) = (ivar::once_in::<_, Unlocked>(), Rc::new(()));
    drop(once);
    assert_eq!(
        filler.fill(value.clone()).map_err(|Filled(value)| Rc::strong_count(&value)),
        Err(2)
    );

    let (filler, once) = ivar::once_in::<_, Unlocked>();
    filler.fill(value.clone()).unwrap();
    drop(once);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_once_that_is_abandoned_says_so() {
    let ((filler, once), log) = (ivar::once::<u32>(), Log::default());
    let mut once = Box::pin(once);
    assert!(poll(once.as_mut(), &log.bell("told")).is_pending());
    drop(filler);
    assert_eq!(log.take(), ["told"]);
    assert_eq!(poll(once.as_mut(), Waker::noop()), Poll::Ready(Err(Abandoned)));
}

#[test]
fn ends_are_entered_from_the_wakers_and_values_of_their_readers() {
    static IVAR: Ivar<Meddler> = Ivar::new();
    thread_local!(static WOKEN: Cell<usize> = const { Cell::new(0) });
    struct Meddler;
    impl Drop for Meddler {
        fn drop(&mut self) {
            assert!(IVAR.peek().is_some());
            WOKEN.set(WOKEN.get() + 1);
        }
    }
    fn again(event: Event) {
        if event == Event::Wake {
            WOKEN.set(WOKEN.get() + 1);
            // The last filler is dropped under way: it fills, and counts.
            assert!(IVAR.split().is_none() && IVAR.fill(Meddler).is_err());
            let _ = poll(pin!(IVAR.read()), &hooked(again));
        }
    }
    let (filler, deferred) = IVAR.split().unwrap();
    let (mut one, mut two) = (pin!(deferred.read()), pin!(deferred.read()));
    assert!(poll(one.as_mut(), &hooked(again)).is_pending());
    assert!(poll(two.as_mut(), &hooked(again)).is_pending());
    assert!(filler.fill(Meddler).is_ok());
    assert_eq!(WOKEN.get(), 4);
}

#[test]
fn ends_are_sent_where_their_value_may_be() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<(Filler<u8>, Deferred<u8>, OnceFiller<Cell<u8>>, Once<Cell<u8>>)>();
    sync::<(Filler<u8>, Deferred<u8>)>();
    // Of one thread they hold what is not sent at all.
    fn exists<T>() {}
    exists::<(local::Filler<Rc<u8>>, local::Deferred<Rc<u8>>, local::Once<Rc<u8>>)>();
}

#[test]
fn only_making_the_ends_allocates() {
    fn whole_life<L: RawLock>() {
        let (filler, deferred) = ivar::channel_in::<_, L>();
        let (mut read, mut value) = (pin!(deferred.read()), pin!(deferred.clone().into_future()));
        assert!(poll(read.as_mut(), Waker::noop()).is_pending());
        assert!(poll(value.as_mut(), Waker::noop()).is_pending());
        filler.clone().fill(1).unwrap();
        assert!(poll(read, Waker::noop()).is_ready() && poll(value, Waker::noop()).is_ready());
    }
    assert_eq!(allocations(whole_life::<Lock>), 1);
    assert_eq!(allocations(whole_life::<Unlocked>), 1);
    assert_eq!(
        allocations(|| {
            let (filler, once) = ivar::once();
            filler.fill(1).unwrap();
            assert!(poll(pin!(once), Waker::noop()).is_ready());
        }),
        1
    );
}

#[test]
fn many_threads_fill_or_go_and_every_reader_learns_it() {
    for round in 0..200 {
        let ((filler, deferred), start) = (ivar::channel(), Barrier::new(4));
        thread::scope(|scope| {
            for n in 0..3 {
                let (filler, start) = (filler.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    if round % 2 == 0 {
                        let _ = filler.fill(n);
                    }
                });
            }
            drop(filler);
            start.wait();
            let mut waits = pin!(deferred.into_future());
            let end = loop {
                match poll(waits.as_mut(), Waker::noop()) {
                    Poll::Ready(end) => break end,
                    Poll::Pending => thread::yield_now(),
                }
            };
            assert_eq!(end.is_ok(), round % 2 == 0);
        });
    }
}

#[test]
fn a_panic_in_the_clone_of_a_value_leaves_it_to_be_read_again() {
    struct Panics(Arc<()>);
    impl Clone for Panics {
        fn clone(&self) -> Self {
            assert!(Arc::strong_count(&self.0) > 1, "a clone that panics");
            Self(self.0.clone())
        }
    }
    let value = Arc::new(());
    let deferred = Deferred::ready(Panics(value.clone()));
    let mut waits = pin!(deferred.clone().into_future());
    drop(value);
    let polled = catch_unwind(AssertUnwindSafe(|| poll(waits.as_mut(), Waker::noop()).is_ready()));
    assert!(polled.is_err() && deferred.is_full());
}
