//! The end of a Local: what it drops, in what order, and what comes too late.

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn, ready},
    mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    error::{JoinError, NoContext},
    scope::after,
    task::JoinHandle,
};
use tidemill_sched::{Home, Local, spawn};

use crate::board::{Board, Log, Says};

const MANY: usize = 100_000;

/// A task that wakes its neighbour when it is polled and when it is dropped, where it also tries to spawn.
struct Knot {
    wakers: Rc<RefCell<Vec<Option<Waker>>>>,
    index: usize,
    refused: Rc<Cell<usize>>,
    dropped: Rc<Cell<usize>>,
}

impl Future for Knot {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.wakers.borrow_mut()[self.index] = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Knot {
    fn drop(&mut self) {
        let next = (self.index + 1) % MANY;
        for index in [next, self.index] {
            let waker = self.wakers.borrow()[index].clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        self.dropped.set(self.dropped.get() + 1);
        self.refused.set(self.refused.get() + usize::from(spawn(pending::<()>()).is_err()));
    }
}

#[test]
fn a_hundred_thousand_tasks_that_wake_each_other_and_spawn_are_dropped_one_after_the_other() {
    let local = Local::new(Board::default());
    let wakers = Rc::new(RefCell::new(vec![None; MANY]));
    let (refused, dropped) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    for index in 0..MANY {
        let (wakers, refused, dropped) = (wakers.clone(), refused.clone(), dropped.clone());
        drop(local.spawn(Knot { wakers, index, refused, dropped }));
    }
    local.set_budget(MANY / 2);
    local.tick();
    drop(local);
    assert_eq!((dropped.get(), refused.get()), (MANY, MANY));
    assert_eq!(Rc::strong_count(&dropped), 1);
    wakers.take().into_iter().flatten().for_each(Waker::wake);
}

#[test]
fn a_chain_of_tasks_that_own_each_others_handles_is_dropped_without_recursion() {
    struct Chain {
        #[expect(dead_code, reason = "it is dropped, that is enough")]
        next: Option<JoinHandle<Chain>>,
    }
    impl Future for Chain {
        type Output = Chain;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Chain> {
            Poll::Pending
        }
    }
    let local = Local::new(Board::default());
    let mut last = None;
    for _ in 0..MANY {
        last = Some(local.spawn(Chain { next: last }).cancel_on_drop());
    }
    local.tick();
    drop(last);
    drop(local);
}

#[test]
fn what_a_local_drops_ends_as_cancelled_newest_first() {
    let (local, log) = (Local::new(Board::default()), Log::default());
    let mut handles: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            let says = Says(log.clone(), name);
            local.spawn(async move {
                let _says = says;
                pending::<()>().await;
            })
        })
        .collect();
    local.tick();
    drop(local);
    assert_eq!(log.take(), ["c", "b", "a"]);
    for handle in &mut handles {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(Pin::new(handle).poll(&mut cx), Poll::Ready(Err(JoinError::Cancelled))));
    }
}

#[test]
fn a_waker_that_outlives_everything_does_nothing() {
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    let kept = Rc::new(RefCell::new(None));
    let slot = kept.clone();
    drop(local.spawn(poll_fn(move |cx| {
        *slot.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })));
    local.tick();
    let waker = kept.take().unwrap();
    drop(local);
    waker.wake_by_ref();
    assert_eq!(home.hooks().rings(), 0, "nobody is there to be rung");
    assert_eq!(Arc::strong_count(&home), 2, "the waker keeps the Home");
    let copy = waker.clone();
    waker.wake();
    drop(copy);
    assert_eq!(Arc::strong_count(&home), 1);
}

#[test]
fn a_home_is_let_go_with_its_last_handle() {
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    let handle = local.spawn(ready(1));
    let sleep = local.enter(|| after(Duration::from_secs(1)));
    local.tick();
    drop(local);
    assert_eq!(Arc::strong_count(&home), 2);
    drop(handle);
    assert_eq!(Arc::strong_count(&home), 2);
    drop(sleep);
    assert_eq!(Arc::strong_count(&home), 1);
}

/// What a Home says that it counts of its handles for everybody but its own thread: beside a constant.
fn counted_elsewhere(home: &Home<Board>) -> isize {
    let text = format!("{home:?}");
    let (_, count) = text.split_once("count: ").expect("it says so");
    let count: String = count.chars().take_while(char::is_ascii_digit).collect();
    count.parse::<usize>().unwrap().wrapping_sub(1 << (usize::BITS - 1)).cast_signed()
}

#[test]
fn handles_that_come_at_home_and_go_elsewhere_or_the_other_way_round_do_not_use_up_their_count() {
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    // Outside of `enter` is elsewhere, on this thread too.
    for _ in 0..200_000 {
        drop(local.enter(|| local.here()));
    }
    assert!(counted_elsewhere(&home) > -70_000, "{}", counted_elsewhere(&home));
    for _ in 0..400_000 {
        let handle = local.here();
        local.enter(|| drop(handle));
    }
    assert!(counted_elsewhere(&home).abs() < 70_000, "{}", counted_elsewhere(&home));
    let last = local.here();
    drop(local);
    assert_eq!(Arc::strong_count(&home), 2);
    drop(last);
    assert_eq!(Arc::strong_count(&home), 1);
}

#[test]
fn a_timer_that_outlives_its_local_finds_it_gone() {
    let local = Local::new(Board::default());
    let mut early = Box::pin(local.enter(|| after(Duration::from_secs(1))));
    let mut late = Box::pin(local.enter(|| after(Duration::from_secs(1))));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(early.as_mut().poll(&mut cx).is_pending());
    drop(local);
    assert_eq!(early.as_mut().poll(&mut cx), Poll::Ready(Err(NoContext)));
    assert_eq!(late.as_mut().poll(&mut cx), Poll::Ready(Err(NoContext)));
}

#[test]
fn a_forgotten_local_only_leaks() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let kept = Rc::new(RefCell::new(None));
    let slot = kept.clone();
    drop(local.spawn(poll_fn(move |cx| {
        *slot.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })));
    local.tick();
    mem::forget(local);
    let waker = kept.take().unwrap();
    waker.wake_by_ref();
    waker.wake();
    assert_eq!(board.rings(), 1);
}

#[test]
fn a_local_dropped_inside_another_ones_task_does_not_spawn_there() {
    struct Spawns(Rc<Cell<bool>>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            self.0.set(spawn(ready(())).is_err());
        }
    }
    let (inner, outer) = (Local::new(Board::default()), Local::new(Board::default()));
    let refused = Rc::new(Cell::new(false));
    let spawns = Spawns(refused.clone());
    drop(inner.spawn(async move {
        let _spawns = spawns;
        pending::<()>().await;
    }));
    let handle = outer.spawn(async move { drop(inner) });
    outer.tick();
    assert!(handle.is_finished() && refused.get());
}
