//! Sequencers, and throttles whose slots hold resources: who has them, and what becomes of them at the end.

use std::{
    cell::{Cell, RefCell},
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    context::{Context, Monitor},
    error::ZeroCapacity,
    local::Ivar,
    scope::after,
    task::JoinHandle,
};
use tidemill_sched::{
    pace::{Aborted, Sequencer, Stopped, Throttle},
    spawn,
};

use crate::{
    bell::{self, Log},
    board::{self, yield_now},
    everywhere::{rest, within},
    pace::{SPAN, most, poll},
};

pub(crate) fn task<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<F::Output> {
    spawn(future).unwrap()
}

// async 87
#[test]
fn jobs_of_a_sequencer_have_its_value_one_at_a_time_in_the_order_in_which_they_came() {
    within(async |_| {
        let sequencer = Rc::new(Sequencer::owning(Vec::new()));
        let came = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let (sequencer, came) = (sequencer.clone(), came.clone());
                task(async move {
                    let job = sequencer.run_with(async |values: &mut Vec<_>| {
                        values.push(number);
                        for _ in 0..number % 3 {
                            yield_now().await;
                        }
                        after(SPAN * (number % 2)).await.expect("a clock");
                        values.push(number);
                        values.len()
                    });
                    came.borrow_mut().push(number);
                    job.await
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_ok_and(|len| len.is_multiple_of(2)));
        }
        let values = sequencer.run_with(async |values: &mut Vec<_>| std::mem::take(values)).await;
        let twice: Vec<_> = came.take().into_iter().flat_map(|number| [number, number]).collect();
        assert_eq!(values, Ok(twice));
    });
}

// async 90
#[test]
fn a_resource_is_never_used_by_two_jobs() {
    assert_eq!(Throttle::<Vec<u8>>::of_vec(vec![]).err(), Some(ZeroCapacity));
    within(async |_| {
        for (resources, jobs) in [1, 10, 100].map(|n| [1, 10, 1000].map(|m| (n, m))).concat() {
            let throttle = Rc::new(Throttle::of_vec((0..resources).collect()).unwrap());
            let used: Rc<Vec<_>> = Rc::new((0..resources).map(|_| Cell::new(false)).collect());
            let (peak, done) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            for number in 0..jobs {
                let (throttle, used) = (throttle.clone(), used.clone());
                let (peak, done) = (peak.clone(), done.clone());
                let job = async move {
                    let job = async |resource: &mut usize| {
                        assert!(!used[*resource].replace(true));
                        peak.set(peak.get().max(throttle.running()));
                        if number % 2 == 0 {
                            yield_now().await;
                        }
                        rest().await;
                        assert!(used[*resource].replace(false));
                        done.set(done.get() + 1);
                    };
                    throttle.run_with(job).await.unwrap();
                };
                task(job).detach();
            }
            rest().await;
            throttle.idle().await;
            assert_eq!((peak.get(), done.get()), (jobs.min(resources), jobs));
        }
    });
}

// async 88
#[test]
fn a_resource_is_cleaned_once_at_once_where_it_is_free_and_after_its_job_where_it_is_not() {
    within(async |_| {
        let throttle = Rc::new(Throttle::of(["free"; 3]));
        let (log, cleaned) = (board::Log::default(), Rc::new(Cell::new(false)));
        let cleaners = ["one", "other"].map(|cleaner| {
            let (throttle, log) = (throttle.clone(), log.clone());
            let ends = async move {
                let clean = async |resource| {
                    rest().await;
                    log.say(resource);
                };
                throttle.at_kill(clean).await;
                log.say("through");
                cleaner
            };
            task(ends)
        });
        let (all, done) = (throttle.clone(), cleaned.clone());
        let waits = task(async move {
            all.cleaned().await;
            done.set(true);
        });
        let (uses, gate) = (throttle.clone(), Rc::new(Ivar::<()>::new_in()));
        let opens = gate.clone();
        let runs = task(async move {
            uses.run_with(async |resource: &mut &str| {
                gate.read().await.unwrap();
                *resource = "used";
            })
            .await
        });
        rest().await;
        assert_eq!((log.take(), throttle.running()), (vec![], 1));
        throttle.kill();
        throttle.kill();
        for _ in 0..4 {
            rest().await;
        }
        assert_eq!((log.take(), cleaned.get()), (vec!["free".into(); 2], false));
        assert_eq!(throttle.run_with(async |_: &mut _| ()).await, Err(Aborted));
        opens.fill(()).unwrap();
        assert_eq!(runs.await.unwrap(), Ok(()));
        waits.await.unwrap();
        let mut words = log.take();
        words.sort();
        assert_eq!(words, ["through", "through", "used"]);
        assert!(cleaned.get());
        for (cleaner, name) in cleaners.into_iter().zip(["one", "other"]) {
            assert_eq!(cleaner.await.unwrap(), name);
        }
        throttle.at_kill(async |_| unreachable!("nothing is left")).await;
    });
}

