//! What tasks are made with and how they give turns up: priorities with a budget each, names, yielding.

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, task::Poll};

use tidemill_core::{
    task::{Attributes, Priority, yield_now},
    task_place,
    wait::Wait,
};
use tidemill_sched::{Local, spawn_with};

use crate::{
    board::{Board, Log},
    everywhere::{everywhere, in_order},
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

// async 55
#[test]
fn a_low_task_runs_in_the_cycle_in_which_endless_normal_ones_use_up_their_budget() {
    in_order(|place| {
        place.set_budget(10);
        let turns = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let turns = turns.clone();
            drop(place.spawn(busy(move || turns.replace(turns.get() + 1) < 1000)));
        }
        let seen = turns.clone();
        let low = place.spawn_with(LOW, async move { seen.get() });
        place.one_cycle();
        assert!(low.is_finished());
        assert!(turns.get() <= 10, "and no Normal one had a turn too many");
    });
    everywhere(|place| {
        drop(place.spawn(busy(|| true)));
        let low = place.spawn_with(LOW, async {});
        assert!(place.run_with(pin!(low)).is_ok());
    });
}

#[test]
fn endless_low_tasks_have_a_budget_of_their_own_and_leave_the_normal_ones_theirs() {
    let local = Local::new(Board::default());
    local.set_budget(10);
    let turns = Rc::new(Cell::new([0, 0]));
    for (place, priority) in Priority::ALL.into_iter().enumerate() {
        let turns = turns.clone();
        let count = move || {
            let mut counted = turns.get();
            counted[place] += 1;
            turns.set(counted);
            true
        };
        drop(local.spawn_with(Attributes::new().priority(priority), busy(count)));
    }
    for cycle in 1..4 {
        assert_eq!(local.tick(), Wait::Poll);
        assert_eq!(turns.get(), [10 * cycle, 10 * cycle]);
    }
}

// async 56
#[test]
fn what_one_turn_makes_at_low_and_then_at_normal_runs_at_normal_first() {
    everywhere(|place| {
        let log = Log::default();
        let say = log.clone();
        drop(place.spawn(async move {
            for (word, priority) in [("low", Priority::Low), ("normal", Priority::Normal)] {
                let say = say.clone();
                let attributes = Attributes::new().priority(priority);
                drop(spawn_with(attributes, async move { say.say(word) }).unwrap());
            }
        }));
        place.run_all();
        assert_eq!(log.take(), ["normal", "low"]);
    });
}

#[test]
fn what_low_tasks_wake_at_normal_runs_after_all_of_them_in_what_is_left_of_the_cycle() {
    let (local, log) = (Local::new(Board::default()), Log::default());
    for word in ["a", "b"] {
        let say = log.clone();
        drop(local.spawn_with(LOW, async move {
            say.say(word);
            drop(spawn_with(Attributes::new(), async move { say.say("normal") }).unwrap());
        }));
    }
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(log.take(), ["a", "b", "normal", "normal"]);
}

#[test]
fn a_woken_task_keeps_its_priority_wherever_the_wake_comes_from() {
    let (local, log) = (Local::new(Board::default()), Log::default());
    let wakers = Rc::new(Cell::new(Vec::new()));
    for (word, priority) in [("low", Priority::Low), ("normal", Priority::Normal)] {
        let (say, wakers) = (log.clone(), wakers.clone());
        let mut polled = false;
        let attributes = Attributes::new().priority(priority);
        drop(local.spawn_with(
            attributes,
            poll_fn(move |cx| {
                if std::mem::replace(&mut polled, true) {
                    say.say(word);
                    return Poll::Ready(());
                }
                let mut all = wakers.take();
                all.insert(0, cx.waker().clone());
                wakers.set(all);
                Poll::Pending
            }),
        ));
    }
    local.tick();
    // From another thread, through the inbox: the low one first.
    let all = wakers.take();
    std::thread::spawn(move || all.into_iter().for_each(|waker| waker.wake())).join().unwrap();
    local.tick();
    local.tick();
    assert_eq!(log.take(), ["normal", "low"]);
}

// async 59
#[test]
fn yielders_go_on_in_the_next_cycle_first_in_first_out() {
    in_order(|place| {
        let log = Log::default();
        for word in ["a", "b", "c"] {
            let say = log.clone();
            drop(place.spawn(async move {
                for turn in 0..3 {
                    say.say(format!("{word}{turn}"));
                    yield_now().await;
                }
            }));
        }
        for turn in 0..3 {
            place.one_cycle();
            assert_eq!(log.take(), ["a", "b", "c"].map(|word| format!("{word}{turn}")));
        }
        place.one_cycle();
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_yielding_low_task_stays_low() {
    let (local, log) = (Local::new(Board::default()), Log::default());
    for (word, priority) in [("low", Priority::Low), ("normal", Priority::Normal)] {
        let say = log.clone();
        drop(local.spawn_with(Attributes::new().priority(priority), async move {
            if word == "normal" {
                yield_now().await;
            }
            yield_now().await;
            say.say(word);
        }));
    }
    for _ in 0..4 {
        local.tick();
        log.say("|");
    }
    assert_eq!(log.take(), ["|", "low", "|", "normal", "|", "|"]);
}

#[test]
fn a_yield_under_an_executor_of_others_wakes_itself() {
    let flag = std::sync::Arc::new(crate::board::Flag::default());
    let waker = flag.clone().into();
    let mut cx = std::task::Context::from_waker(&waker);
    let mut yielding = std::pin::pin!(yield_now());
    assert!(yielding.as_mut().poll(&mut cx).is_pending());
    assert!(flag.is_set());
    assert!(yielding.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_yielder_that_is_cancelled_or_whose_local_goes_is_dropped_once() {
    for cancel in [false, true] {
        let held = Rc::new(());
        let local = Local::new(Board::default());
        let inner = held.clone();
        let handle = local.spawn(async move {
            let _inner = inner;
            loop {
                yield_now().await;
            }
        });
        local.tick();
        local.tick();
        if cancel {
            handle.cancel();
            local.tick();
            assert!(handle.is_finished());
        } else {
            drop(local);
        }
        assert_eq!(Rc::strong_count(&held), 1);
    }
}

async fn idle() {}

#[test]
fn a_task_has_the_name_and_priority_that_it_was_given_and_a_number_of_its_own() {
    let local = Local::new(Board::default());
    let plain = local.spawn(idle());
    let named = local.spawn_with(LOW.name("reader"), async { String::from("out") });
    let placed = local.spawn_place(task_place!(idle), idle()).unwrap();
    let infos = [plain.info(), named.info(), placed.info()];
    assert_eq!(infos.map(|info| info.name), [None, Some("reader"), Some("idle")]);
    let (low, normal) = (Priority::Low, Priority::Normal);
    assert_eq!(infos.map(|info| info.priority), [normal, low, normal]);
    let texts = infos.map(|info| info.to_string());
    assert_eq!(texts, ["task 1", "task 2 (reader)", "task 3 (idle)"]);
    local.tick();
    assert_eq!((named.is_finished(), named.info().name), (true, Some("reader")), "for good");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_header_with_its_priority_and_its_context_has_eighty_eight_bytes() {
    assert_eq!(size_of::<tidemill_core::task::Header>(), 88);
}
