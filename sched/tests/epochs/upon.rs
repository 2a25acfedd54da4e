//! Functions that see a value when it comes, in no task of their own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tidemill_core::{
    context::{Context, Key, Monitor, Priority},
    epoch::Async,
    error::{Missing, NoContext},
};
use tidemill_sched::{
    debug::{DebugScheduler, Order},
    pool::Pool,
};

use crate::{
    anywhere::{anywhere, on_pools},
    everywhere::{Place, everywhere, in_order},
    kernels::{CANCELLED, SAID, Seen, Value, Why},
};

/// Whether those that ask for the same wait together: what is written down of readers is written of each.
const TOGETHER: bool = !cfg!(feature = "dag");

/// What was seen, in order.
type Log<T> = Arc<Mutex<Vec<(usize, Seen<T>)>>>;

fn log<T>() -> Log<T> {
    Arc::default()
}

fn take<T>(log: &Log<T>) -> Vec<(usize, Seen<T>)> {
    std::mem::take(&mut log.lock().unwrap())
}

/// What notes down under `name` what it sees.
fn notes<T: Clone + Send + 'static>(
    log: &Log<T>,
    name: usize,
) -> impl FnOnce(Result<&T, Missing<Why>>) + Send + 'static {
    let log = log.clone();
    move |seen| log.lock().unwrap().push((name, seen.cloned()))
}

/// Many who are told the same.
fn all<T: Clone>(names: impl Iterator<Item = usize>, seen: Seen<T>) -> Vec<(usize, Seen<T>)> {
    names.map(|name| (name, seen.clone())).collect()
}

