//! Epochs among tasks: whatever order the scheduler takes, on however many threads, who enrolled first is served first.

use std::{
    mem::take,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use tidemill_core::{
    epoch::{self, Async, all},
    error::Missing,
    task::spawn_send,
};
use tidemill_sched::{
    Local,
    debug::{DebugScheduler, Order},
};

use crate::{
    anywhere::{Place, anywhere},
    board::{Board, Log, Says, yield_now},
    everywhere::in_order,
    kernels::{CANCELLED, SAID, Value, Why, end},
};

type Reader<T> = epoch::ReadBuffer<T, Why>;
/// What was read, in order.
type Notes<T> = Arc<Mutex<Vec<T>>>;

/// Has a task add to a value.
fn add(place: &Place<'_>, x: &mut Value<i64>, by: i64) {
    let mut buffer = x.mutate();
    drop(place.spawn(async move { *buffer.get().await.unwrap() += by }));
}

/// Has a task write down what it reads.
fn note<T: Clone + Send + Sync + 'static>(place: &Place<'_>, reader: Reader<T>, notes: &Notes<T>) {
    let notes = notes.clone();
    drop(place.spawn(async move {
        let seen = reader.get().await.unwrap().clone();
        notes.lock().unwrap().push(seen);
    }));
}

/// What was noted so far.
fn taken<T>(notes: &Notes<T>) -> Vec<T> {
    take(&mut notes.lock().unwrap())
}

// epochs 1, 2, 5
#[test]
fn readers_see_what_was_written_last_before_they_enrolled() {
    anywhere(|place| {
        let (mut x, before, after) = (Value::ready_in(7), Notes::default(), Notes::default());
        (0..2).for_each(|_| note(place, x.read(), &before));
        drop(place.spawn(x.write().put(8)));
        (0..2).for_each(|_| note(place, x.read(), &after));
        assert_eq!(end(place, &x), Ok(8));
        assert_eq!((taken(&before), taken(&after)), (vec![7, 7], vec![8, 8]));
    });
}

// epochs 6, 129
#[test]
fn a_value_that_is_replaced_has_a_timeline_of_its_own() {
    anywhere(|place| {
        let (mut x, first, second) = (Value::ready_in(5), Notes::default(), Notes::default());
        note(place, x.read(), &first);
        add(place, &mut x, 10);
        note(place, x.read(), &first);
        x = Value::ready_in(10);
        note(place, x.read(), &second);
        add(place, &mut x, 20);
        note(place, x.read(), &second);
        assert_eq!(end(place, &x), Ok(30));
        assert_eq!((taken(&first), taken(&second)), (vec![5, 15], vec![10, 30]));
    });
}

// epochs 8, 82, 83, 132
#[test]
fn a_task_that_is_cancelled_before_it_ran_leaves_its_epochs() {
    anywhere(|place| {
        let mut x = Value::ready_in(1_i64);
        let (reader, mut change, write) = (x.read(), x.mutate(), x.write());
        let task = place.spawn(async move {
            *change.get().await.unwrap() += *reader.get().await.unwrap();
            write.put(9).await;
            unreachable!("it was cancelled");
        });
        let seen = x.read();
        task.cancel();
        place.run_all();
        assert_eq!((seen.try_get(), place.live()), (Some(Err(Missing::Cancelled)), 0));
        drop(seen);
        drop(place.spawn(x.write().put(3)));
        assert_eq!(end(place, &x), Ok(3));
    });
}

// epochs 25, 26
#[test]
fn a_task_that_waits_for_several_runs_once_when_all_have_come() {
    anywhere(|place| {
        let (mut a, mut b) = (Value::<u32>::empty_in(), Value::<u32>::empty_in());
        let (x, y) = (a.read(), b.read());
        let seen = Arc::new(Mutex::new(None));
        let told = seen.clone();
        drop(place.spawn(async move {
            let (x, y) = all((&x, &y)).await;
            let found = (*x.unwrap(), *y.unwrap());
            assert_eq!(told.lock().unwrap().replace(found), None, "it runs once");
        }));
        place.run_all();
        drop(place.spawn(b.write().put(77)));
        place.run_all();
        assert_eq!((*seen.lock().unwrap(), place.live()), (None, 1));
        drop(place.spawn(a.write().put(42)));
        place.run_all();
        assert_eq!((*seen.lock().unwrap(), place.live()), (Some((42, 77)), 0));
    });
}

