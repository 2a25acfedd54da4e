//! Work that is done again and again, timeouts by reference, timers of the current Home, and simulated time.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    future::{pending, poll_fn, ready},
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    context::{Context, Monitor},
    error::{NoContext, NotFired, Previously, TimeoutError, ZeroSpan},
    ivar::Ivar,
    scope::{after, timer, timer_at, with_timeout},
    time::{Simulated, Sleep, TimeSource, TimerStatus, Wheel},
};
use tidemill_sched::{
    pace::{every, intervals},
    spawn,
};

use crate::{
    board::{Log, Says, yield_now},
    everywhere::{Place, everywhere, in_order, rest, within},
};

const MS: Duration = Duration::from_millis(1);

// async 76
#[test]
fn every_stops_before_the_next_run_and_lets_go_of_what_it_runs() {
    within(async |place| {
        let log = Log::default();
        let stop = Rc::new(Ivar::<()>::new());
        let runs = spawn({
            let (stop, log, says) = (stop.clone(), log.clone(), Says(log.clone(), "gone"));
            async move {
                let until = async { stop.read().await.is_ok() };
                let run = async || {
                    let _uses = &says;
                    log.say("run");
                };
                let ran = every(10 * MS).unwrap().until(until).run(run).await;
                drop(says);
                log.say("finished");
                ran
            }
        })
        .unwrap();
        after(25 * MS).await.unwrap();
        assert_eq!(log.take(), ["run", "run", "run"]);
        stop.fill(()).unwrap();
        assert_eq!(runs.await.unwrap(), Ok(()));
        assert_eq!(
            (log.take(), place.now()),
            (vec!["gone".into(), "finished".into()], Instant::ORIGIN + 25 * MS)
        );
        // Stopped before the first run.
        every(MS).unwrap().until(ready(())).run(async || log.say("never")).await.unwrap();
        assert_eq!(log.take(), [""; 0]);
    });
}

// async 77
#[test]
fn an_error_ends_the_runs_or_is_told_and_they_go_on() {
    within(async |place| {
        let count = Cell::new(0);
        let fails = async || {
            count.set(count.get() + 1);
            Err(count.get())
        };
        assert_eq!(every(MS).unwrap().try_run(fails).await, Ok(Err(1)));
        assert_eq!(place.now(), Instant::ORIGIN);
        let errors = RefCell::new(Vec::new());
        let until =
            poll_fn(|_| if errors.borrow().len() < 100 { Poll::Pending } else { Poll::Ready(()) });
        let told = |error| errors.borrow_mut().push(error);
        every(MS).unwrap().until(until).run_or(fails, told).await.unwrap();
        assert_eq!(*errors.borrow(), (2..102).collect::<Vec<_>>());
    });
}

/// The moments in ms at which runs of 0, 3, 25 and 5 ms begin.
async fn begins(place: &Place, grid: bool) -> Vec<u128> {
    let (begins, running) = (RefCell::new(Vec::new()), Cell::new(false));
    let start = place.now();
    let run = async || {
        assert!(!running.replace(true), "never two at a time");
        let round = begins.borrow().len();
        begins.borrow_mut().push((place.now() - start).as_millis());
        after([0, 3, 25, 5, 0][round] * MS).await.unwrap();
        running.set(false);
    };
    let until =
        poll_fn(|_| if begins.borrow().len() < 5 { Poll::Pending } else { Poll::Ready(()) });
    let pace = if grid { intervals(10 * MS) } else { every(10 * MS) };
    pace.unwrap().until(until).run(run).await.unwrap();
    begins.take()
}

// async 78
#[test]
fn every_counts_from_the_end_of_a_run_and_intervals_keep_to_their_grid() {
    within(async |place| {
        place.hooks().clock().advance(7 * MS);
        assert_eq!(begins(place, false).await, [0, 10, 23, 58, 73]);
        assert_eq!(begins(place, true).await, [0, 10, 20, 50, 60], "30 and 40 are skipped");
    });
}