#[test]
fn cleaned_waits_for_who_was_asked_to_clean_although_it_was_not_polled_and_not_for_who_was_dropped()
{
    let sequencer = Sequencer::owning(7);
    let seen = Cell::new(0);
    let mut cleans = Box::pin(sequencer.at_kill(async |value| seen.set(value)));
    let goes = sequencer.at_kill(async |_| ());
    let log = Log::default();
    let mut cleaned = pin!(sequencer.cleaned());
    assert!(bell::poll(cleaned.as_mut(), Waker::noop()).is_pending(), "it lives");
    assert!(poll(cleans.as_mut()).is_pending());
    sequencer.kill();
    assert!(bell::poll(cleaned.as_mut(), &log.bell("cleaned")).is_pending());
    drop(goes);
    assert_eq!(log.take(), ["cleaned"]);
    assert!(bell::poll(cleaned.as_mut(), &log.bell("cleaned")).is_pending());
    assert_eq!(poll(cleans.as_mut()), Poll::Ready(()));
    assert_eq!((seen.get(), log.take()), (7, vec!["cleaned".into()]));
    assert_eq!(poll(cleaned), Poll::Ready(()));

    // Nobody cleans, and a job runs on.
    let sequencer = Sequencer::owning(7);
    let mut job = Box::pin(sequencer.run_with(async |_: &mut u32| pending::<()>().await));
    assert!(poll(job.as_mut()).is_pending());
    sequencer.kill();
    let mut cleaned = pin!(sequencer.cleaned());
    assert!(bell::poll(cleaned.as_mut(), &log.bell("cleaned")).is_pending());
    drop(job);
    assert_eq!((log.take(), poll(cleaned)), (vec!["cleaned".into()], Poll::Ready(())));

    // A cleaner that is dropped half-way leaves the rest to the next one.
    let throttle = Throttle::of([1, 2]);
    let mut half = Box::pin(throttle.at_kill(async |_| pending().await));
    throttle.kill();
    assert!(poll(half.as_mut()).is_pending());
    drop(half);
    assert_eq!(poll(pin!(throttle.cleaned())), Poll::Ready(()));
    let rest = Cell::new(0);
    assert_eq!(poll(pin!(throttle.at_kill(async |value| rest.set(value)))), Poll::Ready(()));
    assert_eq!(rest.get(), 2);
}

