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
    wait::Wait,
};
use tidemill_sched::{Local, spawn};

use crate::board::{Board, Log, yield_now};

/// Runs a test under every scheduler that there is.
fn everywhere(test: impl Fn(&Local<Board>)) {
    test(&Local::new(Board::default()));
}

/// Runs until nobody can go on.
fn settle(local: &Local<Board>) {
    while local.tick() == Wait::Poll {}
}

// async 3, 6
#[test]
fn handlers_run_in_the_order_in_which_they_began_to_wait_and_never_inside_fill() {
    everywhere(|local| {
        let (ivar, log) = (Rc::new(Ivar::new_in()), Log::default());
        for n in 1..=4 {
            let (ivar, log) = (ivar.clone(), log.clone());
            drop(local.spawn(async move {
                let value = *ivar.read().await.unwrap();
                log.say(format!("handler {n} has {value}"));
            }));
            settle(local);
        }
        let (filled, said) = (ivar.clone(), log.clone());
        drop(local.spawn(async move {
            filled.fill(7).unwrap();
            said.say(format!("filled {:?}", filled.peek()));
        }));
        settle(local);
        let handlers = (1..=4).map(|n| format!("handler {n} has 7"));
        let words: Vec<_> = std::iter::once("filled Some(7)".to_string()).chain(handlers).collect();
        assert_eq!(log.take(), words);
    });
}

// async 12
#[test]
fn a_task_that_loops_two_million_times_leaves_nothing_behind() {
    everywhere(|local| {
        let rounds = Rc::new(Cell::new(0_u32));
        let count = rounds.clone();
        drop(local.spawn(async move {
            let mutex = Mutex::new_in(());
            while count.get() < 2_000_000 {
                let ivar = Ivar::new_in();
                ivar.fill(count.get() + 1).unwrap();
                count.set(*ivar.read().await.unwrap());
                drop(mutex.lock().await);
            }
        }));
        settle(local);
        assert_eq!((rounds.get(), local.live()), (2_000_000, 0));
    });
}

// async 14
#[test]
fn a_chain_of_a_hundred_thousand_deferreds_is_filled_link_by_link() {
    everywhere(|local| {
        let (first, mut deferred) = ivar::channel::<u32>();
        let mut links = Vec::new();
        for _ in 0..100_000 {
            let (filler, next) = ivar::channel();
            let before = std::mem::replace(&mut deferred, next);
            links.push(before.clone());
            drop(local.spawn(async move { filler.fill(before.await.unwrap()).unwrap() }));
        }
        settle(local);
        assert_eq!(deferred.peek(), None);
        first.fill(7).unwrap();
        settle(local);
        links.push(deferred);
        assert!(links.iter().all(|link| link.peek() == Some(&7)));
    });
}

#[test]
fn a_chain_that_is_abandoned_at_its_head_ends_link_by_link() {
    everywhere(|local| {
        let (first, mut deferred) = ivar::channel::<u32>();
        for _ in 0..10_000 {
            let (filler, next) = ivar::channel();
            let before = std::mem::replace(&mut deferred, next);
            drop(local.spawn(async move {
                if let Ok(value) = before.await {
                    let _ = filler.fill(value);
                }
            }));
        }
        settle(local);
        drop(first);
        settle(local);
        let end = Rc::new(RefCell::new(None));
        let seen = end.clone();
        drop(local.spawn(async move { *seen.borrow_mut() = Some(deferred.await) }));
        settle(local);
        assert_eq!((end.take(), local.live()), (Some(Err(Abandoned)), 0));
    });
}

// async 15
#[test]
fn a_task_that_waits_for_itself_waits_and_ends_when_it_is_cancelled() {
    everywhere(|local| {
        let (filler, deferred) = ivar::channel::<u32>();
        let own = deferred.clone();
        let handle = local.spawn(async move {
            let value = own.await;
            filler.fill(value.unwrap()).unwrap();
        });
        settle(local);
        assert!(!handle.is_finished());
        handle.cancel();
        settle(local);
        // Its filler went with it.
        let seen = Rc::new(Cell::new(None));
        let told = seen.clone();
        drop(local.spawn(async move { told.set(Some(deferred.await)) }));
        settle(local);
        assert_eq!((seen.get(), local.live()), (Some(Err(Abandoned)), 0));
    });
}

// async 21, 22
#[test]
fn the_list_decides_between_what_is_ready_and_time_between_turns() {
    everywhere(|local| {
        for turn_between in [false, true] {
            let (one, two) = (Rc::new(Ivar::new_in()), Rc::new(Ivar::new_in()));
            let (a, b, chosen) = (one.clone(), two.clone(), Rc::new(Cell::new("")));
            let say = chosen.clone();
            drop(local.spawn(async move {
                say.set(choose! { _ = &*a => "first in the list", _ = &*b => "first in time" });
            }));
            settle(local);
            two.fill(()).unwrap();
            if turn_between {
                settle(local);
            }
            one.fill(()).unwrap();
            settle(local);
            let expected = if turn_between { "first in time" } else { "first in the list" };
            assert_eq!((chosen.get(), two.has_readers()), (expected, false));
        }
    });
}

