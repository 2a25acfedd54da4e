//! How many there may be: tasks, wakers and turns without a cap, and what each of them takes.

use std::{
    cell::{Cell, RefCell},
    env,
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::{Poll, Waker},
};

use tidemill_core::{
    context::Here,
    local::Ivar,
    scope::After,
    task::{JoinHandle, yield_now},
    time::{Sleep, Timer},
    wait::Wait,
};
use tidemill_sched::{Home, Local, spawn};

use crate::{
    alloc::{allocations, live_bytes},
    board::Board,
};

/// More where it was asked for.
fn deep() -> bool {
    env::var_os("TIDEMILL_DEPTH").is_some_and(|depth| depth == "full")
}

/// Runs until nobody can go on.
fn settle(local: &Local<Board>) {
    while local.tick() == Wait::Poll {}
}

#[test]
fn a_local_holds_more_than_a_million_live_tasks_wakes_each_and_ends_them_all() {
    let count: u32 = if deep() { 4_400_000 } else { 1_100_000 };
    let local = Local::new(Board::default());
    let wakers = Rc::new(RefCell::new(Vec::with_capacity(count as usize)));
    let ended = Rc::new(Cell::new(0));
    for _ in 0..count {
        let (slots, ended, mut polled) = (wakers.clone(), ended.clone(), false);
        drop(local.spawn(poll_fn(move |cx| {
            if std::mem::replace(&mut polled, true) {
                ended.set(ended.get() + 1);
                return Poll::Ready(());
            }
            slots.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })));
    }
    settle(&local);
    assert_eq!((local.live(), local.tasks().count()), (count as usize, count as usize));
    wakers.take().into_iter().for_each(Waker::wake);
    settle(&local);
    assert_eq!((local.live(), ended.get()), (0, count));
}

#[test]
fn a_task_has_hundreds_of_thousands_of_wakers_from_home_and_elsewhere_and_goes_with_the_last() {
    const MANY: usize = 200_000;
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    let (slot, polls) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(0)));
    let (first, count) = (slot.clone(), polls.clone());
    drop(local.spawn(poll_fn(move |cx| {
        first.set(Some(cx.waker().clone()));
        count.set(count.get() + 1);
        Poll::<()>::Pending
    })));
    settle(&local);
    let waker = slot.take().unwrap();
    let clones = |waker: &Waker| -> Vec<Waker> { (0..MANY).map(|_| waker.clone()).collect() };
    let mut wakers = local.enter(|| clones(&waker));
    let elsewhere = std::thread::spawn(move || clones(&waker)).join().unwrap();
    wakers.extend(elsewhere);
    for by_home in [true, false] {
        let half = wakers.split_off(wakers.len() / 2);
        for waker in half.iter().step_by(1000) {
            waker.wake_by_ref();
            settle(&local);
        }
        // Those of elsewhere go at home, those of home elsewhere.
        if by_home {
            local.enter(|| drop(half));
        } else {
            std::thread::spawn(move || drop(half)).join().unwrap();
        }
    }
    assert_eq!(polls.get(), 1 + MANY / 1000 + MANY / 2 / 1000);
    assert_eq!((local.live(), wakers.len()), (1, MANY / 2));
    drop((local, slot.take()));
    assert_eq!(
        Arc::strong_count(&home),
        2,
        "the wakers that are left keep the task, and it the Home"
    );
    wakers.into_iter().for_each(drop);
    assert_eq!(Arc::strong_count(&home), 1);
}

// async 12
#[test]
fn two_million_awaits_of_a_task_one_after_the_other_take_the_memory_of_one() {
    let local = Local::new(Board::default());
    let rounds = Rc::new(Cell::new(0_u32));
    let count = rounds.clone();
    drop(local.spawn(async move {
        while count.get() < 2_000_000 {
            if count.get().is_multiple_of(2) {
                yield_now().await;
            } else {
                let ivar = Ivar::new_in();
                ivar.fill(1_u32).unwrap();
                ivar.read().await.unwrap();
            }
            count.set(count.get() + 1);
        }
    }));
    let _ = local.tick();
    let before = live_bytes();
    assert_eq!(allocations(|| settle(&local)), 0);
    assert_eq!((rounds.get(), local.live()), (2_000_000, 0));
    assert!(live_bytes() <= before);
}

#[test]
fn a_chain_in_which_each_task_makes_the_next_and_ends_takes_the_memory_of_two() {
    /// The tail of a loop is a task of its own, which nobody awaits.
    fn next(count: Rc<Cell<u32>>, end: u32) -> JoinHandle<()> {
        let made = spawn(async move {
            count.set(count.get() + 1);
            if count.get() < end {
                next(count, end).detach();
            }
        });
        made.unwrap()
    }
    let end = if deep() { 2_000_000 } else { 200_000 };
    let local = Local::new(Board::default());
    let rounds = Rc::new(Cell::new(0));
    local.enter(|| next(rounds.clone(), end)).detach();
    let _ = local.tick();
    let before = live_bytes();
    assert_eq!(allocations(|| settle(&local)), 0);
    assert_eq!((rounds.get(), local.live()), (end, 0));
    assert!(live_bytes() <= before);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_live_timer_takes_ninety_six_bytes_at_most() {
    let sizes = [size_of::<Sleep<Here>>(), size_of::<After>(), size_of::<Timer<Here>>()];
    assert!(sizes.iter().all(|&size| size <= 96), "{sizes:?}");
}
