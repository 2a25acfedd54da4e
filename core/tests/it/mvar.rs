//! `Mvar`: a slot that is full or empty, and two fair lines before it.

use std::{
    mem,
    pin::{Pin, pin},
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    error::MvarFull,
    local,
    lock::{Lock, RawLock, Unlocked},
    share::Mvar,
};

use crate::{
    alloc::allocations,
    bell::{Log, poll},
};

fn waits<F: Future>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(future.as_mut(), waker).is_pending());
    future
}

// async 34
#[test]
fn who_puts_waits_for_room_and_who_takes_for_a_value_both_in_order() {
    let (mvar, log) = (local::Mvar::new_in(), Log::default());
    assert_eq!(mvar.try_take(), None);
    assert_eq!(poll(pin!(mvar.put(1)), Waker::noop()), Poll::Ready(()));
    assert!(mvar.is_full());
    assert_eq!(mvar.try_put(9), Err(MvarFull(9)));
    let (mut two, mut three) =
        (waits(mvar.put(2), &log.bell("put 2")), waits(mvar.put(3), &log.bell("put 3")));
    assert_eq!(mvar.try_take(), Some(1));
    assert_eq!(log.take(), ["put 2"]);
    // The room is on its way to who put first: nobody comes in between.
    assert_eq!(mvar.try_put(9), Err(MvarFull(9)));
    let (mut a, mut b) = (waits(mvar.take(), &log.bell("a")), waits(mvar.take(), &log.bell("b")));
    assert_eq!(poll(two.as_mut(), Waker::noop()), Poll::Ready(()));
    assert_eq!(poll(two.as_mut(), Waker::noop()), Poll::Ready(()));
    assert_eq!(log.take(), ["a"]);
    assert_eq!((mvar.try_take(), mvar.is_full()), (None, false));
    assert_eq!(poll(a.as_mut(), Waker::noop()), Poll::Ready(2));
    assert_eq!(log.take(), ["put 3"]);
    assert_eq!(poll(three.as_mut(), Waker::noop()), Poll::Ready(()));
    assert_eq!(poll(b.as_mut(), Waker::noop()), Poll::Ready(3));
    assert_eq!(format!("{mvar:?}"), "Mvar(<empty>)");
}

#[test]
fn a_value_on_its_way_to_who_is_dropped_goes_to_the_next_and_room_too() {
    let (mvar, log, value) = (local::Mvar::new_in(), Log::default(), Rc::new(()));
    let (first, mut second) =
        (waits(mvar.take(), &log.bell("first")), waits(mvar.take(), &log.bell("second")));
    mvar.try_put(value.clone()).unwrap();
    drop(first);
    assert_eq!(log.take(), ["first", "second"]);
    assert_eq!(poll(second.as_mut(), Waker::noop()), Poll::Ready(value.clone()));
    mvar.try_put(value.clone()).unwrap();
    let (third, mut fourth) = (
        waits(mvar.put(value.clone()), &log.bell("third")),
        waits(mvar.put(value.clone()), &log.bell("fourth")),
    );
    assert!(mvar.try_take().is_some());
    drop(third);
    assert_eq!(log.take(), ["third", "fourth"]);
    assert!(poll(fourth.as_mut(), Waker::noop()).is_ready());
    assert_eq!(Rc::strong_count(&value), 2, "what was not put was dropped with its future");
    drop(fourth);
    drop(second);
    drop(mvar);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn forgotten_waiters_leave_the_slot_sound() {
    let (mvar, log) = (Box::new(local::Mvar::new_in()), Log::default());
    mem::forget(waits(mvar.take(), &log.bell("forgotten")));
    let mvar = *mvar;
    let mut other = waits(mvar.take(), &log.bell("other"));
    mvar.try_put(Box::new(1)).unwrap();
    assert_eq!(log.take(), ["forgotten"]);
    assert!(poll(other.as_mut(), Waker::noop()).is_pending());
}

#[test]
fn putting_and_taking_allocate_nothing() {
    fn whole_life<L: RawLock>() {
        let mvar = Mvar::<u32, L>::new_in();
        let mut take = pin!(mvar.take());
        assert!(poll(take.as_mut(), Waker::noop()).is_pending());
        assert!(poll(pin!(mvar.put(1)), Waker::noop()).is_ready());
        assert_eq!(poll(take, Waker::noop()), Poll::Ready(1));
    }
    assert_eq!(allocations(whole_life::<Lock>), 0);
    assert_eq!(allocations(whole_life::<Unlocked>), 0);
}