// async 83
#[test]
fn intervals_below_a_millisecond_are_kept() {
    within(async |place| {
        let count = Cell::new(0);
        let stop = after(100 * MS);
        let run = async || count.set(count.get() + 1);
        intervals(Duration::from_micros(200)).unwrap().until(stop).run(run).await.unwrap();
        assert_eq!((count.get(), place.now()), (500, Instant::ORIGIN + 100 * MS));
    });
}

// async 80
#[test]
fn a_span_of_zero_is_refused_and_without_an_executor_nothing_runs() {
    assert_eq!(every(Duration::ZERO).err(), Some(ZeroSpan));
    assert_eq!(intervals(Duration::ZERO).err(), Some(ZeroSpan));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let run = pin!(every(MS).unwrap().run(async || unreachable!()));
    assert_eq!(run.poll(&mut cx), Poll::Ready(Err(NoContext)));
    assert_eq!(timer(MS).err(), Some(NoContext));
}

// async 81
#[test]
fn a_timeout_of_nothing_prefers_the_value_and_a_value_leaves_no_timer() {
    async fn timeouts(rounds: u32) {
        assert_eq!(with_timeout(Duration::ZERO, ready(1)).await, Ok(1));
        assert_eq!(with_timeout(Duration::ZERO, pending::<()>()).await, Err(TimeoutError::Elapsed));
        for round in 0..rounds {
            let mut polled = false;
            let late = poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if std::mem::replace(&mut polled, true) {
                    Poll::Ready(round)
                } else {
                    Poll::Pending
                }
            });
            assert_eq!(with_timeout(1000 * MS, late).await, Ok(round));
        }
    }
    within(async |_| timeouts(1000).await);
    in_order(|place| {
        place.run_with(pin!(timeouts(1_000_000)));
        place.run_all();
        assert_eq!(place.now(), Instant::ORIGIN, "no timer was left to wait for");
    });
}

// async 82
#[test]
fn a_future_given_by_reference_is_there_after_its_timeout() {
    within(async |place| {
        let log = Log::default();
        let says = Says(log.clone(), "dropped");
        let mut slow = pin!(async {
            let _says = says;
            after(10 * MS).await.unwrap();
            7
        });
        assert_eq!(with_timeout(3 * MS, slow.as_mut()).await, Err(TimeoutError::Elapsed));
        assert_eq!(with_timeout(3 * MS, &mut slow).await, Err(TimeoutError::Elapsed));
        assert_eq!((log.take(), place.now()), (vec![], Instant::ORIGIN + 6 * MS));
        assert_eq!((slow.await, place.now()), (7, Instant::ORIGIN + 10 * MS));
        assert_eq!(log.take(), ["dropped"]);
    });
}

// async 72, 75
#[test]
fn a_timer_of_the_current_home_is_called_off_and_moved_by_another_task() {
    within(async |place| {
        let log = Log::default();
        let timer = Rc::pin(timer(10 * MS).unwrap());
        let waits = spawn({
            let (timer, log, home) = (timer.clone(), log.clone(), place.shared());
            async move {
                let fired = timer.as_ref().fired().await;
                // It calls itself off: too late.
                log.say(format!("{:?} {:?}", home.hooks().now(), timer.as_ref().abort()));
                fired
            }
        })
        .unwrap();
        after(5 * MS).await.unwrap();
        assert_eq!(timer.as_ref().reschedule_after(20 * MS), Ok(()));
        assert_eq!(waits.await.unwrap(), Ok(()));
        assert_eq!(log.take(), ["+25ms Err(Happened)"]);

        let off = Rc::pin(timer_at(place.now() + MS).unwrap());
        let waits = spawn({
            let off = off.clone();
            async move { off.as_ref().fired().await }
        })
        .unwrap();
        yield_now().await;
        assert_eq!(
            (off.as_ref().abort(), off.as_ref().abort()),
            (Ok(()), Err(Previously::Aborted))
        );
        assert_eq!(waits.await.unwrap(), Err(NotFired::Aborted));
        assert_eq!(
            (off.as_ref().status(), place.now()),
            (TimerStatus::Aborted, Instant::ORIGIN + 25 * MS)
        );
    });
}

