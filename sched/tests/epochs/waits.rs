//! Waits for values where nothing can be awaited: the executor runs meanwhile, on top of the frame that waits.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidemill_core::{
    clock::Instant,
    epoch::Async,
    kernel::{WaitError, compute},
    scope::after,
    task::{Attributes, Drive, Undone, spawn_send},
    wait::{Park, Wait},
};
use tidemill_sched::{
    Local,
    debug::{DebugScheduler, Order, Virtual},
};

use crate::{
    anywhere::{Place, anywhere},
    board::yield_now,
    everywhere::{everywhere, in_order},
    kernels::{Value, Why, end, start},
};

/// The names of those who are blocked, sorted.
fn blocked<T>(waited: Result<T, WaitError<Why>>) -> Vec<&'static str> {
    match waited.map(drop) {
        Err(WaitError::Undone(Undone::Deadlock(deadlock))) => {
            let mut names: Vec<_> = deadlock.tasks().map(|task| task.name.unwrap_or("?")).collect();
            names.sort_unstable();
            names
        }
        found => panic!("no deadlock: {found:?}"),
    }
}

// epochs 153
#[test]
fn a_wait_runs_the_executor_and_its_guard_keeps_the_value_from_later_writers() {
    anywhere(|place| {
        let mut x = Value::ready_in(1);
        place.enter(|| (0..10).for_each(|_| x += 1));
        let waited = x.wait_on(place).unwrap();
        place.enter(|| x += 100);
        place.run_all();
        assert_eq!((*waited, place.live()), (11, 1));
        let again = waited.clone();
        drop(waited);
        place.run_all();
        assert_eq!((*again, place.live()), (11, 1));
        drop(again);
        // One after the other, as many as one likes.
        (0..100).for_each(|_| assert_eq!(*x.wait_on(place).unwrap(), 111));
    });
}

#[test]
fn a_wait_for_what_is_cancelled_or_fails_says_so() {
    anywhere(|place| {
        let (mut x, mut y) = (Value::ready_in(1), Value::ready_in(2));
        drop(x.write());
        y.write().fail(Why::Said("broken"));
        assert_eq!(x.wait_on(place).map(drop), Err(WaitError::Cancelled));
        place.enter(|| y += 1);
        assert_eq!(y.wait_on(place).map(drop), Err(WaitError::Failed(Why::Said("broken"))));
        assert_eq!(x.take_on(place), Err(WaitError::Cancelled));
    });
}

#[test]
fn a_value_is_taken_when_all_before_have_ended() {
    anywhere(|place| {
        let mut x = Value::ready_in(String::from("a"));
        place.enter(|| x.change_send(|x| x.push('b')));
        assert_eq!(x.take_on(place), Ok("ab".into()));
        assert_eq!(x.wait_on(place).map(drop), Err(WaitError::Cancelled));
    });
}

#[test]
fn a_wait_for_what_never_comes_names_who_is_blocked_and_leaves_the_value_as_it_was() {
    anywhere(|place| {
        let (mut x, mut y) = (Value::<u32>::empty_in(), Value::ready_in(1));
        let write = x.write();
        for name in ["first", "second"] {
            let (source, target) = (x.read(), y.mutate());
            let sum = async move {
                let mut target = target.await.unwrap();
                *target += *source.get().await.unwrap();
            };
            drop(place.spawn_with(Attributes::new().name(name), sum));
        }
        assert_eq!(blocked(y.wait_on(place)), ["first", "second"]);
        // The reader that waited is gone, and so are waits of the past.
        assert_eq!(blocked(y.wait_on(place)), ["first", "second"]);
        drop(place.spawn(write.put(10)));
        assert_eq!(*y.wait_on(place).unwrap(), 21);
        // Its own next write, while it reads.
        let held = y.wait_on(place).unwrap();
        place.enter(|| y += 1);
        assert_eq!(blocked(y.wait_on(place)), ["?"]);
        drop(held);
        assert_eq!(end(place, &y), Ok(22));
    });
}