// epochs 51, 53
#[test]
fn a_part_is_changed_and_read_in_turn_with_the_whole() {
    anywhere(|place| {
        let (mut whole, log) = (Value::ready_in((1, 0)), Log::default());
        let mut part = whole.project(|pair| &pair.0, |pair| &mut pair.0);
        let said = log.clone();
        let reader = whole.read();
        drop(place.spawn(async move {
            let seen = reader.get().await.unwrap().0;
            said.say(format!("whole {seen}"));
        }));
        let (said, mut change) = (log.clone(), part.mutate());
        drop(place.spawn(async move {
            let found = change.get().await.unwrap();
            said.say(format!("part was {found}"));
            *found = 11;
        }));
        let (said, reader) = (log.clone(), part.read());
        drop(place.spawn(async move {
            let seen = *reader.get().await.unwrap();
            said.say(format!("part {seen}"));
        }));
        let (said, write) = (log.clone(), whole.write());
        drop(place.spawn(async move {
            write.put((3, 3)).await;
            said.say("rewritten");
        }));
        assert_eq!(end(place, &whole), Ok((3, 3)));
        assert_eq!(log.take(), ["whole 1", "part was 1", "part 11", "rewritten"]);
    });
}

// epochs 60, 61
#[test]
fn a_writer_that_is_dropped_unwritten_is_seen_by_a_reader_at_its_next_turn() {
    anywhere(|place| {
        for suspended in [true, false] {
            let (mut x, log) = (Value::<u32>::empty_in(), Log::default());
            let (reader, write, said) = (x.read(), x.write(), log.clone());
            let task = async move {
                let _local = Says(said.clone(), "dropped");
                let seen = reader.get().await.copied()?;
                said.say("never");
                Ok::<u32, Missing<Why>>(seen)
            };
            let task = place.spawn(task);
            if suspended {
                place.run_all();
            }
            drop(write);
            // On a pool it may have had its turn.
            assert!(place.is_pool() || log.take().is_empty());
            place.run_all();
            assert_eq!((log.take(), place.live()), (vec!["dropped".to_string()], 0));
            let ended = place.run(task);
            assert_eq!(ended.expect("no panic"), Err(Missing::Cancelled));
        }
    });
}

// epochs 79, 80, 87, 150
#[test]
fn a_task_that_writes_what_another_reads_may_wait_for_its_turn() {
    anywhere(|place| {
        let (mut x, mut y) = (Value::ready_in(0_i64), Value::ready_in(1_i64));
        let (held, put) = (x.read(), x.write());
        drop(place.spawn(async move {
            yield_now().await;
            yield_now().await;
            held.release();
        }));
        let (source, target) = (x.read(), y.write());
        drop(place.spawn(async move {
            let mut between = Value::<i64>::empty_in();
            let (reader, write) = (between.read(), between.write());
            let child = spawn_send(async move { write.put(10).await }).unwrap();
            child.await.unwrap();
            put.put(*reader.get().await.unwrap() + 1).await;
        }));
        drop(place.spawn(async move {
            let value = source.await.unwrap().take_clone();
            target.put(value + 31).await;
        }));
        assert_eq!((end(place, &y), end(place, &x)), (Ok(42), Ok(11)));
    });
}

// epochs 123
#[test]
fn a_long_chain_of_tasks_ends_in_every_order() {
    fn chain(place: &Place<'_>, length: i64) {
        let mut x = Value::ready_in(0_i64);
        (0..length).for_each(|_| add(place, &mut x, 1));
        assert_eq!(end(place, &x), Ok(length));
    }
    in_order(|place| chain(&Place::One(place), 100_000));
    anywhere(|place| chain(place, 2_000));
    for order in [Order::Reverse, Order::Fifo] {
        let scheduler = DebugScheduler::new(order);
        let mut x = Value::ready_in(0_i64);
        for _ in 0..100_000 {
            let mut buffer = x.mutate();
            drop(scheduler.spawn(async move { *buffer.get().await.unwrap() += 1 }));
        }
        scheduler.run_all();
        assert_eq!(x.read().try_get(), Some(Ok(&100_000)));
    }
}

