//! Pace: throttles, delayers, many jobs of one kind.

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::{error::NoContext, scope::after};
use tidemill_sched::{
    Local,
    pace::{Aborted, Delayer, How, Stopped, Throttle, for_each, map, try_map},
};

use crate::board::{Board, Log, yield_now};

const SPAN: Duration = Duration::from_millis(10);

fn most(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("not zero")
}

/// Runs `main` on a Local in virtual time.
fn run<F: Future>(main: impl FnOnce(Rc<Local<Board>>) -> F) -> F::Output {
    let board = Board::default();
    let local = Rc::new(Local::new(board.clone()));
    let main = main(local.clone());
    local.run_with(pin!(main), &mut board.virtual_time())
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

// async 87
#[test]
fn jobs_start_in_the_order_in_which_they_came_and_never_inside_the_call() {
    let log = Log::default();
    run(async |local| {
        let throttle = Rc::new(Throttle::new(most(2)));
        let jobs: Vec<_> = (0..100)
            .map(|number| {
                let (throttle, log) = (throttle.clone(), log.clone());
                local.spawn(async move {
                    let running = throttle.clone();
                    let job = async {
                        log.say(format!("{number}"));
                        assert!((1..=2).contains(&running.running()));
                        for _ in 0..number % 3 {
                            yield_now().await;
                        }
                        number
                    };
                    let job = throttle.run(job);
                    assert_ne!(
                        log.take().last(),
                        Some(&format!("{number}")),
                        "not inside the call"
                    );
                    job.await
                })
            })
            .collect();
        let mut done = Vec::new();
        for job in jobs {
            done.push(job.await.expect("no panic"));
        }
        assert_eq!(done, (0..100).map(Ok).collect::<Vec<_>>());
        assert_eq!((throttle.running(), throttle.waiting()), (0, 0));
    });
}

// async 87, async 90
#[test]
fn at_most_so_many_run_at_a_time_and_each_start_is_counted() {
    for limit in [1, 3, 10] {
        run(async |local| {
            let throttle = Rc::new(Throttle::new(most(limit)));
            let (now, peak) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let starts = Rc::new(RefCell::new(Vec::new()));
            let jobs: Vec<_> = (0..50)
                .map(|number| {
                    let (throttle, now, peak) = (throttle.clone(), now.clone(), peak.clone());
                    let starts = starts.clone();
                    local.spawn(async move {
                        let job = async {
                            starts.borrow_mut().push(number);
                            now.set(now.get() + 1);
                            peak.set(peak.get().max(now.get()));
                            after(SPAN * (number % 4)).await.expect("a clock");
                            now.set(now.get() - 1);
                        };
                        throttle.run(job).await
                    })
                })
                .collect();
            throttle.idle().await;
            for job in jobs {
                assert_eq!(job.await.expect("no panic"), Ok(()));
            }
            throttle.idle().await;
            assert_eq!(peak.get(), limit);
            assert_eq!(*starts.borrow(), (0..50).collect::<Vec<_>>());
        });
    }
}

// async 88
#[test]
fn a_killed_throttle_lets_those_that_run_finish_and_aborts_all_others() {
    let throttle = Throttle::new(most(1));
    let gate = Gate::default();
    let mut runs = pin!(throttle.run(gate.wait()));
    let mut waits = pin!(throttle.run(async { unreachable!("it does not start") }));
    let mut new = pin!(throttle.run(async { unreachable!("it does not start") }));
    assert!(poll(runs.as_mut()).is_pending() && poll::<_>(waits.as_mut()).is_pending());
    assert_eq!((throttle.running(), throttle.waiting()), (1, 1));
    for _ in 0..2 {
        throttle.kill();
        assert!(throttle.is_dead());
        assert_eq!((throttle.running(), throttle.waiting()), (1, 0));
    }
    assert_eq!(poll(waits.as_mut()), Poll::<Result<(), _>>::Ready(Err(Aborted)));
    assert_eq!(poll(new.as_mut()), Poll::<Result<(), _>>::Ready(Err(Aborted)));
    gate.0.set(true);
    assert_eq!(poll(runs.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(throttle.running(), 0);
}

/// Lets through once it is set.
#[derive(Clone, Default)]
struct Gate(Rc<Cell<bool>>);

impl Gate {
    fn wait(&self) -> impl Future<Output = ()> + use<> {
        let open = self.0.clone();
        std::future::poll_fn(move |_| if open.get() { Poll::Ready(()) } else { Poll::Pending })
    }
}

// async 89
#[test]
fn the_first_failure_of_a_strict_job_kills_the_throttle_and_one_of_others_does_not() {
    let throttle = Throttle::new(most(1));
    let mut lax = pin!(throttle.run(async { Err::<(), _>("of no concern") }));
    assert_eq!(poll(lax.as_mut()), Poll::Ready(Ok(Err("of no concern"))));
    assert!(!throttle.is_dead());
    let mut well = pin!(throttle.try_run(async { Ok::<_, &str>(1) }));
    assert_eq!(poll(well.as_mut()), Poll::Ready(Ok(1)));
    assert!(!throttle.is_dead());
    let mut fails = pin!(throttle.try_run(async { Err::<(), _>("broken") }));
    assert_eq!(poll(fails.as_mut()), Poll::Ready(Err(Stopped::Failed("broken"))));
    assert!(throttle.is_dead());
    let mut late = pin!(throttle.try_run(async { Ok::<(), &str>(()) }));
    assert_eq!(poll(late.as_mut()), Poll::Ready(Err(Stopped::Aborted)));
}

#[test]
fn a_panic_gives_the_slot_back_and_kills_only_if_strict() {
    let throttle = Throttle::new(most(1));
    let panics = || async { panic!("of the test") };
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(pin!(throttle.run(panics())))));
    assert!(panicked.is_err());
    assert_eq!((throttle.running(), throttle.is_dead()), (0, false));
    let strict = || async { throttle.try_run::<(), (), _>(async { panic!("of the test") }).await };
    assert!(catch_unwind(AssertUnwindSafe(|| poll(pin!(strict())))).is_err());
    assert_eq!((throttle.running(), throttle.is_dead()), (0, true));
}

#[test]
fn jobs_that_are_dropped_leave_their_place_or_their_slot_to_the_next() {
    let throttle = Throttle::new(most(1));
    let mut runs = Box::pin(throttle.run(pending::<()>()));
    let mut goes = Box::pin(throttle.run(async {}));
    let mut second = Box::pin(throttle.run(async {}));
    let mut third = Box::pin(throttle.run(async {}));
    assert!(poll(runs.as_mut()).is_pending());
    assert!(poll(goes.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    assert!(poll(third.as_mut()).is_pending());
    assert_eq!(throttle.waiting(), 3);
    drop(goes);
    assert_eq!(throttle.waiting(), 2);
    // The slot is the second's now, which is not polled again.
    drop(runs);
    assert_eq!((throttle.running(), throttle.waiting()), (1, 1));
    let mut late = pin!(throttle.run(async {}));
    assert!(poll(late.as_mut()).is_pending(), "nobody overtakes");
    drop(second);
    assert_eq!(poll(third.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(poll(late.as_mut()), Poll::Ready(Ok(())));
    assert_eq!((throttle.running(), throttle.waiting()), (0, 0));
}

// async 92
#[test]
fn a_job_may_kill_its_own_throttle_and_who_waits_for_room_is_told() {
    run(async |local| {
        let throttle = Rc::new(Throttle::new(most(1)));
        let (killer, waiter, room) = (throttle.clone(), throttle.clone(), throttle.clone());
        let kills = local.spawn(async move {
            let job = async {
                yield_now().await;
                killer.kill();
                7
            };
            killer.run(job).await
        });
        let waits = local.spawn(async move { waiter.run(async {}).await });
        let room = local.spawn(async move { room.capacity_available().await });
        assert_eq!(waits.await.expect("no panic"), Err(Aborted));
        room.await.expect("no panic");
        assert_eq!(kills.await.expect("no panic"), Ok(7));
        throttle.idle().await;
    });
}

// async 86
#[test]
fn delayed_jobs_start_in_the_order_in_which_they_were_scheduled() {
    let log = Log::default();
    run(async |local| {
        let delayer = Rc::new(Delayer::new(SPAN));
        let jobs: Vec<_> = (0..5)
            .map(|number| {
                let (delayer, log) = (delayer.clone(), log.clone());
                local.spawn(async move {
                    let job = delayer.schedule(|| async {
                        log.say(format!("start {number}"));
                        after(SPAN * (5 - number)).await.expect("a clock");
                        log.say(format!("end {number}"));
                        number
                    });
                    job.await
                })
            })
            .collect();
        for (number, job) in (0..).zip(jobs) {
            assert_eq!(job.await.expect("no panic"), Ok(number), "each gets its own result");
        }
    });
    let starts = ["start 0", "start 1", "start 2", "start 3", "start 4"];
    let ends = ["end 4", "end 3", "end 2", "end 1", "end 0"];
    assert_eq!(log.take(), [starts, ends].concat());
}

#[test]
fn a_delayed_job_that_is_dropped_holds_nobody_up() {
    run(async |_local| {
        let delayer = Delayer::new(SPAN);
        let never = || async { unreachable!("dropped before") };
        let mut first = Box::pin(delayer.schedule(never));
        let mut let_go = Box::pin(delayer.schedule(never));
        let mut last = pin!(delayer.schedule(|| async { 3 }));
        assert!(poll::<_>(first.as_mut()).is_pending());
        assert!(poll::<_>(let_go.as_mut()).is_pending() && poll(last.as_mut()).is_pending());
        after(SPAN * 2).await.expect("a clock");
        // Both behind the first are due, and wait for it.
        assert!(poll::<_>(let_go.as_mut()).is_pending() && poll(last.as_mut()).is_pending());
        drop::<Pin<Box<dyn Future<Output = Result<(), NoContext>>>>>(first);
        // Now it is the second's turn, which is not polled again.
        assert!(poll(last.as_mut()).is_pending(), "only one is let go at a time");
        drop::<Pin<Box<dyn Future<Output = Result<(), NoContext>>>>>(let_go);
        assert_eq!(last.await, Ok(3));
    });
}

#[test]
fn a_delayer_without_an_executor_says_so() {
    let delayer = Delayer::new(SPAN);
    let job = pin!(delayer.schedule(|| async { unreachable!("it does not start") }));
    assert_eq!(poll::<_>(job), Poll::<Result<(), _>>::Ready(Err(NoContext)));
}

// async 30
#[test]
fn many_jobs_run_so_many_at_a_time_and_their_results_are_in_order() {
    let hows = [How::Sequential, How::Parallel];
    let hows = hows.into_iter().chain((1..=10).map(|limit| How::Max(most(limit))));
    for (how, len) in hows.flat_map(|how| (0..=8_usize).map(move |len| (how, len))) {
        let (now, peak, starts) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
        let values = run(async |_local| {
            let job = async |number: usize| {
                starts.borrow_mut().push(number);
                now.set(now.get() + 1);
                peak.set(peak.get().max(now.get()));
                after(SPAN * (len - number) as u32).await.expect("a clock");
                now.set(now.get() - 1);
                number * 10
            };
            map(how, 0..len, job).await
        });
        let limit = match how {
            How::Sequential => 1,
            How::Parallel => len,
            How::Max(limit) => limit.get(),
        };
        assert_eq!(values, (0..len).map(|number| number * 10).collect::<Vec<_>>());
        assert_eq!(peak.get(), limit.min(len), "{how:?} of {len}");
        assert_eq!(*starts.borrow(), (0..len).collect::<Vec<_>>());
    }
}

// async 31
#[test]
fn the_first_failure_of_many_ends_them_and_no_other_starts() {
    let starts = RefCell::new(Vec::new());
    let told = run(async |_local| {
        let job = async |number: usize| {
            starts.borrow_mut().push(number);
            yield_now().await;
            if number == 2 { Err(number) } else { Ok(()) }
        };
        try_map(How::Max(most(2)), 0..10, job).await
    });
    assert_eq!(told, Err(2));
    assert_eq!(*starts.borrow(), [0, 1, 2, 3]);
}

#[test]
fn each_of_many_is_visited_once() {
    let sum = run(async |_local| {
        let sum = Cell::new(0);
        for_each(How::Parallel, 1..=4, async |number| sum.set(sum.get() + number)).await;
        sum.get()
    });
    assert_eq!(sum, 10);
}