// epochs 140, 159
#[test]
fn a_task_waits_on_top_of_others_of_its_only_thread() {
    // For one thread: what is here stays here. Waits in tasks of a pool are among its tests.
    everywhere(|place| {
        let (mut x, mut y, mut sum) =
            (Value::<i32>::empty_in(), Value::ready_in(5), Value::empty_in());
        let (one, two) = (x.write(), sum.write());
        // The value that it waits for comes from a task that is made after it.
        let here = place.here();
        let task = place.spawn(async move {
            y += 1;
            let six = *y.wait().unwrap();
            yield_now().await;
            let seven = *x.wait().unwrap() + *x.wait_on(&here).unwrap() - 7;
            two.put(six + seven).await;
            six + seven
        });
        drop(place.spawn(async move {
            yield_now().await;
            one.put(7).await;
        }));
        assert_eq!(place.run(task).unwrap(), 13);
        assert_eq!(end(&Place::One(place), &sum), Ok(13));
    });
}

// epochs 119
#[test]
fn tasks_wait_within_waits_and_the_newest_finds_the_deadlock() {
    in_order(|place| {
        let (mut never, mut out) = (Value::<u32>::empty_in(), Value::<u32>::empty_in());
        let (writer, result) = (never.write(), out.write());
        let found = Rc::new(RefCell::new(Vec::new()));
        let (inner, outer) = (found.clone(), found.clone());
        let first = place.spawn(async move {
            let seen = out.wait().map(|seen| *seen);
            outer.borrow_mut().push(format!("outer {}", seen.is_ok()));
        });
        let second = place.spawn(async move {
            let seen = never.wait().map(drop);
            inner.borrow_mut().push(format!("inner {}", seen.is_ok()));
            result.put(1).await;
        });
        place.run(async { (first.await.unwrap(), second.await.unwrap()) });
        // The frame of the second stands on that of the first.
        assert_eq!(found.take(), ["inner false", "outer true"]);
        drop(writer);
    });
}

#[test]
fn so_many_wait_on_top_of_each_other_as_are_allowed() {
    in_order(|place| {
        for (allowed, chain, errors) in [(32, 32, 0), (32, 40, 8), (0, 1, 1)] {
            place.set_waits(allowed);
            let too_deep = Rc::new(Cell::new(0));
            let mut values: Vec<Value<usize>> = (0..=chain).map(|_| Value::empty_in()).collect();
            let seed = values[chain].write();
            for at in 0..chain {
                let (source, target) = (values.pop().unwrap(), values[chain - 1 - at].write());
                let errors = too_deep.clone();
                drop(place.spawn(async move {
                    match source.wait().map(|value| *value) {
                        Ok(value) => target.put(value + 1).await,
                        Err(WaitError::Undone(Undone::TooDeep)) => errors.set(errors.get() + 1),
                        Err(found) => assert_eq!(found, WaitError::Cancelled),
                    }
                }));
            }
            // All others are on top of each other when this comes.
            drop(place.spawn(seed.put(0)));
            place.run_all();
            assert_eq!((too_deep.get() > 0, place.live()), (errors > 0, 0));
        }
        place.set_waits(32);
    });
}

#[test]
fn beside_an_executor_a_wait_finds_no_context_and_after_its_end_nobody() {
    let x = Value::<u32>::empty_in();
    assert_eq!(x.wait().map(drop), Err(WaitError::NoContext));
    let scheduler = DebugScheduler::new(Order::Fifo);
    let here = scheduler.here();
    drop(scheduler);
    assert_eq!(x.wait_on(&here).map(drop), Err(WaitError::Undone(Undone::Gone)));
    assert_eq!(Value::<u32>::ready_in(4).wait_on(&here).map(|seen| *seen), Ok(4));
}

// epochs 156
#[test]
fn a_wait_on_a_scheduler_that_a_task_pauses_ends() {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Value::ready_in(1);
    scheduler.enter(|| x += 1);
    scheduler.pause();
    assert_eq!(x.wait_on(&scheduler).map(drop), Err(WaitError::Undone(Undone::Paused)));
    scheduler.resume();
    assert_eq!(x.wait_on(&scheduler).map(|seen| *seen), Ok(2));
}

/// Parks in virtual time.
struct Jumps<'l>(&'l Local<Virtual>);

