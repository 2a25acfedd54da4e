//! Sleepers: small kernels that wait from their birth, where nobody is there yet who could bring what they wait for.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tidemill_core::{
    context::{Context, Monitor, Priority},
    epoch::{Async, ReverseValue},
    error::{JoinError, Missing, NoContext},
    kernel::WaitError,
    task::Undone,
};
use tidemill_sched::{
    debug::{DebugScheduler, Order},
    pool::Pool,
};

use crate::{
    anywhere::{anywhere, on_pools},
    everywhere::everywhere,
    kernels::{CANCELLED, SAID, Value, Why, end},
};

/// Whether what is written down of values is written where tasks have their turns, so that nobody sleeps before.
const SLEEPS: bool = !cfg!(feature = "dag");

#[test]
fn a_small_kernel_has_one_turn_where_nobody_could_bring_its_input_when_it_was_made() {
    everywhere(|place| {
        let (mut x, mut sum) = (Value::<i32>::empty_in(), ReverseValue::<i32, Why>::new_in());
        let (last, turns) = (sum.read(), place.stats().turns);
        let (y, z) = place.enter(|| {
            sum += &x;
            (x.map(|x| x + 1), x.combine(&x, |a, b| a * b))
        });
        place.run_all();
        let before = place.stats().turns - turns;
        assert_eq!(before, if SLEEPS { 0 } else { 3 }, "nobody has a turn for nothing");
        x.write().try_slot().unwrap().set(7);
        let _complete = sum.finalize();
        place.run_all();
        assert!(!SLEEPS || place.stats().turns - turns == 3, "one each");
        assert_eq!((y.read().try_get(), z.read().try_get()), (Some(Ok(&8)), Some(Ok(&49))));
        assert_eq!(last.try_get(), Some(Ok(&7)));
    });
}

#[test]
fn it_is_queued_at_once_where_its_input_is_there_or_somebody_may_bring_it() {
    // The reader has its turn first, and comes again; or it comes when what it reads is there.
    for (order, wanted) in [(Order::Reverse, 3), (Order::Fifo, 2)] {
        let scheduler = DebugScheduler::new(order);
        let mut x = Value::<i32>::ready_in(1);
        let y = scheduler.enter(|| {
            x += 1;
            x.map(|x| x * 10)
        });
        assert_eq!(scheduler.run_all(), wanted);
        assert_eq!(y.read().try_get(), Some(Ok(&20)));
    }
}

#[test]
fn on_a_pool_it_has_one_turn_too() {
    on_pools(|pool| {
        let polls = || pool.stats().iter().map(|worker| worker.polls).sum::<usize>();
        let (mut x, before) = (Value::<u64>::empty_in(), polls());
        let all: Vec<_> = pool.enter(|| (0..50).map(|n| x.map_send(move |x| x + n)).collect());
        assert_eq!(pool.live(), 50);
        assert!(!SLEEPS || polls() == before);
        x.write().try_slot().unwrap().set(7);
        pool.run_all().unwrap();
        assert!(!SLEEPS || polls() - before == 50);
        for (n, y) in (0..).zip(all) {
            assert_eq!(y.read().try_get(), Some(Ok(&(7 + n))));
        }
    });
}

#[test]
fn a_value_that_is_written_while_kernels_lie_down_wakes_them_all() {
    for (workers, round) in [(1, 0), (2, 1), (4, 2)].into_iter().cycle().take(60) {
        let pool = Pool::new(workers).unwrap();
        let x = Value::<u64>::empty_in();
        let mut part = x.project(|x| x, |x| x);
        let (all, ()) = std::thread::scope(|scope| {
            let fails = scope.spawn(move || part.write().fail(Why::Said("broken")));
            let all: Vec<_> =
                pool.enter(|| (0..20 + round).map(|n| x.map_send(move |x| x + n)).collect());
            (all, fails.join().unwrap())
        });
        pool.run_all().unwrap();
        assert_eq!(pool.live(), 0, "somebody sleeps on");
        assert!(all.iter().all(|y| y.read().try_get() == Some(Err(SAID))));
    }
}