// epochs 126
#[test]
fn a_balanced_reduction_adds_512_leaves_in_511_steps() {
    anywhere(|place| {
        let steps = Arc::new(AtomicUsize::new(0));
        let mut row: Vec<Value<u64>> = (1..=512).map(Value::ready_in).collect();
        while row.len() > 1 {
            row = row
                .chunks(2)
                .map(|pair| {
                    let (a, b, mut sum) = (pair[0].read(), pair[1].read(), Value::empty_in());
                    let (write, count) = (sum.write(), steps.clone());
                    drop(place.spawn(async move {
                        let (a, b) = all((&a, &b)).await;
                        count.fetch_add(1, SeqCst);
                        write.put(a.unwrap() + b.unwrap()).await;
                    }));
                    sum
                })
                .collect();
        }
        assert_eq!((end(place, &row[0]), steps.load(SeqCst)), (Ok(512 * 513 / 2), 511));
    });
}

#[test]
fn failures_and_cancellation_travel_from_value_to_value() {
    anywhere(|place| {
        for (broken, seen) in [(true, SAID), (false, CANCELLED)] {
            let mut values: Vec<Value<u32>> = (0..50).map(Value::ready_in).collect();
            let first = values[0].write();
            for at in 1..values.len() {
                let (source, target) = (values[at - 1].read(), values[at].write());
                drop(place.spawn(async move {
                    match source.get().await {
                        Ok(value) => target.put(*value).await,
                        Err(Missing::Failed(error)) => target.fail(error),
                        Err(Missing::Cancelled) => drop(target),
                    }
                }));
            }
            if broken {
                first.fail(Why::Said("broken"))
            } else {
                drop(first)
            }
            place.run_all();
            assert_eq!(place.live(), 0);
            assert!(values.iter().all(|value| value.read().try_get() == Some(Err(seen.clone()))));
        }
    });
}

#[test]
fn a_task_that_waits_for_its_own_next_write_while_it_reads_is_reported() {
    for order in [Order::Fifo, Order::Reverse, Order::Random(1)] {
        let scheduler = DebugScheduler::new(order);
        let mut x = Value::ready_in(1_u32);
        let (reader, write) = (x.read(), x.write());
        drop(scheduler.spawn(async move {
            let seen = reader.get().await.unwrap();
            write.put(seen + 1).await;
        }));
        scheduler.run_all();
        let deadlock = scheduler.deadlock().expect("it waits for itself");
        assert_eq!(deadlock.tasks().count(), 1);
        drop(scheduler);
        assert_eq!(x.read().try_get(), Some(Err(Missing::Cancelled)));
    }
}

/// Adds to two values while it reads a third.
async fn two_sums((source, targets): (epoch::ReadBuffer<u64>, [epoch::MutableBuffer<u64>; 2])) {
    let [mut first, mut second] = targets;
    let (source, first, second) = all((source, &mut first, &mut second)).await;
    assert!(source.is_ok());
    *first.unwrap() += 1;
    *second.unwrap() += 1;
}

// epochs 124
#[test]
fn tasks_of_several_threads_take_turns_on_the_same_values() {
    const THREADS: usize = 4;
    const STEPS: u64 = 500;
    let mut values: Vec<Async<u64>> = (0..3).map(|_| Async::ready(0)).collect();
    let mut work: Vec<Vec<_>> = (0..THREADS).map(|_| Vec::new()).collect();
    for step in 0..STEPS {
        for own in &mut work {
            let [a, b, c] = values.get_disjoint_mut([0, 1, 2]).expect("three");
            let (source, targets): (epoch::ReadBuffer<u64>, _) = match step % 3 {
                0 => (a.read(), [b.mutate(), c.mutate()]),
                1 => (b.read(), [c.mutate(), a.mutate()]),
                _ => (c.read(), [a.mutate(), b.mutate()]),
            };
            own.push((source, targets));
        }
    }
    thread::scope(|scope| {
        for work in work {
            scope.spawn(move || {
                let local = Local::new(Board::default());
                let board = local.hooks().clone();
                let steps: Vec<_> =
                    work.into_iter().map(|step| local.spawn(two_sums(step))).collect();
                let all_done = async {
                    for step in steps {
                        step.await.expect("it adds");
                    }
                };
                local.run_with(pin!(all_done), &mut board.bell());
            });
        }
    });
    let sum: u64 = values.iter().map(|value| *value.read().try_get().unwrap().unwrap()).sum();
    assert_eq!(sum, 2 * STEPS * THREADS as u64);
}
