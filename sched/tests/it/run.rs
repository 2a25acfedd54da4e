//! Running: turns, the cycle, the root.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::Instant,
    scope::after,
    task::wake_here,
    wait::{Park, Wait},
};
use tidemill_sched::{Home, Local, spawn};

use crate::board::{Board, Log, yield_now};

#[test]
fn a_task_gives_its_value_to_who_joins_it() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let handle = local.spawn(async { 6 * 7 });
    let value = local.run_with(pin!(handle), &mut board.virtual_time());
    assert_eq!(value.unwrap(), 42);
    assert_eq!(local.live(), 0);
}

#[test]
fn ready_tasks_take_turns_first_in_first_out() {
    let (board, log) = (Board::default(), Log::default());
    let local = Local::new(board.clone());
    for name in ["a", "b", "c"] {
        let log = log.clone();
        drop(local.spawn(async move {
            for turn in 0..2 {
                log.say(format!("{name}{turn}"));
                yield_now().await;
            }
        }));
    }
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(log.take(), ["a0", "b0", "c0", "a1", "b1", "c1"]);
    assert_eq!(local.live(), 0);
}

#[test]
fn a_task_that_wakes_itself_twice_in_a_turn_is_polled_once_more() {
    let (board, polls) = (Board::default(), Rc::new(Cell::new(0)));
    let local = Local::new(board.clone());
    let count = polls.clone();
    drop(local.spawn(poll_fn(move |cx| {
        count.set(count.get() + 1);
        if count.get() == 1 {
            cx.waker().wake_by_ref();
            let second = cx.waker().clone();
            second.wake();
        }
        Poll::<()>::Pending
    })));
    local.tick();
    assert_eq!(polls.get(), 2);
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(polls.get(), 2);
}

#[test]
fn a_cycle_ends_with_its_budget_and_parks_once() {
    let (board, polls) = (Board::default(), Rc::new(Cell::new(0)));
    let local = Local::new(board.clone());
    let count = polls.clone();
    drop(local.spawn(async move {
        loop {
            count.set(count.get() + 1);
            yield_now().await;
        }
    }));
    local.set_budget(10);
    let mut park = board.virtual_time();
    local.cycle(&mut park);
    assert_eq!((polls.get(), park.waits.as_slice()), (10, [Wait::Poll].as_slice()));
    local.cycle(&mut park);
    assert_eq!((polls.get(), park.waits.len()), (20, 2));
}

#[test]
fn a_busy_task_starves_neither_timers_nor_neighbours() {
    let board = Board::default();
    let local = Local::new(board.clone());
    local.set_budget(4);
    let busy = local.spawn(async {
        loop {
            yield_now().await;
        }
    });
    struct Ticking(Board);
    impl Park for Ticking {
        fn park(&mut self, wait: Wait) {
            assert_eq!(wait, Wait::Poll);
            self.0.advance(Duration::from_millis(1));
        }
    }
    let timer = pin!(async {
        let task = spawn(after(Duration::from_millis(5))).unwrap();
        task.await.unwrap()
    });
    assert_eq!(local.run_with(timer, &mut Ticking(board.clone())), Ok(()));
    assert!(!busy.is_finished());
}

#[test]
fn the_park_is_told_the_next_deadline_or_that_there_is_none() {
    let board = Board::default();
    let local = Local::new(board.clone());
    assert_eq!(local.tick(), Wait::Forever);
    let timer = local.enter(|| spawn(after(Duration::from_secs(3))).unwrap());
    assert_eq!(local.tick(), Wait::Until(Instant::from_nanos(3_000_000_000)));
    board.advance(Duration::from_secs(3));
    assert_eq!(local.tick(), Wait::Poll, "the timer has fired and its task is ready");
    assert_eq!(local.tick(), Wait::Forever);
    assert!(timer.is_finished());
}

#[test]
fn the_root_borrows_from_its_caller_and_ends_the_run_at_once() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut words = Vec::new();
    drop(local.spawn(pending::<()>()));
    let mut park = board.virtual_time();
    let text = String::from("borrowed");
    let out = local.run_with(
        pin!(async {
            words.push(text.as_str());
            yield_now().await;
            words.len()
        }),
        &mut park,
    );
    assert_eq!((out, words.as_slice()), (1, ["borrowed"].as_slice()));
    assert_eq!(park.waits, []);
    assert_eq!(local.live(), 1);
}

#[test]
fn a_root_can_follow_another_and_late_wakers_of_the_first_do_no_harm() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let late = RefCell::new(None::<Waker>);
    for round in 0..3 {
        let out = local.run_with(
            pin!(poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if let Some(waker) = late.replace(Some(cx.waker().clone())) {
                    waker.wake();
                }
                Poll::Ready(round)
            })),
            &mut board.virtual_time(),
        );
        assert_eq!(out, round);
    }
    let waker = late.take().unwrap();
    drop(local);
    waker.wake_by_ref();
    waker.wake();
}

#[test]
fn a_panic_of_the_root_goes_to_the_caller_and_the_local_lives_on() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        local.run_with(
            pin!(poll_fn(|cx| -> Poll<()> {
                cx.waker().wake_by_ref();
                panic!("root")
            })),
            &mut board.virtual_time(),
        )
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"root"));
    assert_eq!(local.run_with(pin!(ready(7)), &mut board.virtual_time()), 7);
}

