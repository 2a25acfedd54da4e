//! Roots of a Home in a static, in every build.

use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
};

use tidemill_core::{task::yield_now, task_place, wait::Wait};
use tidemill_sched::{
    Home,
    debug::{DebugScheduler, Order, Virtual},
};

use crate::{
    board::alone,
    fixed::{Leaps, Words},
};

#[test]
fn a_root_whose_run_ends_by_a_panic_is_polled_no_more() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static POLLS: AtomicUsize = AtomicUsize::new(0);
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let never = poll_fn(|cx| {
        cx.waker().wake_by_ref();
        assert!(POLLS.fetch_add(1, SeqCst) == 0, "enough");
        Poll::<()>::Pending
    });
    let run = || local.run_with(pin!(never), &mut Leaps(&local));
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!(POLLS.load(SeqCst), 2);
    let run = || local.run_with(pin!(pending::<()>()), &mut Leaps(&local));
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "nothing is left to wait for");
    while local.tick() == Wait::Poll {}
    assert_eq!(POLLS.load(SeqCst), 2);
    assert_eq!(local.run_with(pin!(async { 4 }), &mut Leaps(&local)), 4);
}

#[test]
fn a_root_that_ends_leaves_the_others_their_turns_for_the_next_cycle() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    async fn busy() {
        loop {
            TURNS.fetch_add(1, SeqCst);
            yield_now().await;
        }
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.start(task_place!(busy), busy).unwrap();
    local.run_with(pin!(async {}), &mut Leaps(&local));
    assert!(TURNS.load(SeqCst) <= 2, "one before the root, and one after it at the most");
}

#[test]
fn a_root_that_has_ended_and_is_queued_still_makes_room_for_the_next() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let _alone = alone();
    let local = HOME.claim().unwrap();
    for round in 0..3 {
        let wakes = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        });
        local.run_with(pin!(wakes), &mut Leaps(&local));
        let waits = async {
            yield_now().await;
            round
        };
        assert_eq!(local.run_with(pin!(waits), &mut Leaps(&local)), round);
    }
    assert!((0..4).any(|_| local.tick() != Wait::Poll), "somebody is queued for ever");
}

#[test]
fn an_old_waker_of_the_root_of_a_closed_home_does_nothing_to_the_tasks_of_another() {
    static FIRST: Home<Virtual> = Home::new(Virtual::new());
    static SECOND: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    static KEPT: Mutex<Option<Waker>> = Mutex::new(None);
    async fn one() {
        WORDS.say("one");
    }
    async fn two() {
        WORDS.say("two");
    }
    let _alone = alone();
    let (one_place, two_place) = (task_place!(one), task_place!(two));
    let first = FIRST.claim().unwrap();
    let keeps = poll_fn(|cx| {
        *KEPT.lock().unwrap() = Some(cx.waker().clone());
        Poll::Ready(())
    });
    first.run_with(pin!(keeps), &mut Leaps(&first));
    // It is in the queue of the first, and never has its turn there.
    first.start(one_place, one).unwrap();
    drop(first);
    let second = SECOND.claim().unwrap();
    second.start(one_place, one).unwrap();
    second.start(two_place, two).unwrap();
    KEPT.lock().unwrap().take().unwrap().wake();
    while second.tick() == Wait::Poll {}
    assert_eq!((WORDS.take(), second.live()), (vec!["one", "two"], 0));
}

#[test]
fn a_root_that_gives_itself_a_turn_has_it_after_the_one_in_which_it_is() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let _alone = alone();
    let scheduler = DebugScheduler::claim(&HOME, Order::Fifo).unwrap();
    let (mut polls, within) = (0, AtomicUsize::new(0));
    let root = poll_fn(|cx| {
        assert_eq!(within.fetch_add(1, SeqCst), 0, "it is polled within its poll");
        polls += 1;
        if polls == 1 {
            cx.waker().wake_by_ref();
            scheduler.run_one();
        }
        within.store(0, SeqCst);
        if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
    });
    scheduler.run_with(pin!(root)).unwrap();
    assert_eq!(polls, 2);
}