#[test]
fn a_report_of_a_deadlock_names_who_sleeps_from_his_birth() {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let x = Value::<i32>::empty_in();
    let y = scheduler.enter(|| x.map(|x| x + 1));
    match y.wait_on(&scheduler) {
        Err(WaitError::Undone(Undone::Deadlock(deadlock))) => {
            assert_eq!(deadlock.tasks().count(), 1);
        }
        other => panic!("{:?}", other.map(|y| *y)),
    }
    assert_eq!(scheduler.deadlock().map(|deadlock| deadlock.tasks().count()), Some(1));
    assert_eq!(scheduler.live(), 1);
}

#[test]
fn a_look_is_cancelled_in_its_sleep_and_leaves_the_value() {
    everywhere(|place| {
        let mut x = Value::<i32>::empty_in();
        let seen = Arc::new(());
        let kept = seen.clone();
        let look = place.enter(|| {
            x.inspect(move |_| {
                let _kept = kept;
            })
        });
        let mut look = look.unwrap();
        place.run_all();
        x.write().try_slot().unwrap().set(1);
        look.cancel();
        assert!(matches!(place.run(&mut look), Err(JoinError::Cancelled)));
        assert_eq!(Arc::strong_count(&seen), 1, "its function was dropped");
        assert!(x.write().try_slot().is_some(), "its reader is gone");
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn who_sleeps_is_dropped_with_his_executor_and_cancels_what_he_was_to_write() {
    let dropped = |enter: &dyn Fn(&mut dyn FnMut())| {
        let (x, seen) = (Value::<i32>::empty_in(), Arc::new(()));
        let mut made = None;
        let kept = seen.clone();
        let mut kept = Some(kept);
        enter(&mut || {
            let kept = kept.take();
            made = Some(x.map_send(move |x| x + i32::from(kept.is_some())));
        });
        assert_eq!(Arc::strong_count(&seen), 1, "it was dropped");
        assert_eq!(made.unwrap().read().try_get(), Some(Err(CANCELLED)));
    };
    dropped(&|make| DebugScheduler::new(Order::Fifo).enter(make));
    for workers in [1, 2] {
        dropped(&|make| Pool::new(workers).unwrap().enter(make));
    }
}

#[test]
fn who_sleeps_carries_the_context_in_which_he_was_made() {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let monitor = Monitor::top().child();
    let mut errors = monitor.detach();
    let context = Context::root().with_monitor(monitor).with_priority(Priority::Low);
    let mut x = Async::<i32>::empty();
    let seen = Arc::new(AtomicUsize::new(0));
    let sees = seen.clone();
    scheduler.enter(|| {
        context.run(|| {
            drop(x.inspect(|_| panic!("it is seen")).unwrap());
            let look = x.inspect(move |_| {
                sees.store(1 + Context::current().priority() as usize, SeqCst);
            });
            assert_eq!(look.unwrap().info().priority, Priority::Low);
        })
    });
    x.write().try_slot().unwrap().set(1);
    scheduler.run_all();
    assert_eq!(seen.load(SeqCst), 1 + Priority::Low as usize);
    assert!(errors.try_next().is_some(), "its panic went to its monitor");
}

#[test]
fn a_look_returns_what_its_function_does_or_why_there_is_nothing_to_see() {
    everywhere(|place| {
        for (write, wanted) in [
            ((|x| _ = x.write().try_slot().unwrap().set(7)) as fn(&mut Value<i32>), Ok(8)),
            (|x| x.write().cancel(), Err(CANCELLED)),
            (|x| x.write().fail(Why::Said("broken")), Err(SAID)),
        ] {
            let mut x = Value::<i32>::empty_in();
            let early = place.enter(|| x.inspect(|x| x + 1)).unwrap();
            let given = x.inspect_on(&place.here(), |x| x + 1).unwrap();
            place.run_all();
            write(&mut x);
            let late = place.enter(|| x.inspect(|x| x + 1)).unwrap();
            // It holds the value until it has looked.
            let mut next = x.write();
            assert!(next.try_slot().is_none());
            for look in [early, given, late] {
                assert_eq!(place.run(look).unwrap(), wanted);
            }
            assert!(next.try_slot().is_some());
        }
        let x = Value::ready_in(1);
        assert!(matches!(x.inspect(|x| x + 1), Err(NoContext)), "outside of an executor");
    });
}

#[test]
fn who_sleeps_for_a_value_that_nobody_can_write_any_more_is_cancelled() {
    anywhere(|place| {
        let x = Value::<i32>::empty_in();
        let y = place.enter(|| x.map_send(|x| x + 1));
        drop(x);
        assert_eq!(end(place, &y), Err(Missing::Cancelled));
    });
}