// async 89
#[test]
fn a_failure_or_a_panic_leaves_the_value_as_it_is_and_kills_only_if_it_is_to() {
    let sequencer = Sequencer::owning(0);
    let mut lax = pin!(sequencer.run_with(async |value: &mut u32| {
        *value += 1;
        Err::<(), _>("of no concern")
    }));
    assert_eq!(poll(lax.as_mut()), Poll::Ready(Ok(Err("of no concern"))));
    let panics = || {
        poll(pin!(sequencer.run_with(async |value: &mut u32| {
            *value += 1;
            panic!("of the test")
        })))
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let well = sequencer.try_run_with(async |value: &mut u32| Ok::<_, &str>(*value));
    assert_eq!(poll(pin!(well)), Poll::Ready(Ok(2)));
    assert_eq!((sequencer.running(), sequencer.is_dead()), (0, false));
    let mut fails = pin!(sequencer.try_run_with(async |value: &mut u32| {
        *value += 1;
        Err::<(), _>("broken")
    }));
    let mut dropped =
        Box::pin(sequencer.try_run_with(async |_: &mut u32| pending::<Result<(), &str>>().await));
    assert!(poll(dropped.as_mut()).is_pending());
    assert!(poll(fails.as_mut()).is_pending());
    drop(dropped);
    assert!(!sequencer.is_dead(), "one that is dropped has not failed");
    let log = Log::default();
    let mut next = pin!(sequencer.run_with(async |_: &mut u32| ()));
    assert!(bell::poll(next.as_mut(), &log.bell("next")).is_pending());
    assert_eq!(poll(fails), Poll::Ready(Err(Stopped::Failed("broken"))));
    assert!(sequencer.is_dead());
    assert_eq!((log.take(), poll(next)), (vec!["next".into()], Poll::Ready(Err(Aborted))));
    let end = Cell::new(0);
    assert_eq!(poll(pin!(sequencer.at_kill(async |value| end.set(value)))), Poll::Ready(()));
    assert_eq!(end.get(), 3);
}

#[test]
fn what_a_job_holds_goes_before_the_next_one_is_let_in() {
    let log = Log::default();
    struct Says(Log);
    impl Drop for Says {
        fn drop(&mut self) {
            self.0.add("gone");
        }
    }
    // Dropped while it runs, dropped while it is granted and not polled again, and ended.
    for stage in ["runs", "granted", "ends"] {
        let sequencer = Sequencer::owning(());
        let mut before = Box::pin(sequencer.run_with(async |_: &mut ()| pending::<()>().await));
        if stage == "granted" {
            assert!(poll(before.as_mut()).is_pending());
        }
        let says = Says(log.clone());
        let mut job = Box::pin(sequencer.run_with(async move |_: &mut ()| {
            let _says = says;
            if stage == "runs" {
                pending::<()>().await;
            }
            yield_now().await;
        }));
        assert!(poll(job.as_mut()).is_pending());
        let mut next = Box::pin(sequencer.run_with(async |_: &mut ()| ()));
        assert!(bell::poll(next.as_mut(), &log.bell("next")).is_pending());
        match stage {
            "runs" => drop(job),
            "granted" => {
                drop(before);
                drop(job);
            }
            _ => assert_eq!(poll(job.as_mut()), Poll::Ready(Ok(()))),
        }
        assert_eq!(log.take(), ["gone", "next"], "{stage}");
        assert_eq!(poll(next.as_mut()), Poll::Ready(Ok(())));
    }
    let throttle = Throttle::new(most(1));
    let mut before = Box::pin(throttle.run(pending::<()>()));
    let says = Says(log.clone());
    let mut job = Box::pin(throttle.run(async move { drop(says) }));
    let mut next = Box::pin(throttle.run(async {}));
    assert!(poll(before.as_mut()).is_pending() && poll(job.as_mut()).is_pending());
    assert!(bell::poll(next.as_mut(), &log.bell("next")).is_pending());
    drop(before);
    drop(job);
    assert_eq!(log.take(), ["gone", "next"]);
}

// async 92
#[test]
fn nested_jobs_run_under_the_monitor_of_who_runs_them() {
    within(async |_| {
        let monitor = Monitor::top();
        let jobs = async {
            let sequencer = Rc::new(Sequencer::owning(0));
            for _ in 0..100 {
                let (next, begun) = (sequencer.clone(), Cell::new(None));
                let job = sequencer.run_with(async |depth: &mut u32| {
                    *depth += 1;
                    assert!(Context::current().monitor() == monitor, "none stands between");
                    // It comes in line inside this job, and starts when this one has ended.
                    let next = async move { next.run_with(async |depth: &mut u32| *depth).await };
                    begun.set(Some(task(next)));
                });
                assert_eq!(job.await, Ok(()));
                assert!(begun.take().unwrap().await.unwrap().is_ok());
            }
            sequencer.run_with(async |depth: &mut u32| *depth).await
        };
        let context = Context::current().with_monitor(monitor.clone());
        assert_eq!(context.within(jobs).await, Ok(100));
    });
}
