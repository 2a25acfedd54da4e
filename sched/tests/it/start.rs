//! Tasks that are started without a handle, and the places in which they stand, in every build.

use std::{
    cell::Cell,
    future::{Pending, pending, poll_fn},
    mem::needs_drop,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};

use tidemill_core::{task::yield_now, task_place, wait::Wait};
use tidemill_sched::{Home, Local, debug::Virtual};

use crate::{
    board::alone,
    fixed::{Words, forever},
};

/// Says its word when it is dropped.
struct Says(&'static Words, &'static str);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

fn settle(local: &Local<Virtual>) {
    while local.tick() == Wait::Poll {}
}

#[test]
fn what_is_started_runs_to_its_end_and_gives_its_place_back() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn speaks(word: &'static str) -> Says {
        WORDS.say("begins");
        yield_now().await;
        Says(&WORDS, word)
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let start = |word| local.start(task_place!(speaks), move || speaks(word));
    assert!(start("first").is_ok());
    assert_eq!(local.live(), 1);
    assert!(WORDS.take().is_empty(), "it has its first turn in the next cycle");
    settle(&local);
    assert_eq!(WORDS.take(), ["begins", "first"], "nobody wants its output");
    assert_eq!(local.live(), 0);
    assert!(start("second").is_ok());
    settle(&local);
    assert_eq!(WORDS.take(), ["begins", "second"]);
}

#[test]
fn what_finds_its_place_taken_is_dropped_and_who_stands_there_goes_on() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn holds(says: Says) {
        let _says = says;
        forever().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let start = |word| local.start(task_place!(holds), move || holds(Says(&WORDS, word)));
    assert!(start("first").is_ok());
    for _ in 0..2 {
        assert!(start("second").is_err());
        assert_eq!(WORDS.take(), ["second"]);
        settle(&local);
    }
    assert_eq!(local.live(), 1);
    drop(local);
    assert_eq!(WORDS.take(), ["first"]);
}

#[test]
fn what_makes_the_future_may_start_and_run_others() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    async fn counts() {
        TURNS.fetch_add(1, SeqCst);
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let outer = task_place!(counts);
    let tried = Cell::new(false);
    let started = local.start(outer, || {
        // The place is not taken yet: what is made in it has not begun.
        tried.set(local.start(outer, counts).is_ok());
        settle(&local);
        counts()
    });
    assert!(started.is_ok() && tried.get());
    assert_eq!(TURNS.load(SeqCst), 1);
    settle(&local);
    assert_eq!((TURNS.load(SeqCst), local.live()), (2, 0));
}

#[test]
fn a_place_goes_from_home_to_home_and_each_knows_its_own_tasks() {
    static FIRST: Home<Virtual> = Home::new(Virtual::new());
    static SECOND: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn left(says: Says) {
        let _says = says;
        forever().await;
    }
    async fn right(says: Says) {
        let _says = says;
        forever().await;
    }
    async fn brief() {}
    let _alone = alone();
    let (first, second) = (FIRST.claim().unwrap(), SECOND.claim().unwrap());
    let (left_place, right_place, brief_place) =
        (task_place!(left), task_place!(right), task_place!(brief));
    let names =
        |local: &Local<Virtual>| local.tasks().map(|task| task.name.unwrap()).collect::<Vec<_>>();
    first.start(brief_place, brief).unwrap();
    second.start(left_place, || left(Says(&WORDS, "left of the second"))).unwrap();
    first.start(right_place, || right(Says(&WORDS, "right of the first"))).unwrap();
    assert_eq!((names(&first), names(&second)), (vec!["brief", "right"], vec!["left"]));
    settle(&first);
    settle(&second);
    assert_eq!((first.live(), second.live()), (1, 1));
    second.start(brief_place, brief).unwrap();
    assert_eq!((first.live(), second.live()), (1, 2));
    drop(second);
    assert_eq!(WORDS.take(), ["left of the second"]);
    first.start(brief_place, brief).unwrap();
    first.start(left_place, || left(Says(&WORDS, "left of the first"))).unwrap();
    settle(&first);
    let mut found = names(&first);
    found.sort_unstable();
    assert_eq!(found, ["left", "right"]);
    drop(first);
    let mut words = WORDS.take();
    words.sort_unstable();
    assert_eq!(words, ["left of the first", "right of the first"]);
}

// With `alloc` a waker keeps the place.
#[cfg(not(feature = "alloc"))]
#[test]
fn a_waker_of_one_that_has_ended_keeps_neither_its_place_nor_another_home_from_it() {
    static FIRST: Home<Virtual> = Home::new(Virtual::new());
    static SECOND: Home<Virtual> = Home::new(Virtual::new());
    static KEPT: std::sync::Mutex<Option<std::task::Waker>> = std::sync::Mutex::new(None);
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    async fn leaves(ends: bool) {
        poll_fn(|cx| {
            TURNS.fetch_add(1, SeqCst);
            *KEPT.lock().unwrap() = Some(cx.waker().clone());
            if ends { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    let take = || KEPT.lock().unwrap().take().unwrap();
    let _alone = alone();
    let (first, second) = (FIRST.claim().unwrap(), SECOND.claim().unwrap());
    let place = task_place!(leaves);
    first.start(place, || leaves(true)).unwrap();
    settle(&first);
    take().wake();
    assert_eq!(first.tick(), Wait::Forever);
    // Cancelled, and let go with its Home, while its waker is elsewhere.
    first.start(place, || leaves(false)).unwrap();
    settle(&first);
    let old = take();
    drop(first);
    old.wake_by_ref();
    assert_eq!(TURNS.load(SeqCst), 2);
    second.start(place, || leaves(false)).unwrap();
    old.wake();
    settle(&second);
    assert_eq!((TURNS.load(SeqCst), second.live()), (3, 1));
    take().wake();
    settle(&second);
    assert_eq!(TURNS.load(SeqCst), 4, "its own waker wakes it");
    drop(take());
}

#[test]
fn one_that_ends_with_a_wake_under_way_gives_its_place_back_in_the_next_turn() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    async fn wakes_itself() {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    for _ in 0..3 {
        local.start(task_place!(wakes_itself), wakes_itself).unwrap();
        settle(&local);
        assert_eq!(local.live(), 0);
    }
    // Gone before that turn comes: the next Home has the place.
    static NEXT: Home<Virtual> = Home::new(Virtual::new());
    static AFTER: Home<Virtual> = Home::new(Virtual::new());
    let next = NEXT.claim().unwrap();
    let place = task_place!(wakes_itself);
    next.set_budget(1);
    next.start(place, wakes_itself).unwrap();
    let _ = next.tick();
    drop(next);
    let after = AFTER.claim().unwrap();
    after.start(place, wakes_itself).unwrap();
    settle(&after);
    assert_eq!(after.live(), 0);
}

#[test]
fn what_has_nothing_to_drop_has_a_name_too() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    fn stays() -> Pending<()> {
        pending()
    }
    const { assert!(!needs_drop::<Pending<()>>()) };
    let _alone = alone();
    let local = HOME.claim().unwrap();
    assert!(local.start(task_place!(stays), stays).is_ok());
    assert_eq!(local.tasks().next().unwrap().name, Some("stays"));
}