// async 75
#[test]
fn a_panic_at_the_moment_of_a_timer_is_told_to_the_monitor_and_the_timer_has_happened() {
    within(async |place| {
        let monitor = Monitor::top();
        let mut errors = monitor.detach();
        let timer = Rc::pin(timer(10 * MS).unwrap());
        let waits = {
            let timer = timer.clone();
            async move {
                timer.as_ref().fired().await.unwrap();
                panic!("of the test");
            }
        };
        Context::current().with_monitor(monitor).run(|| spawn(waits).unwrap().detach());
        let report = errors.next().await.unwrap();
        assert!(report.fault().to_string().contains("of the test"));
        // Its moment has come, whatever comes of that: in Async it would still be scheduled.
        assert_eq!(timer.as_ref().status(), TimerStatus::Happened);
        assert_eq!(
            (timer.as_ref().abort(), place.now()),
            (Err(Previously::Happened), Instant::ORIGIN + 10 * MS)
        );
    });
}

#[test]
fn slack_lets_sleepers_share_a_wake() {
    within(async |place| {
        let moments = Rc::new(RefCell::new(BTreeSet::new()));
        let tasks: Vec<_> = (0..100)
            .map(|index| {
                let (home, moments) = (place.shared(), moments.clone());
                let task = async move {
                    let due = home.hooks().now() + 10 * MS + index * MS / 100;
                    after(10 * MS + index * MS / 100).with_slack(8 * MS).await.unwrap();
                    let now = home.hooks().now();
                    assert!((due..=due + 8 * MS).contains(&now));
                    moments.borrow_mut().insert(now);
                };
                spawn(task).unwrap()
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let wakes = moments.borrow().len();
        assert!(wakes <= 2, "{wakes} wakes for 100 sleepers");
    });
}

// async 84
#[test]
fn simulated_time_runs_tasks_between_alarms_or_after_all_of_them() {
    let trace = |place: &Place, by_alarms: bool| {
        let log = Log::default();
        let (wheel, clock) = (Rc::new(Wheel::new()), Rc::new(ManualClock::new()));
        for (name, step) in [("a", 100), ("b", 70)] {
            let (wheel, clock, log) = (wheel.clone(), clock.clone(), log.clone());
            let task = async move {
                for _ in 0..3 {
                    let source = TimeSource::new(&*wheel, &*clock);
                    Sleep::after(source, Duration::from_nanos(step)).await.unwrap();
                    log.say(format!("{name}{}", clock.now().as_nanos()));
                }
            };
            place.spawn(task).detach();
        }
        place.run_all();
        let (time, to) = (Simulated::new(&wheel, &clock), Instant::from_nanos(250));
        let fired = if by_alarms {
            time.advance_by_alarms(to, || place.run_all())
        } else {
            let fired = time.advance_directly(to);
            place.run_all();
            fired
        };
        assert_eq!((clock.now(), time.fire_past_alarms()), (to, 0));
        (fired, log.take())
    };
    everywhere(|place| {
        let words = ["b70", "a100", "b140", "a200", "b210"].map(String::from);
        assert_eq!(trace(place, true), (5, words.into()));
        let (fired, mut words) = trace(place, false);
        words.sort();
        assert_eq!((fired, words), (2, ["a250", "b250"].map(String::from).into()));
    });
}

// async 84
#[test]
fn simulated_time_is_moved_from_inside_a_task() {
    within(async |_| {
        let log = Log::default();
        let (wheel, clock) = (Rc::new(Wheel::new()), Rc::new(ManualClock::new()));
        let sleeper = spawn({
            let (wheel, clock, log) = (wheel.clone(), clock.clone(), log.clone());
            async move {
                for _ in 0..2 {
                    Sleep::after(TimeSource::new(&*wheel, &*clock), MS).await.unwrap();
                    log.say(format!("{:?}", clock.now()));
                }
            }
        })
        .unwrap();
        rest().await;
        let time = Simulated::new(&wheel, &clock);
        let fired = time.advance_by_alarms_within(Instant::ORIGIN + 5 * MS, rest).await;
        sleeper.await.unwrap();
        assert_eq!((fired, log.take()), (2, vec!["+1ms".into(), "+2ms".into()]));
    });
}
