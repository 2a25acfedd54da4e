//! Ivars, choices and shared cells among tasks: who goes on, and when.

use std::{
    cell::{Cell, RefCell},
    ops::ControlFlow::{Break, Continue},
    rc::Rc,
};

use tidemill_core::{
    choose,
    error::Abandoned,
    ivar::{self, forever, repeat},
    local::{Condition, Ivar, Mutex, Mvar, Semaphore},
};
use tidemill_sched::spawn;

use crate::{
    board::{Log, yield_now},
    everywhere::{Place, everywhere, in_order},
};

/// Has four handlers wait for an Ivar that is filled then. What was said.
fn four_handlers(place: &Place) -> Vec<String> {
    let (ivar, log) = (Rc::new(Ivar::new_in()), Log::default());
    for n in 1..=4 {
        let (ivar, log) = (ivar.clone(), log.clone());
        drop(place.spawn(async move {
            let value = *ivar.read().await.unwrap();
            log.say(format!("handler {n} has {value}"));
        }));
        place.run_all();
    }
    let (filled, said) = (ivar.clone(), log.clone());
    drop(place.spawn(async move {
        filled.fill(7).unwrap();
        said.say(format!("filled {:?}", filled.peek()));
    }));
    place.run_all();
    log.take()
}

// async 3, 6
#[test]
fn handlers_run_in_the_order_in_which_they_began_to_wait_and_never_inside_fill() {
    let handlers = (1..=4).map(|n| format!("handler {n} has 7"));
    let words: Vec<_> = std::iter::once("filled Some(7)".to_string()).chain(handlers).collect();
    // They are woken in that order; in which they take their turns is for the scheduler to say, here the same.
    in_order(|place| assert_eq!(four_handlers(place), words));
    everywhere(|place| {
        let mut said = four_handlers(place);
        said[1..].sort();
        assert_eq!(said, words);
    });
}

// async 12
#[test]
fn a_task_that_loops_two_million_times_leaves_nothing_behind() {
    fn loops(place: &Place, times: u32) {
        let rounds = Rc::new(Cell::new(0_u32));
        let count = rounds.clone();
        drop(place.spawn(async move {
            let mutex = Mutex::new_in(());
            while count.get() < times {
                let ivar = Ivar::new_in();
                ivar.fill(count.get() + 1).unwrap();
                count.set(*ivar.read().await.unwrap());
                drop(mutex.lock().await);
                if count.get().is_multiple_of(1000) {
                    yield_now().await;
                }
            }
        }));
        place.run_all();
        assert_eq!((rounds.get(), place.live()), (times, 0));
    }
    in_order(|place| loops(place, 2_000_000));
    everywhere(|place| loops(place, 20_000));
}

// async 14
#[test]
fn a_chain_of_a_hundred_thousand_deferreds_is_filled_link_by_link() {
    fn chain(place: &Place, length: usize) {
        let (first, mut deferred) = ivar::channel::<u32>();
        let mut links = Vec::new();
        for _ in 0..length {
            let (filler, next) = ivar::channel();
            let before = std::mem::replace(&mut deferred, next);
            links.push(before.clone());
            drop(place.spawn(async move { filler.fill(before.await.unwrap()).unwrap() }));
        }
        place.run_all();
        assert_eq!(deferred.peek(), None);
        first.fill(7).unwrap();
        place.run_all();
        links.push(deferred);
        assert!(links.iter().all(|link| link.peek() == Some(&7)));
    }
    in_order(|place| chain(place, 100_000));
    everywhere(|place| chain(place, 3_000));
}

#[test]
fn a_chain_that_is_abandoned_at_its_head_ends_link_by_link() {
    everywhere(|place| {
        let (first, mut deferred) = ivar::channel::<u32>();
        for _ in 0..3_000 {
            let (filler, next) = ivar::channel();
            let before = std::mem::replace(&mut deferred, next);
            drop(place.spawn(async move {
                if let Ok(value) = before.await {
                    let _ = filler.fill(value);
                }
            }));
        }
        place.run_all();
        drop(first);
        place.run_all();
        let end = Rc::new(RefCell::new(None));
        let seen = end.clone();
        drop(place.spawn(async move { *seen.borrow_mut() = Some(deferred.await) }));
        place.run_all();
        assert_eq!((end.take(), place.live()), (Some(Err(Abandoned)), 0));
    });
}

// async 15
#[test]
fn a_task_that_waits_for_itself_waits_and_ends_when_it_is_cancelled() {
    everywhere(|place| {
        let (filler, deferred) = ivar::channel::<u32>();
        let own = deferred.clone();
        let handle = place.spawn(async move {
            let value = own.await;
            filler.fill(value.unwrap()).unwrap();
        });
        place.run_all();
        assert!(!handle.is_finished());
        handle.cancel();
        place.run_all();
        // Its filler went with it.
        let seen = Rc::new(Cell::new(None));
        let told = seen.clone();
        drop(place.spawn(async move { told.set(Some(deferred.await)) }));
        place.run_all();
        assert_eq!((seen.get(), place.live()), (Some(Err(Abandoned)), 0));
    });
}

