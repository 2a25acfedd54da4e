//! Wakes and yields that come from another executor, or from another thread, at the wrong moment.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    thread,
};

use tidemill_core::{
    task::{Attributes, Priority, yield_now},
    wait::Wait,
};
use tidemill_sched::Local;

use crate::{board::Board, everywhere::everywhere};

/// A task that leaves its waker, and counts its turns.
fn counts(
    turns: &Rc<Cell<u32>>,
    slot: &Rc<Cell<Option<Waker>>>,
) -> impl Future<Output = ()> + use<> {
    let (turns, slot) = (turns.clone(), slot.clone());
    poll_fn(move |cx| {
        turns.set(turns.get() + 1);
        slot.set(Some(cx.waker().clone()));
        Poll::Pending
    })
}

#[test]
fn a_yield_for_a_task_of_another_executor_wakes_that_one_and_rings_it() {
    let (far, near) = (Board::default(), Board::default());
    let (other, local) = (Local::new(far.clone()), Local::new(near.clone()));
    let (turns, slot) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(None)));
    drop(other.spawn(counts(&turns, &slot)));
    assert_eq!((other.tick(), turns.get()), (Wait::Forever, 1));
    let waker = slot.take().unwrap();
    let yields = local.spawn(async move {
        let mut yielding = pin!(yield_now());
        let mut cx = Context::from_waker(&waker);
        assert!(yielding.as_mut().poll(&mut cx).is_pending());
        assert!(yielding.as_mut().poll(&mut cx).is_ready());
    });
    assert_eq!(local.tick(), Wait::Forever, "nothing of it is queued here");
    assert!(yields.is_finished());
    assert_eq!((far.rings(), near.rings()), (1, 0), "it sleeps, and has to be told");
    other.tick();
    other.tick();
    assert_eq!(turns.get(), 2);
}

#[test]
fn a_wake_for_a_task_of_another_executor_is_queued_there_though_both_live_on_this_thread() {
    let (far, near) = (Board::default(), Board::default());
    let (other, local) = (Local::new(far.clone()), Local::new(near.clone()));
    let (turns, slot) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(None)));
    drop(other.spawn(counts(&turns, &slot)));
    other.tick();
    let (by_ref, by_value) = (slot.take().unwrap(), Rc::new(Cell::new(None)));
    by_value.set(Some(by_ref.clone()));
    let taken = by_value.clone();
    drop(local.spawn(async move {
        by_ref.wake_by_ref();
        taken.take().unwrap().wake();
    }));
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!((far.rings(), near.rings()), (1, 0));
    assert_eq!(other.tick(), Wait::Poll);
    other.tick();
    assert_eq!(turns.get(), 2, "both wakes together once");
}

#[test]
fn a_task_that_is_woken_at_home_and_elsewhere_has_a_turn_after_both_and_no_more_than_one_for_each()
{
    everywhere(|place| {
        let (turns, slot) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(None::<Waker>)));
        let (count, kept) = (turns.clone(), slot.clone());
        drop(place.spawn(poll_fn(move |cx| {
            count.set(count.get() + 1);
            kept.set(Some(cx.waker().clone()));
            if count.get() == 1 {
                assert!(pin!(yield_now()).poll(cx).is_pending());
            }
            Poll::<()>::Pending
        })));
        let elsewhere = |waker: Waker| {
            let wakes = thread::spawn(move || {
                waker.wake_by_ref();
                waker.wake();
            });
            wakes.join().unwrap();
        };
        while turns.get() == 0 {
            place.one_cycle();
        }
        // It is on its way to the next cycle.
        elsewhere(slot.take().unwrap());
        place.run_all();
        let then = turns.get();
        assert!((2..=3).contains(&then), "{then} turns");
        // It waits.
        elsewhere(slot.take().unwrap());
        place.run_all();
        assert_eq!(turns.get(), then + 1);
        // It is queued, and in the inbox.
        let waker = slot.take().unwrap();
        place.enter(|| waker.wake_by_ref());
        elsewhere(waker);
        place.run_all();
        assert!((then + 2..=then + 3).contains(&turns.get()), "{} turns", turns.get());
        let at_last = turns.get();
        place.run_all();
        assert_eq!((turns.get(), place.live()), (at_last, 1));
    });
}

#[test]
fn a_low_task_that_is_woken_from_elsewhere_stays_low() {
    everywhere(|place| {
        let (turns, slot) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(None)));
        let low = Attributes::new().priority(Priority::Low);
        drop(place.spawn_with(low, counts(&turns, &slot)));
        place.run_all();
        let (waker, seen) = (slot.take().unwrap(), Rc::new(Cell::new(0)));
        thread::spawn(move || waker.wake()).join().unwrap();
        let (before, count) = (seen.clone(), turns.clone());
        // Ready no earlier than the low one, and yet before it.
        drop(place.spawn(async move { before.set(count.get()) }));
        place.run_all();
        assert_eq!((seen.get(), turns.get()), (1, 2));
    });
}