impl Park for Jumps<'_> {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Until(moment) => self.0.hooks().clock().advance_to(moment),
            wait => panic!("there is nothing to park for: {wait:?}"),
        }
    }
}

#[test]
fn a_wait_that_only_time_can_end_sleeps_where_it_can() {
    let late = |local: &Local<Virtual>| {
        let mut x = Value::<u32>::empty_in();
        let write = x.write();
        drop(local.spawn(async move {
            after(Duration::from_secs(5)).await.unwrap();
            write.put(5).await;
        }));
        x
    };
    let local = Local::new(Virtual::new());
    let x = late(&local);
    assert_eq!(x.wait_on(&local).map(drop), Err(WaitError::Undone(Undone::Asleep)));
    let mut jumps = Jumps(&local);
    assert_eq!(x.wait_on(&local.parking(&mut jumps)).map(|seen| *seen), Ok(5));
    let scheduler = DebugScheduler::new(Order::Fifo);
    let x = late(&scheduler);
    assert_eq!(x.wait_on(&scheduler).map(|seen| *seen), Ok(5));
    let x = late(&scheduler);
    let task = scheduler.spawn(async move { *x.wait().unwrap() });
    assert_eq!(scheduler.run_with(std::pin::pin!(task)).unwrap().unwrap(), 5);
    let seconds = |n| Instant::ORIGIN + Duration::from_secs(n);
    assert_eq!(tidemill_core::clock::Clock::now(scheduler.hooks()), seconds(10));
}

#[test]
fn tasks_that_have_their_turns_while_another_waits_are_in_contexts_of_their_own() {
    static WHO: tidemill_core::context::Key<&str> = tidemill_core::context::Key::new();
    anywhere(|place| {
        use tidemill_core::context::Context;
        let who = || Context::current().local(&WHO).as_deref().copied();
        let (mut x, said) = (Value::empty_in(), Arc::new(Mutex::new(Vec::new())));
        let (write, heard) = (x.write(), said.clone());
        drop(place.spawn(async move {
            yield_now().await;
            write.put(who()).await;
        }));
        let waits = Context::root().with_local(&WHO, "waits").within(async move {
            let seen = *x.wait().unwrap();
            heard.lock().unwrap().push((seen, who()));
        });
        let task = place.spawn(waits);
        place.run(task).unwrap();
        assert_eq!(*said.lock().unwrap(), [(None, Some("waits"))]);
    });
}

#[test]
fn a_low_task_is_not_starved_by_others_while_somebody_waits() {
    in_order(|place| {
        let (mut x, stop) = (Value::<u32>::empty_in(), Rc::new(Cell::new(false)));
        let (write, stopped) = (x.write(), stop.clone());
        let low = Attributes::new().priority(tidemill_core::task::Priority::Low);
        drop(place.spawn_with(low, async move {
            write.put(1).await;
            stopped.set(true);
        }));
        drop(place.spawn(async move {
            let wakes = std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if stop.get() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            });
            wakes.await;
        }));
        assert_eq!(x.wait_on(place).map(|seen| *seen), Ok(1));
        place.run_all();
    });
}

/// A value of fib(n), a kernel for each call.
fn fib(n: u32) -> Async<u64, Why> {
    let mut value = Async::empty_in();
    if n < 2 {
        return Async::ready_in(u64::from(n));
    }
    let write = value.write();
    start(spawn_send(compute((), write, async move |(), value| {
        let (one, two) = (fib(n - 1), fib(n - 2));
        value.set(*one.read().get().await? + *two.read().get().await?).await;
        Ok(())
    })))
    .detach();
    value
}

#[test]
fn kernels_make_kernels() {
    anywhere(|place| {
        let value = place.enter(|| fib(10));
        assert_eq!(*value.wait_on(place).unwrap(), 55);
        let inner = place
            .enter(|| spawn_send(async { Value::ready_in(3).wait().map(|seen| *seen) }).unwrap());
        assert_eq!(place.run(inner).unwrap(), Ok(3));
        let drive: &dyn Drive = place;
        assert_eq!(*value.wait_on(drive).unwrap(), 55);
    });
}