#[test]
fn a_panic_of_the_park_goes_to_the_caller_and_the_local_lives_on() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        local.run_with(pin!(pending::<()>()), &mut board.virtual_time())
    }));
    assert!(caught.is_err());
    assert_eq!(local.run_with(pin!(ready(7)), &mut board.virtual_time()), 7);
}

#[test]
#[should_panic(expected = "one root at a time")]
fn a_run_inside_a_run_is_refused() {
    let board = Board::default();
    let local = Local::new(board.clone());
    local.run_with(
        pin!(async { local.run_with(pin!(ready(())), &mut board.virtual_time()) }),
        &mut board.virtual_time(),
    );
}

#[test]
fn wakes_inside_the_park_need_no_doorbell() {
    struct Waking(Rc<RefCell<Option<Waker>>>, usize);
    impl Park for Waking {
        fn park(&mut self, wait: Wait) {
            assert_eq!(wait, Wait::Forever);
            self.1 += 1;
            self.0.take().unwrap().wake();
        }
    }
    let board = Board::default();
    let local = Local::new(board.clone());
    let slot = Rc::new(RefCell::new(None));
    let mut park = Waking(slot.clone(), 0);
    let mut polls = 0;
    local.run_with(
        pin!(poll_fn(|cx| {
            polls += 1;
            *slot.borrow_mut() = Some(cx.waker().clone());
            if polls == 4 { Poll::Ready(()) } else { Poll::Pending }
        })),
        &mut park,
    );
    assert_eq!((park.1, board.rings()), (3, 0));
}

#[test]
fn wake_here_wakes_a_task_of_the_current_home_and_leaves_all_others_alone() {
    let (board, polls) = (Board::default(), Rc::new(Cell::new(0)));
    let (local, other) = (Local::new(board.clone()), Local::new(Board::default()));
    let (count, slot) = (polls.clone(), Rc::new(RefCell::new(None)));
    let kept = slot.clone();
    let handle = local.spawn(poll_fn(move |cx| {
        count.set(count.get() + 1);
        *kept.borrow_mut() = Some(cx.waker().clone());
        if count.get() == 3 { Poll::Ready(()) } else { Poll::Pending }
    }));
    local.tick();
    let waker = slot.take().expect("polled");
    assert!(!wake_here(&waker), "no Home is current");
    assert!(!other.enter(|| wake_here(&waker)), "another Home is");
    assert!(!local.enter(|| wake_here(Waker::noop())), "not a task's");
    local.tick();
    assert_eq!(polls.get(), 1, "none of these woke it");
    assert!(local.enter(|| wake_here(&waker) && wake_here(&waker)));
    local.tick();
    assert_eq!(polls.get(), 2, "both together once");
    assert!(local.enter(|| wake_here(&waker)));
    local.tick();
    assert!(handle.is_finished());
    assert!(local.enter(|| wake_here(&waker)), "harmless after its end");
    assert_eq!((local.tick(), board.rings()), (Wait::Forever, 0));
}

#[test]
fn a_home_is_claimed_once() {
    let home = std::sync::Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home);
    assert!(local.is_some());
    assert!(Home::claim_shared(&home).is_none());
    drop(local);
    assert!(Home::claim_shared(&home).is_none());
}

#[test]
fn a_spawn_outside_any_executor_hands_the_future_back() {
    let refused = spawn(ready(3)).unwrap_err();
    assert_eq!(refused.0.into_inner(), 3);
}

#[test]
fn a_turn_within_a_turn_runs_the_others_and_never_the_task_that_is_in_its_turn() {
    let (board, log) = (Board::default(), Log::default());
    let local = Rc::new(Local::new(board.clone()));
    let mut handles = Vec::new();
    for ends_at in [1, 2] {
        let (inner, say, mut polls) = (local.clone(), log.clone(), 0);
        handles.push(local.spawn(poll_fn(move |cx| {
            polls += 1;
            say.say(format!("a{polls}"));
            cx.waker().wake_by_ref();
            let other = say.clone();
            drop(inner.spawn(async move { other.say("b") }));
            let _ = inner.tick();
            say.say("back");
            if polls == ends_at { Poll::Ready(()) } else { Poll::Pending }
        })));
        while local.tick() != Wait::Forever {}
        assert_eq!(local.live(), 0);
        let words = log.take();
        assert_eq!(words, ["a1", "b", "back", "a2", "b", "back"][..3 * ends_at]);
    }
    assert!(handles.iter().all(|handle| handle.is_finished()));
}

#[test]
fn a_task_that_wakes_itself_and_ends_is_let_go_when_it_leaves_the_queue() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let held = Rc::new(());
    for drop_local_early in [false, true] {
        let inner = held.clone();
        drop(local.spawn(poll_fn(move |cx| {
            let _ = &inner;
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })));
        local.set_budget(1);
        assert_eq!(local.tick(), Wait::Poll, "it stands in the queue, ended");
        assert_eq!((local.live(), Rc::strong_count(&held)), (0, 1));
        if !drop_local_early {
            assert_eq!(local.tick(), Wait::Forever);
        }
    }
}

#[test]
fn a_root_that_panics_after_a_turn_within_its_turn_can_be_followed() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        local.run_with(
            pin!(poll_fn(|cx| -> Poll<()> {
                cx.waker().wake_by_ref();
                let _ = local.tick();
                panic!("root")
            })),
            &mut board.virtual_time(),
        )
    }));
    assert!(caught.is_err());
    assert_eq!(local.run_with(pin!(ready(7)), &mut board.virtual_time()), 7);
}
