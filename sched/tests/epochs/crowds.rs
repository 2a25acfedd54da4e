//! What only threads can show: values that many workers, and threads beside them, enrol in, read, write and leave at once.

use std::{
    pin::Pin,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread,
};

use tidemill_core::{
    epoch::{Async, ReadBuffer, ReverseValue, WriteBuffer},
    error::Missing,
    kernel::compute,
    task::{JoinHandle, spawn_send, yield_now},
};
use tidemill_sched::pool::Pool;

use crate::{
    anywhere::on_pools,
    kernels::{CANCELLED, Value, Why},
};

/// How often a scenario is repeated on each pool.
const ROUNDS: u64 = 200;

/// What tasks return, in their order. A panic in one of them goes on here.
fn joined<T>(pool: &Pool, tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let all = async {
        let mut found = Vec::new();
        for task in tasks {
            found.push(task.await.expect("it returns"));
        }
        found
    };
    pool.block_on(all).expect("they go on")
}

fn spawn<T: Send + 'static>(
    pool: &Pool,
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    pool.spawn(task).unwrap_or_else(|_| unreachable!("it is open"))
}

// epochs 50
#[test]
fn sixteen_threads_enrol_and_read_at_once_and_the_value_is_made_once() {
    const THREADS: u64 = 16;
    on_pools(|pool| {
        for round in 1..=ROUNDS / 4 {
            let mut x = Async::<u64>::empty();
            let mut emplace = Some(x.emplace());
            let (made, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let (x, all) = (&x, &Barrier::new(THREADS as usize));
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    let (spawner, emplace) = (pool.spawner(), emplace.take());
                    let (made, seen) = (made.clone(), seen.clone());
                    scope.spawn(move || {
                        all.wait();
                        let reader = x.read();
                        let reads = async move {
                            seen.fetch_add(*reader.await.unwrap(), Relaxed);
                        };
                        spawner.spawn(reads).unwrap().detach();
                        if let Some(emplace) = emplace {
                            let make = move || {
                                made.fetch_add(1, Relaxed);
                                round
                            };
                            spawner.spawn(emplace.init_with(make)).unwrap().detach();
                        }
                    });
                }
            });
            pool.run_all().unwrap();
            assert_eq!((made.load(SeqCst), seen.load(SeqCst)), (1, THREADS * round));
        }
    });
}

type Reads = Pin<Box<dyn Future<Output = u64> + Send>>;