// async 21, 22
#[test]
fn the_list_decides_between_what_is_ready_and_time_between_turns() {
    everywhere(|place| {
        for turn_between in [false, true] {
            let (one, two) = (Rc::new(Ivar::new_in()), Rc::new(Ivar::new_in()));
            let (a, b, chosen) = (one.clone(), two.clone(), Rc::new(Cell::new("")));
            let say = chosen.clone();
            drop(place.spawn(async move {
                say.set(choose! { _ = &*a => "first in the list", _ = &*b => "first in time" });
            }));
            place.run_all();
            two.fill(()).unwrap();
            if turn_between {
                place.run_all();
            }
            one.fill(()).unwrap();
            place.run_all();
            let expected = if turn_between { "first in time" } else { "first in the list" };
            assert_eq!((chosen.get(), two.has_readers()), (expected, false));
        }
    });
}

/// Runs a repeat of three steps beside another task. What was said.
fn three_steps(place: &Place) -> Vec<String> {
    let log = Log::default();
    let (steps, other) = (log.clone(), log.clone());
    drop(place.spawn(async move {
        repeat(1, |n| {
            steps.say(format!("step {n}"));
            async move { if n < 3 { Continue(n + 1) } else { Break(()) } }
        })
        .await;
    }));
    drop(place.spawn(async move {
        for n in 1..=3 {
            other.say(format!("other {n}"));
            yield_now().await;
        }
    }));
    place.run_all();
    log.take()
}

// async 28
#[test]
fn others_have_their_turn_between_the_steps_of_a_repeat() {
    // It gives up its turn after each step; who has the next one is for the scheduler to say, here the other.
    let words = ["step 1", "other 1", "step 2", "other 2", "step 3", "other 3"];
    in_order(|place| assert_eq!(three_steps(place), words));
    everywhere(|place| {
        let (steps, others): (Vec<_>, Vec<_>) =
            three_steps(place).into_iter().partition(|word| word.starts_with("step"));
        assert_eq!(
            (steps, others),
            (
                ["step 1", "step 2", "step 3"].map(String::from).into(),
                ["other 1", "other 2", "other 3"].map(String::from).into()
            )
        );
    });
}

// async 29
#[test]
fn for_ever_stops_at_an_error_and_gives_it_once() {
    everywhere(|place| {
        let (begun, errors) = (Rc::new(Cell::new(0)), Log::default());
        let (count, log) = (begun.clone(), errors.clone());
        drop(place.spawn(async move {
            let error = forever((), |()| {
                count.set(count.get() + 1);
                let n = count.get();
                async move { if n < 3 { Ok(()) } else { Err("failed") } }
            })
            .await;
            log.say(error);
        }));
        place.run_all();
        assert_eq!((begun.get(), errors.take()), (3, vec!["failed".to_string()]));
    });
}

// async 34
#[test]
fn an_mvar_hands_a_thousand_values_over_one_at_a_time() {
    everywhere(|place| {
        let (mvar, got) = (Rc::new(Mvar::new_in()), Rc::new(RefCell::new(Vec::new())));
        for half in 0..2 {
            let mvar = mvar.clone();
            drop(place.spawn(async move {
                for n in 0..500 {
                    mvar.put(2 * n + half).await;
                }
            }));
        }
        let (from, to) = (mvar.clone(), got.clone());
        drop(place.spawn(async move {
            for _ in 0..1000 {
                let value = from.take().await;
                to.borrow_mut().push(value);
            }
        }));
        place.run_all();
        let got = got.take();
        // Each of the two who put is in its own order, and neither starves.
        for half in 0..2 {
            let own: Vec<_> = got.iter().copied().filter(|n| n % 2 == half).collect();
            assert_eq!(own, (0..500).map(|n| 2 * n + half).collect::<Vec<_>>());
        }
        assert_eq!((got.len(), place.live()), (1000, 0));
    });
}

#[test]
fn tasks_that_are_cancelled_in_line_leave_locks_permits_and_news_to_the_others() {
    everywhere(|place| {
        let cells = Rc::new((Mutex::new_in(0), Semaphore::new_in(0), Condition::new_in()));
        let guard = cells.0.try_lock().unwrap();
        let handles: Vec<_> = (0..6)
            .map(|_| {
                let cells = cells.clone();
                let handle = place.spawn(async move {
                    *cells.0.lock().await += 1;
                    cells.1.acquire(1).await.unwrap().forget();
                    cells.2.wait().await;
                });
                // It is in line before the next one.
                place.run_all();
                handle
            })
            .collect();
        let finished = || handles.iter().filter(|handle| handle.is_finished()).count();
        // Handed the lock and cancelled in the same turn.
        drop(guard);
        handles[0].cancel();
        place.run_all();
        assert_eq!((finished(), *cells.0.try_lock().unwrap()), (1, 5));
        cells.1.release(5);
        handles[1].cancel();
        place.run_all();
        assert_eq!((finished(), cells.1.permits()), (2, 1));
        cells.2.signal();
        handles[2].cancel();
        place.run_all();
        assert_eq!(finished(), 4, "one was cancelled, and one told in its place");
        cells.2.broadcast();
        place.run_all();
        assert_eq!((finished(), place.live()), (6, 0));
    });
}

#[test]
fn a_task_spawned_from_an_arm_outlives_the_choice() {
    everywhere(|place| {
        let log = Log::default();
        let said = log.clone();
        drop(place.spawn(async move {
            let ivar = Ivar::<()>::new_in();
            choose! {
                _ = &ivar => unreachable!("nobody fills it"),
                _ = yield_now() => drop(spawn(async move { said.say("spawned") })),
            }
        }));
        place.run_all();
        assert_eq!(log.take(), ["spawned"]);
    });
}
