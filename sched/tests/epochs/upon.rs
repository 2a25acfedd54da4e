//! Functions that see a value when it comes, in no task of their own.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tidemill_core::{epoch::Async, error::Missing};
use tidemill_sched::{
    debug::{DebugScheduler, Order},
    pool::Pool,
};

use crate::{
    anywhere::{anywhere, on_pools},
    everywhere::{Place, everywhere, in_order},
    kernels::{SAID, Seen, Value, Why},
};

/// Whether those that ask for the same wait together: what is written down of readers is written of each.
pub(crate) const TOGETHER: bool = !cfg!(feature = "dag");

/// What was seen, in order.
pub(crate) type Log<T> = Arc<Mutex<Vec<(usize, Seen<T>)>>>;

pub(crate) fn log<T>() -> Log<T> {
    Arc::default()
}

pub(crate) fn take<T>(log: &Log<T>) -> Vec<(usize, Seen<T>)> {
    std::mem::take(&mut log.lock().unwrap())
}

/// What notes down under `name` what it sees.
pub(crate) fn notes<T: Clone + Send + 'static>(
    log: &Log<T>,
    name: usize,
) -> impl FnOnce(Result<&T, Missing<Why>>) + Send + 'static {
    let log = log.clone();
    move |seen| log.lock().unwrap().push((name, seen.cloned()))
}

/// Many who are told the same.
pub(crate) fn all<T: Clone>(
    names: impl Iterator<Item = usize>,
    seen: Seen<T>,
) -> Vec<(usize, Seen<T>)> {
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