// async 28
#[test]
fn others_have_their_turn_between_the_steps_of_a_repeat() {
    everywhere(|local| {
        let log = Log::default();
        let (steps, other) = (log.clone(), log.clone());
        drop(local.spawn(async move {
            repeat(1, |n| {
                steps.say(format!("step {n}"));
                async move { if n < 3 { Continue(n + 1) } else { Break(()) } }
            })
            .await;
        }));
        drop(local.spawn(async move {
            for n in 1..=3 {
                other.say(format!("other {n}"));
                yield_now().await;
            }
        }));
        settle(local);
        let words = log.take();
        let of = |word: &str| words.iter().position(|said| said == word).unwrap();
        assert!(of("step 1") < of("step 2") && of("step 2") < of("step 3"));
        assert!(of("other 1") < of("step 2") && of("other 2") < of("step 3"));
    });
}

// async 29
#[test]
fn for_ever_stops_at_an_error_and_gives_it_once() {
    everywhere(|local| {
        let (begun, errors) = (Rc::new(Cell::new(0)), Log::default());
        let (count, log) = (begun.clone(), errors.clone());
        drop(local.spawn(async move {
            let error = forever((), |()| {
                count.set(count.get() + 1);
                let n = count.get();
                async move { if n < 3 { Ok(()) } else { Err("failed") } }
            })
            .await;
            log.say(error);
        }));
        settle(local);
        assert_eq!((begun.get(), errors.take()), (3, vec!["failed".to_string()]));
    });
}

// async 34
#[test]
fn an_mvar_hands_a_thousand_values_over_one_at_a_time() {
    everywhere(|local| {
        let (mvar, got) = (Rc::new(Mvar::new_in()), Rc::new(RefCell::new(Vec::new())));
        for half in 0..2 {
            let mvar = mvar.clone();
            drop(local.spawn(async move {
                for n in 0..500 {
                    mvar.put(2 * n + half).await;
                }
            }));
        }
        let (from, to) = (mvar.clone(), got.clone());
        drop(local.spawn(async move {
            for _ in 0..1000 {
                let value = from.take().await;
                to.borrow_mut().push(value);
            }
        }));
        settle(local);
        let got = got.take();
        // Each of the two who put is in its own order, and neither starves.
        for half in 0..2 {
            let own: Vec<_> = got.iter().copied().filter(|n| n % 2 == half).collect();
            assert_eq!(own, (0..500).map(|n| 2 * n + half).collect::<Vec<_>>());
        }
        assert_eq!((got.len(), local.live()), (1000, 0));
    });
}

#[test]
fn tasks_that_are_cancelled_in_line_leave_locks_permits_and_news_to_the_others() {
    everywhere(|local| {
        let cells = Rc::new((Mutex::new_in(0), Semaphore::new_in(0), Condition::new_in()));
        let guard = cells.0.try_lock().unwrap();
        let handles: Vec<_> = (0..6)
            .map(|_| {
                let cells = cells.clone();
                local.spawn(async move {
                    *cells.0.lock().await += 1;
                    cells.1.acquire(1).await.unwrap().forget();
                    cells.2.wait().await;
                })
            })
            .collect();
        settle(local);
        let finished = || handles.iter().filter(|handle| handle.is_finished()).count();
        // Handed the lock and cancelled in the same turn.
        drop(guard);
        handles[0].cancel();
        settle(local);
        assert_eq!((finished(), *cells.0.try_lock().unwrap()), (1, 5));
        cells.1.release(5);
        handles[1].cancel();
        settle(local);
        assert_eq!((finished(), cells.1.permits()), (2, 1));
        cells.2.signal();
        handles[2].cancel();
        settle(local);
        assert_eq!(finished(), 4, "one was cancelled, and one told in its place");
        cells.2.broadcast();
        settle(local);
        assert_eq!((finished(), local.live()), (6, 0));
    });
}

#[test]
fn a_task_spawned_from_an_arm_outlives_the_choice() {
    everywhere(|local| {
        let log = Log::default();
        let said = log.clone();
        drop(local.spawn(async move {
            let ivar = Ivar::<()>::new_in();
            choose! {
                _ = &ivar => unreachable!("nobody fills it"),
                _ = yield_now() => drop(spawn(async move { said.say("spawned") })),
            }
        }));
        settle(local);
        assert_eq!(log.take(), ["spawned"]);
    });
}
