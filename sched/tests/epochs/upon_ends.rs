//! How functions that see a value end: in whose context, with what error or panic, and without an executor.

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
    anywhere::anywhere,
    everywhere::{everywhere, in_order},
    kernels::{CANCELLED, SAID, Value, Why},
    upon::{TOGETHER, all, log, notes, take},
};

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
            root.with_local(&WHO, 1),
            root.clone(),
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
        let wanted = [Some(1), None, Some(2), None, Some(4)].map(|who| (who, normal));
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
        assert!(!seen.is_empty() || told == 0);
        assert!(!TOGETHER || told == 9 || seen.len() <= 300 * told, "others have their turns");
        assert_eq!(next.try_slot().is_some(), seen.len() == CROWD);
        drop(place);
        assert_eq!(Arc::strong_count(&kept), 1);
        assert!(next.try_slot().is_some(), "the reader is gone");
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
