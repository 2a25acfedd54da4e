//! `after`, `at` and `with_timeout` on the wheel of the current Home.

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn, ready},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    error::{NoContext, TimeoutError},
    scope::{after, at, with_timeout},
    wait::Wait,
};
use tidemill_sched::{Local, spawn};

use crate::board::{Board, Log, Says};

const MS: Duration = Duration::from_millis(1);

#[test]
fn timers_fire_in_the_order_of_their_moments_and_never_early() {
    let (board, log) = (Board::default(), Log::default());
    let local = Local::new(board.clone());
    let mut park = board.virtual_time();
    local.run_with(
        pin!(async {
            let tasks: Vec<_> = [5, 1, 3, 1]
                .into_iter()
                .enumerate()
                .map(|(index, ms)| {
                    let (log, board) = (log.clone(), board.clone());
                    spawn(async move {
                        after(ms * MS).await.unwrap();
                        log.say(format!("{index} at {:?}", board.now()));
                    })
                    .unwrap()
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }),
        &mut park,
    );
    assert_eq!(log.take(), ["1 at +1ms", "3 at +1ms", "2 at +3ms", "0 at +5ms"]);
    let sleeps: Vec<_> = park.waits.iter().filter(|&&wait| wait != Wait::Poll).collect();
    assert_eq!(sleeps.len(), 3, "{:?}", park.waits);
}

#[test]
fn a_span_begins_at_the_call_and_a_moment_that_has_passed_is_no_reason_to_wait() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut park = board.virtual_time();
    local.run_with(
        pin!(async {
            let timer = after(10 * MS);
            board.advance(10 * MS);
            timer.await.unwrap();
            let mut polls = 0;
            let mut past = pin!(at(Instant::ORIGIN));
            poll_fn(|cx| {
                polls += 1;
                past.as_mut().poll(cx)
            })
            .await
            .unwrap();
            assert_eq!(polls, 1);
        }),
        &mut park,
    );
    // The span is found to be over by the wheel, in the same cycle.
    assert!(park.waits.iter().all(|&wait| wait == Wait::Poll), "{:?}", park.waits);
}

#[test]
fn without_an_executor_there_is_no_timer_and_no_panic() {
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(pin!(after(MS)).poll(&mut cx), Poll::Ready(Err(NoContext)));
    assert_eq!(pin!(at(Instant::FAR)).poll(&mut cx), Poll::Ready(Err(NoContext)));
    assert_eq!(pin!(with_timeout(MS, ready(3))).poll(&mut cx), Poll::Ready(Ok(3)));
    let timeout = pin!(with_timeout(MS, pending::<()>())).poll(&mut cx);
    assert_eq!(timeout, Poll::Ready(Err(TimeoutError::NoContext)));
}

#[test]
fn a_timer_made_outside_binds_to_the_executor_that_first_polls_it() {
    let board = Board::default();
    let local = Local::new(board.clone());
    board.advance(7 * MS);
    let timer = after(MS);
    assert_eq!(timer.deadline(), None);
    assert_eq!(local.run_with(pin!(timer), &mut board.virtual_time()), Ok(()));
    assert_eq!(board.now(), Instant::ORIGIN + 8 * MS);
}

#[test]
fn a_timeout_drops_what_was_too_slow_at_once_and_prefers_the_value() {
    let (board, log) = (Board::default(), Log::default());
    let local = Local::new(board.clone());
    let says = Says(log.clone(), "dropped");
    local.run_with(
        pin!(async {
            let mut slow = pin!(with_timeout(MS, async move {
                let _says = says;
                pending::<()>().await;
            }));
            assert_eq!(slow.as_mut().await, Err(TimeoutError::Elapsed));
            assert_eq!(log.take(), ["dropped"], "before the timeout itself is");
            // Both are ready in one poll: the clock has passed the moment, and the value is there.
            let ready = Rc::new(Cell::new(false));
            let (sets, board) = (ready.clone(), board.clone());
            let both = with_timeout(
                MS,
                poll_fn(move |_| if ready.get() { Poll::Ready(5) } else { Poll::Pending }),
            );
            let mut both = pin!(both);
            let first = poll_fn(|cx| Poll::Ready(both.as_mut().poll(cx))).await;
            assert_eq!(first, Poll::Pending);
            sets.set(true);
            board.advance(MS);
            assert_eq!(both.await, Ok(5));
        }),
        &mut board.virtual_time(),
    );
}

#[test]
fn a_dropped_timer_wakes_nobody_and_a_forgotten_one_harms_nobody() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut timers: Vec<_> = local.enter(|| (1..=3).map(|ms| Box::pin(after(ms * MS))).collect());
    for timer in &mut timers {
        assert!(timer.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!(local.tick(), Wait::Until(Instant::ORIGIN + MS));
    drop(timers.remove(0));
    assert_eq!(local.tick(), Wait::Until(Instant::ORIGIN + 2 * MS));
    std::mem::forget(timers.remove(0));
    board.advance(2 * MS);
    assert_eq!(local.tick(), Wait::Until(Instant::ORIGIN + 3 * MS));
    drop(local);
    assert_eq!(Pin::new(&mut timers[0]).poll(&mut cx), Poll::Ready(Err(NoContext)));
}