/// One who reads, until it is dropped.
struct Leaves(Arc<AtomicUsize>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Reads, and has others read on, so many of them.
fn read_on(reader: ReadBuffer<u64>, inside: Arc<AtomicUsize>, deep: u32) -> Reads {
    Box::pin(async move {
        let copy = reader.clone();
        inside.fetch_add(1, SeqCst);
        let leaves = Leaves(inside.clone());
        let other: Option<JoinHandle<u64>> = (deep > 0).then(|| {
            spawn_send(read_on(copy, inside, deep - 1))
                .unwrap_or_else(|_| unreachable!("it is open"))
        });
        let seen = *reader.get().await.unwrap();
        drop(leaves);
        drop(reader);
        match other {
            Some(other) => seen + other.await.unwrap(),
            None => seen,
        }
    })
}

#[test]
fn readers_are_cloned_and_released_on_any_worker_and_the_writer_waits_for_the_last() {
    on_pools(|pool| {
        for round in 0..ROUNDS {
            let mut x = Async::<u64>::ready(round);
            let (reader, change, after) = (x.read(), x.mutate(), x.read());
            let inside = Arc::new(AtomicUsize::new(0));
            let readers: Vec<_> =
                (0..4).map(|_| spawn(pool, read_on(reader.clone(), inside.clone(), 3))).collect();
            let change = spawn(pool, async move {
                let mut found = change.await.unwrap();
                let inside = inside.load(SeqCst);
                *found += 1;
                inside
            });
            drop(reader);
            assert_eq!(joined(pool, readers), [4 * round; 4]);
            assert_eq!(joined(pool, [change]), [0], "readers were in its way");
            assert_eq!(after.try_get().unwrap().ok(), Some(&(round + 1)));
        }
    });
}

#[test]
fn a_writer_that_is_dropped_on_one_worker_is_seen_by_those_who_wait_on_others() {
    on_pools(|pool| {
        for round in 0..ROUNDS {
            let mut x = Value::<u64>::empty_in();
            let (write, first) = (x.write(), x.read());
            let (next, second) = (x.write(), x.read());
            let read = |reader: &ReadBuffer<u64, Why>| {
                let reader = reader.clone();
                spawn(pool, async move { reader.await.map(|seen| *seen) })
            };
            let firsts: Vec<_> = (0..6).map(|_| read(&first)).collect();
            let seconds: Vec<_> = (0..2).map(|_| read(&second)).collect();
            drop((first, second));
            let put = spawn(pool, next.put(round));
            let left = spawn(pool, async move {
                for _ in 0..round % 4 {
                    yield_now().await;
                }
                drop(write);
            });
            assert_eq!(joined(pool, firsts), [const { Err(CANCELLED) }; 6]);
            assert_eq!(joined(pool, seconds), [Ok(round), Ok(round)]);
            joined(pool, [put, left]);
        }
    });
}

#[test]
fn a_cancelled_link_of_a_chain_cancels_all_behind_it_and_none_before_it() {
    const LINKS: usize = 32;
    on_pools(|pool| {
        for round in 0..ROUNDS {
            let mut values: Vec<Value<usize>> = (0..=LINKS).map(|_| Value::empty_in()).collect();
            let first = values[0].write();
            let links: Vec<_> = (0..LINKS)
                .map(|at| {
                    let (source, target) = (values[at].read(), values[at + 1].write());
                    let add =
                        async |source: ReadBuffer<usize, Why>,
                               target: &mut WriteBuffer<usize, Why>| {
                            let found = *source.or_cancel().await?;
                            target.set(found + 1).await;
                            Ok(())
                        };
                    spawn(pool, compute(source, target, add))
                })
                .collect();
            spawn(pool, first.put(0)).detach();
            let cut = round as usize % LINKS;
            links[cut].cancel();
            drop(links);
            pool.run_all().unwrap();
            let seen: Vec<_> = values
                .iter()
                .map(|value| value.read().try_get().map(|seen| seen.copied()))
                .collect();
            let wanted = |came: bool| {
                move |at: usize| Some(if came || at <= cut { Ok(at) } else { Err(CANCELLED) })
            };
            let came = matches!(seen[LINKS], Some(Ok(_)));
            assert_eq!(seen, (0..=LINKS).map(wanted(came)).collect::<Vec<_>>());
        }
    });
}

#[test]
fn changes_by_tasks_are_made_one_at_a_time_in_the_order_in_which_they_enrolled() {
    on_pools(|pool| {
        for round in 0..ROUNDS {
            let (mut x, busy) = (Async::<u64>::ready(round), Arc::new(AtomicBool::new(false)));
            let tasks: Vec<_> = (0..16)
                .map(|n| {
                    let (change, busy) = (x.mutate(), busy.clone());
                    spawn(pool, async move {
                        let mut found = change.await.unwrap();
                        assert!(!busy.swap(true, SeqCst), "somebody changes it");
                        if n % 3 == round % 3 {
                            yield_now().await;
                        }
                        *found = *found * 3 + n;
                        assert!(busy.swap(false, SeqCst));
                    })
                })
                .collect();
            joined(pool, tasks);
            let wanted = (0..16).fold(round, |x, n| x * 3 + n);
            assert_eq!(x.take_on(pool).ok(), Some(wanted));
        }
    });
}

#[test]
fn a_gradient_is_complete_when_tasks_on_all_workers_have_added_to_it() {
    const TASKS: u64 = 16;
    on_pools(|pool| {
        for round in 0..ROUNDS {
            let sum = ReverseValue::<u64>::new();
            let total = sum.read();
            let shared = Arc::new((Mutex::new(Some(sum)), AtomicU64::new(TASKS)));
            let tasks: Vec<_> = (0..TASKS)
                .map(|n| {
                    let shared = shared.clone();
                    spawn(pool, async move {
                        let addend = async move {
                            yield_now().await;
                            Ok(n)
                        };
                        let mut sum = shared.0.lock().unwrap();
                        let gradient = sum.as_mut().expect("the last one takes it");
                        gradient.accumulate_send(addend, |sum, more| *sum += more);
                        if shared.1.fetch_sub(1, SeqCst) == 1 {
                            drop(sum.take().map(|sum| sum.seed(round)));
                        }
                    })
                })
                .collect();
            let total = pool.block_on(async { total.await.map(|total| *total) }).unwrap();
            assert_eq!(total.ok(), Some(round + TASKS * (TASKS - 1) / 2));
            joined(pool, tasks);
        }
    });
}

#[test]
fn a_value_that_goes_from_task_to_task_keeps_its_timeline() {
    const HANDS: u64 = 12;
    on_pools(|pool| {
        for round in 0..ROUNDS {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let mut task = spawn(pool, async move { Async::<u64>::ready(round) });
            for hand in 1..=HANDS {
                let seen = seen.clone();
                task = spawn(pool, async move {
                    let mut x = task.await.unwrap();
                    if hand % 3 == round % 3 {
                        yield_now().await;
                    }
                    x += 1;
                    let reader = x.read();
                    let notes = async move {
                        let reader = reader.await.unwrap();
                        seen.lock().unwrap().push(*reader);
                    };
                    spawn_send(notes).unwrap_or_else(|_| unreachable!("it is open")).detach();
                    x
                });
            }
            let mut x = joined(pool, [task]).remove(0);
            assert_eq!(x.take_on(pool).ok(), Some(round + HANDS));
            assert!(matches!(x.read().try_get(), Some(Err(Missing::Cancelled))));
            pool.run_all().unwrap();
            let wanted: Vec<_> = (1..=HANDS).map(|hand| round + hand).collect();
            assert_eq!(*seen.lock().unwrap(), wanted);
        }
    });
}
