//! Throttles: at most so many jobs at a time, in order, until they are killed.

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

use tidemill_core::scope::after;
use tidemill_sched::{
    pace::{Aborted, Stopped, Throttle},
    spawn,
};

use crate::{
    board::yield_now,
    everywhere::{in_order, rest, within},
};

pub(crate) const SPAN: Duration = Duration::from_millis(10);

pub(crate) fn most(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("not zero")
}

/// Polls once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Has 100 tasks run a job each in a throttle of `limit`. Says in which order they came in line, and in which order the jobs started.
async fn a_hundred_jobs(limit: usize) -> (Vec<u32>, Vec<u32>) {
    let throttle = Rc::new(Throttle::new(most(limit)));
    let came = Rc::new(RefCell::new(Vec::new()));
    let started = Rc::new(RefCell::new(Vec::new()));
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let (throttle, came, started) = (throttle.clone(), came.clone(), started.clone());
            let task = async move {
                let job = async {
                    started.borrow_mut().push(number);
                    assert!((1..=limit).contains(&throttle.running()));
                    for _ in 0..number % 3 {
                        yield_now().await;
                    }
                    number
                };
                let job = throttle.run(job);
                came.borrow_mut().push(number);
                assert!(!started.borrow().contains(&number), "not inside the call");
                job.await
            };
            spawn(task).unwrap()
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), Ok(number));
    }
    assert_eq!((throttle.running(), throttle.waiting()), (0, 0));
    (came.take(), started.take())
}

// async 87
#[test]
fn jobs_start_in_the_order_in_which_they_came_and_never_inside_the_call() {
    within(async |_| {
        let (came, started) = a_hundred_jobs(1).await;
        assert_eq!(started, came);
        let (came, mut started) = a_hundred_jobs(3).await;
        // Who has a slot starts at its next turn, and of three that have one any may have its turn first.
        for (at, number) in started.iter().enumerate() {
            assert!(
                came.iter().position(|other| other == number).is_some_and(|came| came <= at + 2)
            );
        }
        started.sort();
        assert_eq!(started, (0..100).collect::<Vec<_>>());
    });
    // Where turns are first in first out, starts are.
    in_order(|place| {
        let (came, started) = place.run_with(pin!(a_hundred_jobs(3)));
        assert_eq!(started, came);
    });
}

// async 87, async 90
#[test]
fn at_most_so_many_run_at_a_time_and_each_start_is_counted() {
    within(async |_| {
        for limit in [1, 3, 10] {
            let throttle = Rc::new(Throttle::new(most(limit)));
            let (now, peak) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let starts = Rc::new(Cell::new(0));
            let jobs: Vec<_> = (0..50)
                .map(|number| {
                    let (throttle, now, peak) = (throttle.clone(), now.clone(), peak.clone());
                    let starts = starts.clone();
                    let task = async move {
                        let job = async {
                            starts.set(starts.get() + 1);
                            now.set(now.get() + 1);
                            peak.set(peak.get().max(now.get()));
                            after(SPAN * (number % 4)).await.expect("a clock");
                            now.set(now.get() - 1);
                        };
                        throttle.run(job).await
                    };
                    spawn(task).unwrap()
                })
                .collect();
            for job in jobs {
                assert_eq!(job.await.expect("no panic"), Ok(()));
            }
            throttle.idle().await;
            assert_eq!((peak.get(), starts.get()), (limit, 50));
        }
    });
}

#[test]
fn who_waits_for_a_throttle_to_be_idle_is_told_when_the_last_job_has_ended() {
    within(async |place| {
        let throttle = Rc::new(Throttle::new(most(2)));
        let begun = place.now();
        for number in 1..=5 {
            let throttle = throttle.clone();
            let job = async move { throttle.run(async { after(SPAN * number).await }).await };
            spawn(job).unwrap().detach();
        }
        rest().await;
        assert_eq!((throttle.running(), throttle.waiting()), (2, 3));
        throttle.idle().await;
        assert_eq!((throttle.running(), throttle.waiting()), (0, 0));
        // 15 spans of work by two: whoever comes first, it takes no less than the half of it, and not all of it.
        assert!((SPAN * 8..=SPAN * 10).contains(&(place.now() - begun)));
    });
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
    within(async |_| {
        let throttle = Rc::new(Throttle::new(most(1)));
        let kills = {
            let throttle = throttle.clone();
            let job = async move {
                let job = async {
                    rest().await;
                    throttle.kill();
                    7
                };
                throttle.run(job).await
            };
            spawn(job).unwrap()
        };
        while throttle.running() == 0 {
            yield_now().await;
        }
        let (waiter, room) = (throttle.clone(), throttle.clone());
        let waits = spawn(async move { waiter.run(async {}).await }).unwrap();
        let room = spawn(async move { room.capacity_available().await }).unwrap();
        assert_eq!(waits.await.expect("no panic"), Err(Aborted));
        room.await.expect("no panic");
        assert_eq!(kills.await.expect("no panic"), Ok(7));
        throttle.idle().await;
    });
}
