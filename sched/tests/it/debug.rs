//! The DebugScheduler: orders, batches, virtual time, pauses, deadlocks, its end.

use std::{
    cell::Cell,
    collections::HashSet,
    future::{pending, poll_fn, ready},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    scope::after,
    task::{Attributes, Priority, yield_now},
    task_place,
};
use tidemill_sched::{
    Home,
    debug::{DebugScheduler, Order, Stopped, Virtual},
    spawn,
};

use crate::board::Log;

fn at(millis: u64) -> Instant {
    Instant::ORIGIN + Duration::from_millis(millis)
}

/// What five tasks say that take three turns each, of which the last two are low.
fn trace(order: Order) -> Vec<String> {
    let (scheduler, log) = (DebugScheduler::new(order), Log::default());
    for word in ["a", "b", "c", "d", "e"] {
        let say = log.clone();
        let priority = if word < "d" { Priority::Normal } else { Priority::Low };
        drop(scheduler.spawn_with(Attributes::new().priority(priority), async move {
            for turn in 0..3 {
                say.say(format!("{word}{turn}"));
                yield_now().await;
            }
        }));
    }
    while !scheduler.done() {
        scheduler.run();
        log.say("|");
    }
    log.take()
}

// epochs 136
#[test]
fn first_in_first_out_runs_batches_as_a_local_runs_cycles() {
    let words = "a0 b0 c0 d0 e0 | a1 b1 c1 d1 e1 | a2 b2 c2 d2 e2 | |";
    assert_eq!(trace(Order::Fifo).join(" "), words);
}

// epochs 136
#[test]
fn reverse_runs_each_batch_the_other_way_round_but_normal_before_low() {
    // Each batch is turned: so the third is as the first.
    let words = "c0 b0 a0 e0 d0 | a1 b1 c1 d1 e1 | c2 b2 a2 e2 d2 | |";
    assert_eq!(trace(Order::Reverse).join(" "), words);
}

// epochs 136
#[test]
fn the_same_seed_makes_the_same_run_and_others_make_others() {
    let runs: HashSet<_> = (0..64).map(|seed| trace(Order::Random(seed)).join(" ")).collect();
    assert!(runs.len() > 60, "{} different runs of 64 seeds", runs.len());
    for seed in 0..64 {
        assert_eq!(trace(Order::Random(seed)), trace(Order::Random(seed)));
    }
}

#[test]
fn at_random_every_permutation_comes_and_a_newcomer_may_overtake() {
    let (mut orders, mut overtaken) = (HashSet::new(), false);
    for seed in 0..400 {
        let (scheduler, log) = (DebugScheduler::new(Order::Random(seed)), Log::default());
        for word in ["a", "b", "c", "d"] {
            let say = log.clone();
            drop(scheduler.spawn(async move {
                if word == "a" {
                    let new = say.clone();
                    drop(spawn(async move { new.say("new") }).unwrap());
                }
                say.say(word);
            }));
        }
        assert_eq!(scheduler.run_all(), 5);
        let mut words = log.take();
        let new = words.iter().position(|word| word == "new").unwrap();
        overtaken |= new < 4;
        words.remove(new);
        orders.insert(words);
    }
    assert_eq!((orders.len(), overtaken), (24, true));
}

#[test]
fn low_never_overtakes_normal_at_random_and_yet_comes() {
    for seed in 0..64 {
        let (scheduler, log) = (DebugScheduler::new(Order::Random(seed)), Log::default());
        for word in ["low", "a", "b", "c"] {
            let say = log.clone();
            let priority = if word == "low" { Priority::Low } else { Priority::Normal };
            let attributes = Attributes::new().priority(priority);
            drop(scheduler.spawn_with(attributes, async move { say.say(word) }));
        }
        // One that is always ready.
        drop(scheduler.spawn(async { pending_turns().await }));
        for _ in 0..200 {
            scheduler.run();
        }
        assert_eq!(log.take().last().map(String::as_str), Some("low"));
    }
}