#[test]
fn those_who_ask_see_the_value_in_the_order_in_which_they_asked() {
    everywhere(|place| {
        let (mut x, log) = (Value::<i32>::empty_in(), log());
        for n in 0..20 {
            // As it is asked in a turn, and with a handle.
            match n % 2 {
                0 => place.enter(|| x.upon(notes(&log, n))).unwrap(),
                _ => x.upon_on(&place.here(), notes(&log, n)).unwrap(),
            }
        }
        place.run_all();
        assert_eq!((take(&log), place.live()), (vec![], if TOGETHER { 1 } else { 20 }));
        x.write().try_slot().unwrap().set(7);
        assert_eq!(take(&log), vec![], "never inside of what writes it");
        place.run_all();
        let mut told = take(&log);
        if !TOGETHER {
            told.sort_by_key(|(name, _)| *name);
        }
        assert_eq!(told, all(0..20, Ok(7)));
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn those_who_wait_together_have_one_turn_and_one_task_among_them() {
    in_order(|place| {
        let (mut x, log) = (Value::<i32>::empty_in(), log());
        place.enter(|| (0..100).for_each(|n| x.upon(notes(&log, n)).unwrap()));
        let turns = place.stats().turns;
        x.write().try_slot().unwrap().set(7);
        place.run_all();
        assert!(!TOGETHER || place.stats().turns - turns == 1);
        assert_eq!(take(&log), all(0..100, Ok(7)));
    });
}

#[test]
fn who_asks_is_enrolled_at_the_call_between_the_writers_before_and_behind() {
    anywhere(|place| {
        let (mut x, log) = (Value::ready_in(0), log());
        let ask = |x: &Value<i32>, n| place.enter(|| x.upon_send(notes(&log, n))).unwrap();
        let mut first = x.write();
        (1..4).for_each(|n| ask(&x, n));
        let mut second = x.write();
        (4..7).for_each(|n| ask(&x, n));
        place.run_all();
        assert_eq!(take(&log), vec![], "nothing is written yet");
        first.try_slot().unwrap().set(10);
        drop(first);
        place.run_all();
        let sorted = || {
            let mut told = take(&log);
            told.sort_by_key(|(name, _)| *name);
            told
        };
        assert_eq!(sorted(), all(1..4, Ok(10)));
        second.try_slot().unwrap().set(20);
        drop(second);
        place.run_all();
        assert_eq!(sorted(), all(4..7, Ok(20)));
        ask(&x, 7);
        place.run_all();
        assert_eq!(take(&log), [(7, Ok(20))], "it was there");
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn the_next_writer_has_its_turn_when_the_last_of_them_has_been_told_and_not_before() {
    everywhere(|place| {
        for count in [1, 2, 30] {
            let mut x = Value::<usize>::empty_in();
            let mut write = x.write();
            let next = Arc::new(Mutex::new(None));
            let seen = Arc::new(AtomicUsize::new(0));
            place.enter(|| {
                for _ in 0..count {
                    let (next, seen) = (next.clone(), seen.clone());
                    x.upon(move |_| {
                        let mut next = next.lock().unwrap();
                        let next: &mut tidemill_core::epoch::WriteBuffer<usize, Why> =
                            next.as_mut().unwrap();
                        assert!(next.try_slot().is_none(), "somebody reads it");
                        seen.fetch_add(1, SeqCst);
                    })
                    .unwrap();
                }
            });
            *next.lock().unwrap() = Some(x.write());
            write.try_slot().unwrap().set(1);
            drop(write);
            assert!(next.lock().unwrap().as_mut().unwrap().try_slot().is_none());
            place.run_all();
            assert_eq!(seen.load(SeqCst), count);
            assert!(next.lock().unwrap().as_mut().unwrap().try_slot().is_some());
        }
    });
}

#[test]
fn why_there_is_no_value_is_told_to_each() {
    anywhere(|place| {
        for (write, wanted) in [
            ((|mut x| x.write().cancel()) as fn(Value<i32>), CANCELLED),
            (|mut x| x.write().fail(Why::Said("broken")), SAID),
            // Nobody can write it any more.
            (drop, CANCELLED),
        ] {
            let (x, log) = (Value::<i32>::empty_in(), log());
            place.enter(|| (0..5).for_each(|n| x.upon_send(notes(&log, n)).unwrap()));
            write(x);
            place.run_all();
            let mut told = take(&log);
            told.sort_by_key(|(name, _)| *name);
            assert_eq!(told, all(0..5, Err(wanted)));
            assert_eq!(place.live(), 0);
        }
    });
}

#[test]
fn a_panic_of_one_goes_to_the_monitor_of_who_asked_and_the_others_are_told() {
    everywhere(|place| {
        for (panics, count) in [(0, 1), (0, 3), (1, 3), (2, 3)] {
            let (mut x, log) = (Value::<i32>::empty_in(), log());
            let monitors: Vec<_> = (0..count).map(|_| Monitor::top().child()).collect();
            let mut errors: Vec<_> = monitors.iter().map(Monitor::detach).collect();
            for (n, monitor) in monitors.into_iter().enumerate() {
                let note = notes(&log, n);
                let context = Context::root().with_monitor(monitor);
                let asked = place.enter(|| {
                    context.run(|| {
                        x.upon(move |seen| {
                            note(seen);
                            assert_ne!(n, panics, "it is seen");
                        })
                    })
                });
                asked.unwrap();
            }
            let mut next = {
                x.write().try_slot().unwrap().set(1);
                x.write()
            };
            place.run_all();
            let mut told = take(&log);
            told.sort_by_key(|(name, _)| *name);
            assert_eq!(told, all(0..count, Ok(1)));
            for (n, errors) in errors.iter_mut().enumerate() {
                assert_eq!(errors.try_next().is_some(), n == panics);
            }
            assert!(next.try_slot().is_some(), "the reader is gone");
            assert_eq!(place.live(), 0);
        }
    });
}

#[test]
fn each_is_told_in_the_context_in_which_it_was_asked_and_as_urgently() {
    static WHO: Key<usize> = Key::new();
    in_order(|place| {
        let (mut x, seen) = (Value::<i32>::empty_in(), Arc::new(Mutex::new(Vec::new())));
        let root = Context::root();
        let contexts = [
            root.clone(),
            root.with_local(&WHO, 1),
            root.with_local(&WHO, 2),
            root.clone(),
            root.with_local(&WHO, 3).with_priority(Priority::Low),
            root.with_local(&WHO, 4),
        ];
        place.enter(|| {
            for context in &contexts {
                let seen = seen.clone();
                let asked = context.run(|| {
                    x.upon(move |_| {
                        let context = Context::current();
                        let who = context.local(&WHO).map(|who| *who);
                        seen.lock().unwrap().push((who, context.priority()));
                    })
                });
                asked.unwrap();
            }
        });
        let live = place.live();
        assert_eq!(live, if TOGETHER { 3 } else { 6 }, "the urgent do not wait for the others");
        x.write().try_slot().unwrap().set(1);
        place.run_all();
        let (low, normal) = (Priority::Low, Priority::Normal);
        let wanted = [None, Some(1), Some(2), None, Some(4)].map(|who| (who, normal));
        let mut told = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(told.pop(), Some((Some(3), low)), "behind those that are urgent");
        assert_eq!(told, wanted);
        assert!(Context::current().is_root());
    });
}

#[test]
fn with_the_executor_the_functions_are_dropped_and_the_reader_is_gone() {
    static WHO: Key<usize> = Key::new();
    /// Notes down in which context it is dropped.
    struct Dropped(Arc<Mutex<Vec<usize>>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let who = Context::current().local(&WHO).map_or(0, |who| *who);
            self.0.lock().unwrap().push(who);
            assert_ne!(who, 2, "it is seen");
        }
    }
    let dropped = |enter: &dyn Fn(&mut dyn FnMut())| {
        let (mut x, seen) = (Value::<i32>::empty_in(), Arc::new(Mutex::new(Vec::new())));
        enter(&mut || {
            for who in 0..4 {
                let kept = Dropped(seen.clone());
                let ask = || {
                    x.upon_send(move |_| {
                        let _kept = kept;
                        unreachable!("it is dropped");
                    })
                };
                match who {
                    0 => ask().unwrap(),
                    _ => Context::root().with_local(&WHO, who).run(ask).unwrap(),
                }
            }
            assert!(seen.lock().unwrap().is_empty());
        });
        let mut told = std::mem::take(&mut *seen.lock().unwrap());
        told.sort_unstable();
        assert_eq!(told, [0, 1, 2, 3]);
        x.write().try_slot().unwrap().set(1);
        assert!(x.write().try_slot().is_some(), "the reader is gone");
    };
    dropped(&|ask| DebugScheduler::new(Order::Fifo).enter(ask));
    for workers in [1, 2] {
        dropped(&|ask| Pool::new(workers).unwrap().enter(ask));
    }
}

#[test]
fn a_crowd_is_told_in_several_cycles_and_what_is_dropped_between_them_lets_go() {
    const CROWD: usize = 1000;
    for told in [0, 1, 2, 9] {
        let place = DebugScheduler::new(Order::Fifo);
        let (mut x, log) = (Value::<usize>::empty_in(), log());
        let kept = Arc::new(());
        place.enter(|| {
            for n in 0..CROWD {
                let (note, kept) = (notes(&log, n), kept.clone());
                x.upon(move |seen| {
                    let _kept = kept;
                    note(seen);
                })
                .unwrap();
            }
        });
        x.write().try_slot().unwrap().set(1);
        let mut next = x.write();
        (0..told).for_each(|_| {
            place.run();
        });
        let seen = take(&log);
        assert_eq!(seen, all(0..seen.len(), Ok(1)));
        assert_eq!(seen.len() == CROWD, told == 9 || !TOGETHER && told > 0);
        assert!(seen.len() > 0 || told == 0);
        assert!(!TOGETHER || told == 9 || seen.len() <= 300 * told, "others have their turns");
        assert_eq!(next.try_slot().is_some(), seen.len() == CROWD);
        drop(place);
        assert_eq!(Arc::strong_count(&kept), 1);
        assert!(next.try_slot().is_some(), "the reader is gone");
    }
}

#[test]
fn a_function_may_ask_again_drop_the_value_and_write_it() {
    everywhere(|place| {
        for count in [1, 3] {
            let (mut x, log) = (Value::<i32>::empty_in(), log());
            let (again, mut other) = (Arc::new(Mutex::new(None)), Value::<i32>::empty_in());
            place.enter(|| {
                other.upon(notes(&log, 100)).unwrap();
                let mut write = other.write();
                let (holds, note, more) = (again.clone(), notes(&log, 0), notes(&log, 50));
                let mut more = Some(more);
                x.upon(move |seen| {
                    note(seen);
                    let value: Value<i32> = Option::take(&mut *holds.lock().unwrap()).unwrap();
                    value.upon(more.take().unwrap()).unwrap();
                    write.try_slot().unwrap().set(3);
                    drop(value);
                })
                .unwrap();
                (1..count).for_each(|n| x.upon(notes(&log, n)).unwrap());
            });
            x.write().try_slot().unwrap().set(2);
            *again.lock().unwrap() = Some(x);
            place.run_all();
            let mut told = take(&log);
            told.sort_by_key(|(name, _)| *name);
            let mut wanted = all(0..count, Ok(2));
            wanted.extend([(50, Ok(2)), (100, Ok(3))]);
            assert_eq!(told, wanted);
            assert_eq!(place.live(), 0);
        }
    });
}

#[test]
fn who_waits_between_them_in_another_way_is_woken_between_them() {
    in_order(|place| {
        let (mut x, log) = (Value::<i32>::empty_in(), log());
        let look = |n| {
            let note = notes(&log, n);
            place.enter(|| x.inspect(move |x| note(Ok(x)))).unwrap().detach();
        };
        let ask = |n| place.enter(|| x.upon(notes(&log, n))).unwrap();
        ask(0);
        ask(1);
        look(2);
        ask(3);
        look(4);
        look(5);
        ask(6);
        ask(7);
        assert_eq!(place.live(), if TOGETHER { 6 } else { 8 });
        place.run_all();
        place.enter(|| _ = x.write().try_slot().unwrap().set(1));
        place.run_all();
        assert_eq!(take(&log), all(0..8, Ok(1)));
    });
}

#[test]
fn each_executor_has_those_that_ask_on_it() {
    in_order(|one| {
        let other = DebugScheduler::new(Order::Fifo);
        let (mut x, log) = (Value::<i32>::empty_in(), log());
        for n in 0..4 {
            let here = if n % 2 == 0 { one.here() } else { other.here() };
            x.upon_on(&here, notes(&log, n)).unwrap();
        }
        x.write().try_slot().unwrap().set(1);
        one.run_all();
        assert_eq!(take(&log), [(0, Ok(1)), (2, Ok(1))]);
        other.run_all();
        assert_eq!(take(&log), [(1, Ok(1)), (3, Ok(1))]);
    });
}

#[test]
fn on_a_pool_those_who_ask_wait_together_too() {
    on_pools(|pool| {
        let (mut x, log) = (Value::<u64>::empty_in(), log());
        pool.enter(|| (0..50).for_each(|n| x.upon_send(notes(&log, n)).unwrap()));
        assert_eq!(pool.live(), if TOGETHER { 1 } else { 50 });
        x.write().try_slot().unwrap().set(7);
        pool.run_all().unwrap();
        let mut told = take(&log);
        if !TOGETHER {
            told.sort_by_key(|(name, _)| *name);
        }
        assert_eq!(told, all(0..50, Ok(7)));
    });
}

#[test]
fn who_asks_on_many_threads_while_the_value_is_written_is_told_once() {
    for (workers, round) in [(1, 0), (2, 1), (4, 2)].into_iter().cycle().take(60) {
        let pool = Pool::new(workers).unwrap();
        let (x, log) = (Arc::new(Value::<u64>::empty_in()), log());
        let mut part = x.project(|x| x, |x| x);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let (x, log) = (x.clone(), log.clone());
                let names = 100 * thread..100 * thread + 20 + round;
                let asks = async move { names.for_each(|n| x.upon_send(notes(&log, n)).unwrap()) };
                drop(pool.spawn(asks));
            }
            scope.spawn(move || part.write().fail(Why::Said("broken")));
        });
        pool.run_all().unwrap();
        assert_eq!(pool.live(), 0, "somebody sleeps on");
        let mut told = take(&log);
        told.sort_by_key(|(name, _)| *name);
        let names = (0..3).flat_map(|thread| 100 * thread..100 * thread + 20 + round);
        assert_eq!(told, all(names, Err(SAID)));
    }
}

#[test]
fn without_an_executor_the_function_is_dropped() {
    let (mut x, kept) = (Value::<i32>::empty_in(), Arc::new(()));
    let ask = |x: &Value<i32>| {
        let kept = kept.clone();
        x.upon(move |_| drop(kept))
    };
    assert_eq!(ask(&x), Err(NoContext));
    let send = kept.clone();
    assert_eq!(x.upon_send(move |_| drop(send)), Err(NoContext));
    let here = DebugScheduler::new(Order::Fifo).here();
    let late = kept.clone();
    assert_eq!(x.upon_on(&here, move |_| drop(late)), Err(NoContext), "it is gone");
    assert_eq!(Arc::strong_count(&kept), 1);
    x.write().try_slot().unwrap().set(1);
    assert!(x.write().try_slot().is_some(), "nobody reads it");
}

#[test]
fn what_is_cloned_to_be_told_may_panic_for_one() {
    /// An error whose third clone panics.
    struct Fickle(Arc<AtomicUsize>);
    impl Clone for Fickle {
        fn clone(&self) -> Self {
            assert_ne!(self.0.fetch_add(1, SeqCst), 2, "it is seen");
            Self(self.0.clone())
        }
    }
    in_order(|place| {
        let mut x = Async::<i32, Fickle>::empty_in();
        let (clones, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let monitor = Monitor::top();
        let context = Context::root().with_monitor(monitor.clone());
        place.enter(|| {
            context.run(|| {
                for _ in 0..5 {
                    let told = told.clone();
                    x.upon(move |seen| {
                        assert!(matches!(seen, Err(Missing::Failed(_))));
                        told.fetch_add(1, SeqCst);
                    })
                    .unwrap();
                }
            });
        });
        x.write().fail(Fickle(clones));
        place.run_all();
        assert_eq!((told.load(SeqCst), monitor.seen()), (4, 1));
        assert!(x.write().try_slot().is_some());
    });
}

#[test]
fn a_value_of_one_thread_is_seen_by_what_stays_there() {
    in_order(|place: &Place| {
        let mut x = Async::<_, Why, tidemill_core::lock::Unlocked>::empty_in();
        let seen = std::rc::Rc::new(std::cell::Cell::new(0));
        place.enter(|| {
            for n in 1..4 {
                let seen = seen.clone();
                x.upon(move |x: Result<&std::rc::Rc<i32>, _>| {
                    seen.set(10 * seen.get() + n * **x.unwrap());
                })
                .unwrap();
            }
        });
        x.write().try_slot().unwrap().set(std::rc::Rc::new(2));
        place.run_all();
        assert_eq!(seen.get(), 246);
    });
}

#[test]
fn a_waker_that_panics_beside_them_costs_none_of_them_its_turn() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("it is seen");
        }
    }
    in_order(|place| {
        let (mut x, log) = (Value::<i32>::empty_in(), log());
        let reader = x.read();
        let mut wait = Box::pin(reader.get());
        place.enter(|| (0..3).for_each(|n| x.upon(notes(&log, n)).unwrap()));
        let waker = std::task::Waker::from(Arc::new(Panics));
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        place.enter(|| (3..6).for_each(|n| x.upon(notes(&log, n)).unwrap()));
        let mut write = x.write();
        write.try_slot().unwrap().set(7);
        assert!(catch_unwind(AssertUnwindSafe(|| place.enter(|| drop(write)))).is_err());
        place.run_all();
        assert_eq!(take(&log), all(0..6, Ok(7)));
    });
}
