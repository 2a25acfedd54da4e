//! The cycle: timers beside busy tasks, its end on demand, its counts, and whom it tells that it took long.

use std::{cell::Cell, future::poll_fn, panic, pin::pin, rc::Rc, task::Poll, time::Duration};

use tidemill_core::{
    clock::{Clock, Instant},
    error::JoinError,
    scope::after,
    task::{Attributes, Priority, yield_now},
    wait::Wait,
};
use tidemill_sched::{
    Local,
    debug::{DebugScheduler, Order},
    spawn,
};

use crate::{
    board::{Board, Log},
    everywhere::everywhere,
};

const LOW: Attributes = Attributes::new().priority(Priority::Low);

/// Takes a turn whenever there is one, as long as `more` says so.
async fn busy(more: impl Fn() -> bool) {
    poll_fn(|cx| {
        if !more() {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

// async 54
#[test]
fn a_timer_that_is_due_fires_however_busy_a_task_is() {
    everywhere(|place| {
        let turns = Rc::new(Cell::new(0));
        let (count, seen) = (turns.clone(), turns.clone());
        drop(place.spawn(busy(move || count.replace(count.get() + 1) < 100_000)));
        let begun = Rc::new(Cell::new(false));
        let beginning = begun.clone();
        let timer = place.spawn(async move {
            beginning.set(true);
            after(Duration::from_millis(1)).await.unwrap();
            seen.get()
        });
        while !begun.get() {
            place.one_cycle();
        }
        let before = turns.get();
        place.hooks().clock().advance(Duration::from_millis(1));
        let fired = place.run_with(pin!(timer)).unwrap();
        assert!(fired - before <= 512, "after {} turns of the other", fired - before);
    });
}

// async 53
#[test]
fn running_until_now_runs_chains_of_timers_that_are_due_and_leaves_what_is_not() {
    everywhere(|place| {
        let links = Rc::new(Cell::new(0));
        let count = links.clone();
        drop(place.spawn(async move {
            for _ in 0..10 {
                after(Duration::ZERO).await.unwrap();
                count.set(count.get() + 1);
            }
        }));
        let tomorrow = place.spawn(after(Duration::from_secs(86_400)));
        place.run_until(place.hooks().now());
        assert_eq!((links.get(), tomorrow.is_finished()), (10, false));
        assert_eq!(place.hooks().now(), Instant::ORIGIN);
        place.run_all();
        assert!(tomorrow.is_finished());
        assert_eq!(place.hooks().now(), Instant::ORIGIN + Duration::from_secs(86_400));
    });
}

// async 58
#[test]
fn a_task_that_panics_stops_nobody_else() {
    everywhere(|place| {
        let log = Log::default();
        let handles = [1, 2, 3].map(|number| {
            let say = log.clone();
            place.spawn(async move {
                if number == 2 {
                    panic::resume_unwind(Box::new("on purpose"));
                }
                say.say(number.to_string());
            })
        });
        place.one_cycle();
        place.run_all();
        let mut words = log.take();
        words.sort();
        assert_eq!(words, ["1", "3"]);
        let [first, second, third] = handles;
        assert!(first.is_finished() && third.is_finished());
        let told = place.run_with(pin!(second));
        assert!(matches!(told, Err(JoinError::Panicked(_))));
    });
}

// async 61
#[test]
fn a_task_that_only_yields_holds_up_no_timer() {
    everywhere(|place| {
        let home = place.shared();
        drop(place.spawn(async move {
            loop {
                home.hooks().clock().advance(Duration::from_micros(1));
                yield_now().await;
            }
        }));
        let home = place.shared();
        let timer = place.spawn(async move {
            let begun = home.hooks().now();
            after(Duration::from_millis(1)).await.unwrap();
            home.hooks().now() - begun
        });
        let took = place.run_with(pin!(timer)).unwrap();
        let bounds = Duration::from_millis(1)..Duration::from_micros(1050);
        assert!(bounds.contains(&took), "{took:?}");
    });
}

// async 64
#[test]
fn what_a_task_holds_goes_when_it_ends_and_not_when_its_place_is_used_again() {
    everywhere(|place| {
        let held = Rc::new(());
        let (mut inner, seen) = (Some(held.clone()), Rc::new(Cell::new(0)));
        let first = place.spawn(poll_fn(move |_| {
            // It stands in the future to the end.
            assert!(inner.as_mut().is_some());
            Poll::Ready(())
        }));
        let (count, watched) = (seen.clone(), held.clone());
        drop(place.spawn_with(LOW, async move { count.set(Rc::strong_count(&watched)) }));
        place.run_all();
        assert!(first.is_finished());
        assert_eq!(seen.get(), 2, "ours, and that of who looked, after the turn of the first");
    });
}

// async 67
#[test]
fn the_counts_of_cycles_and_turns_only_grow_and_miss_none() {
    everywhere(|place| {
        let turns = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let count = turns.clone();
            drop(place.spawn(async move {
                for _ in 0..20 {
                    count.set(count.get() + 1);
                    yield_now().await;
                }
                count.set(count.get() + 1);
            }));
        }
        let mut before = place.stats();
        assert_eq!((before.cycles, before.turns), (0, 0));
        while place.live() > 0 {
            place.one_cycle();
            let stats = place.stats();
            assert!(stats.cycles > before.cycles && stats.turns >= before.turns);
            assert_eq!(stats.turns, turns.get());
            before = stats;
        }
        assert_eq!(before.turns, 63);
    });
}

// async 63
#[test]
fn a_cycle_that_takes_long_is_told_once_with_how_long_it_took() {
    thread_local!(static TOLD: Cell<Vec<Duration>> = const { Cell::new(Vec::new()) });
    let board = Board::default();
    let local = Local::new(board.clone());
    local.watch(Duration::from_millis(50), |took| {
        TOLD.set([TOLD.take(), vec![took]].concat());
    });
    for millis in [49, 50, 1] {
        let board = board.clone();
        drop(local.spawn(async move { board.advance(Duration::from_millis(millis)) }));
        local.tick();
    }
    assert_eq!(TOLD.take(), [Duration::from_millis(50)]);
    // A long wait is no long cycle.
    drop(local.spawn(after(Duration::from_secs(1))));
    local.run_with(pin!(after(Duration::from_secs(2))), &mut board.virtual_time()).unwrap();
    assert_eq!(TOLD.take(), []);
}

#[test]
fn a_cycle_in_which_turns_were_taken_back_counts_those_that_were_given() {
    let local = Rc::new(Local::new(Board::default()));
    for _ in 0..5 {
        let inner = Rc::downgrade(&local);
        drop(local.spawn(async move { inner.upgrade().unwrap().end_cycle() }));
    }
    let nested = Rc::downgrade(&local);
    drop(local.spawn(async move {
        nested.upgrade().unwrap().spawn(async {}).detach();
        nested.upgrade().unwrap().tick();
    }));
    for turns in 1..=5 {
        local.tick();
        assert_eq!(local.stats().turns, turns);
    }
    local.tick();
    assert_eq!((local.stats().turns, local.live()), (7, 0));
}

// async 60
#[test]
fn ending_the_cycle_leaves_the_other_normal_tasks_to_the_next_one_and_runs_the_low_ones() {
    let (local, log) = (Rc::new(Local::new(Board::default())), Log::default());
    let scheduler = Rc::new(DebugScheduler::new(Order::Fifo));
    let (of_local, of_scheduler) = (Rc::downgrade(&local), Rc::downgrade(&scheduler));
    for word in ["a", "b", "c", "d", "low"] {
        let attributes = if word == "low" { LOW } else { Attributes::new() };
        let (say, inner) = (log.clone(), of_local.clone());
        drop(local.spawn_with(attributes, async move {
            say.say(word);
            if word == "b" {
                inner.upgrade().unwrap().end_cycle();
            }
        }));
        let (say, inner) = (log.clone(), of_scheduler.clone());
        drop(scheduler.spawn_with(attributes, async move {
            say.say(word);
            if word == "b" {
                spawn(async move { say.say("new") }).unwrap().detach();
                inner.upgrade().unwrap().end_cycle();
            }
        }));
    }
    assert_eq!(local.tick(), Wait::Poll);
    assert_eq!(log.take(), ["a", "b", "low"]);
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(log.take(), ["c", "d"]);
    assert_eq!(scheduler.run(), 3);
    assert_eq!(log.take(), ["a", "b", "low"]);
    scheduler.run();
    assert_eq!(log.take(), ["c", "d", "new"]);
}