async fn pending_turns() {
    poll_fn::<(), _>(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn run_one_gives_one_turn_and_run_what_is_left_of_the_batch() {
    let (scheduler, log) = (DebugScheduler::new(Order::Fifo), Log::default());
    for word in ["a", "b", "c"] {
        let say = log.clone();
        drop(scheduler.spawn(async move {
            say.say(word);
            pending_turns().await;
        }));
    }
    assert!(scheduler.can_run() && !scheduler.done());
    assert!(scheduler.run_one());
    assert_eq!(log.take(), ["a"]);
    assert_eq!(scheduler.run(), 2, "a became ready meanwhile, for the next batch");
    assert_eq!(log.take(), ["b", "c"]);
    assert_eq!(scheduler.run(), 3);
}

#[test]
fn the_clock_moves_only_when_nothing_is_ready_and_never_past_a_timer() {
    let (scheduler, log) = (DebugScheduler::new(Order::Fifo), Log::default());
    for millis in [30, 10, 20, 10] {
        let (say, start) = (log.clone(), Duration::from_millis(millis));
        drop(scheduler.spawn(async move {
            after(start).await.unwrap();
            say.say(millis.to_string());
            for _ in 0..50 {
                yield_now().await;
            }
        }));
    }
    assert_eq!(scheduler.run(), 4);
    assert_eq!(scheduler.hooks().now(), at(0));
    assert!(!scheduler.done(), "timers wait");
    scheduler.run_until(at(15));
    assert_eq!(scheduler.hooks().now(), at(15));
    assert_eq!(log.take(), ["10", "10"]);
    assert!(scheduler.run_one());
    assert_eq!((scheduler.hooks().now(), log.take()), (at(20), vec!["20".into()]));
    scheduler.run_all();
    assert_eq!((scheduler.hooks().now(), log.take()), (at(30), vec!["30".into()]));
    assert!(scheduler.done() && !scheduler.can_run() && scheduler.deadlock().is_none());
    assert_eq!((scheduler.run_all(), scheduler.run()), (0, 0));
}

// epochs 156
#[test]
fn a_pause_from_inside_a_task_ends_every_way_to_run_after_its_turn() {
    let ways: [fn(&DebugScheduler); 4] = [
        |scheduler| assert_eq!(scheduler.run_all(), 2),
        |scheduler| assert_eq!(scheduler.run(), 2),
        |scheduler| assert_eq!(scheduler.run_until(at(1000)), 2),
        |scheduler| match scheduler.run_with(pin!(pending::<()>())) {
            Err(Stopped::Paused) => {}
            _ => panic!("it is paused"),
        },
    ];
    for way in ways {
        let home = Arc::new(Home::new(Virtual::new()));
        let scheduler = DebugScheduler::claim_shared(&home, Order::Fifo).unwrap();
        let log = Log::default();
        for word in ["a", "b", "c"] {
            let (say, inner) = (log.clone(), home.clone());
            drop(scheduler.spawn(async move {
                if word == "b" {
                    inner.hooks().pause();
                }
                say.say(word);
            }));
        }
        way(&scheduler);
        assert_eq!((log.take(), scheduler.hooks().now()), (vec!["a".into(), "b".into()], at(0)));
        assert!(!scheduler.can_run() && !scheduler.done());
        assert!(!scheduler.run_one());
        assert_eq!((scheduler.run_all(), scheduler.run(), log.take().len()), (0, 0, 0));
        scheduler.resume();
        assert!(scheduler.can_run() && log.take().is_empty(), "a resume runs nothing");
        scheduler.run_all();
        assert_eq!(log.take(), ["c"]);
    }
}

#[test]
fn a_deadlock_tells_who_waits_by_number_and_name() {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let quick = scheduler.spawn(ready(1));
    let reader = scheduler.spawn_with(Attributes::new().name("reader"), pending::<()>());
    let plain = scheduler.spawn(async { reader.await.unwrap() });
    assert!(scheduler.deadlock().is_none(), "they are ready");
    let stopped = scheduler.run_with(pin!(plain)).unwrap_err();
    let text =
        "deadlock: nothing is ready and no timer is set; these wait: task 2 (reader); task 3;";
    assert_eq!(stopped.to_string(), text);
    assert!(quick.is_finished());
    let deadlock = scheduler.deadlock().unwrap();
    assert_eq!(deadlock.tasks().map(|task| task.id).collect::<Vec<_>>(), [2, 3]);
    // One that sleeps is no deadlock.
    drop(scheduler.spawn(async { after(Duration::from_secs(1)).await }));
    scheduler.run();
    assert!(scheduler.deadlock().is_none());
    scheduler.run_all();
    assert!(scheduler.deadlock().is_some());
}

#[test]
fn a_run_after_a_deadlock_goes_on_with_the_same_future() {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let open = Rc::new(Cell::new(false));
    let seen = open.clone();
    let mut future = pin!(async move {
        poll_fn(|_| if seen.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        7
    });
    assert!(matches!(scheduler.run_with(future.as_mut()), Err(Stopped::Deadlock(_))));
    open.set(true);
    assert_eq!(scheduler.run_with(future).unwrap(), 7);
}

#[test]
fn the_list_of_tasks_may_change_while_one_reads_it() {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let handles: Vec<_> = (0..4).map(|_| scheduler.spawn(pending::<()>())).collect();
    assert_eq!(scheduler.run(), 4);
    let mut tasks = scheduler.tasks();
    assert_eq!(tasks.next().unwrap().id, 1);
    // The next one and the one after it go.
    handles[1].cancel();
    handles[2].cancel();
    scheduler.run();
    let rest: Vec<_> = tasks.map(|task| task.id).collect();
    assert!(rest.iter().all(|id| [2, 3, 4].contains(id)), "{rest:?}");
    assert_eq!(scheduler.tasks().map(|task| task.id).collect::<Vec<_>>(), [1, 4]);
}

#[test]
fn dropping_it_cancels_what_is_left_wherever_it_stands_without_recursion() {
    for turns in [0, 1, 5] {
        let scheduler = DebugScheduler::new(Order::Reverse);
        let held = Rc::new(());
        // Each holds the handle of the one before it, and cancels it when it goes.
        let mut last = None;
        for _ in 0..if turns == 0 { 1_000_000 } else { 100_000 } {
            let (inner, before) = (held.clone(), last.take());
            let handle = scheduler.spawn(async move {
                let _held = (inner, before);
                pending_turns().await;
            });
            last = Some(handle.cancel_on_drop());
        }
        last.unwrap().detach();
        for _ in 0..turns {
            assert!(scheduler.run_one());
        }
        drop(scheduler);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}

static HOME: Home<Virtual> = Home::new(Virtual::new());

async fn blink() {
    after(Duration::from_millis(5)).await.unwrap();
    HOME.hooks().pause();
    yield_now().await;
}

#[test]
fn it_runs_placed_tasks_on_a_home_in_a_static_and_is_claimed_once() {
    let scheduler = DebugScheduler::claim(&HOME, Order::Fifo).unwrap();
    assert!(DebugScheduler::claim(&HOME, Order::Fifo).is_none());
    let blinking = scheduler.spawn_place(task_place!(blink), blink()).unwrap();
    scheduler.run_all();
    assert!(HOME.hooks().is_paused() && !blinking.is_finished());
    assert_eq!(scheduler.tasks().next().unwrap().name, Some("blink"));
    scheduler.resume();
    scheduler.run_all();
    assert_eq!((blinking.is_finished(), HOME.hooks().now()), (true, at(5)));
}

#[test]
fn a_task_that_wakes_itself_and_runs_the_scheduler_in_its_turn_has_another_turn_afterwards() {
    let scheduler = Rc::new(DebugScheduler::new(Order::Fifo));
    let (inner, mut polls) = (Rc::downgrade(&scheduler), 0);
    let handle = scheduler.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        inner.upgrade().unwrap().run_one();
        Poll::Pending
    }));
    scheduler.run_all();
    assert!(handle.is_finished());
}
