//! Epochs on many workers.

use std::sync::{
    Arc, Barrier,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tidemill_core::{
    epoch::{Async, ReverseValue},
    kernel::compute,
    task::{spawn_send, yield_now},
};
use tidemill_sched::pool::Pool;

/// The sizes on which a scenario has to hold.
fn pools(scenario: impl Fn(&Pool)) {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        scenario(&pool);
        pool.run_all().unwrap();
        assert_eq!(pool.live(), 0);
    }
}

// epochs 119, 135
#[test]
fn operators_are_computed_on_the_pool() {
    pools(|pool| {
        let sum = pool.enter(|| {
            let (x, y) = (Async::<i64>::ready(1), Async::ready(2));
            &x + &y
        });
        assert_eq!(*sum.wait_on(pool).unwrap(), 3);
        assert!(pool.stats().iter().map(|worker| worker.polls).sum::<usize>() > 0);
    });
}

// epochs 119
#[test]
fn changes_in_place_come_one_after_the_other() {
    pools(|pool| {
        let mut x = Async::<i64>::ready(0);
        let ones: Vec<_> = (0..64).map(Async::<i64>::ready).collect();
        pool.enter(|| ones.iter().for_each(|one| x += one));
        assert_eq!(*x.wait_on(pool).unwrap(), 2016);
        pool.enter(|| (0..100).for_each(|_| x += 1));
        assert_eq!(x.take_on(pool).unwrap(), 2116);
    });
}

// epochs 119
#[test]
fn a_task_waits_for_a_value_that_the_pool_computes() {
    pools(|pool| {
        let task = pool.spawn(async {
            let (mut x, y) = (Async::<i64>::ready(20), Async::ready(1));
            for _ in 0..22 {
                x += &y;
            }
            *x.wait().unwrap()
        });
        assert_eq!(pool.block_on(task.unwrap()).unwrap().unwrap(), 42);
    });
}

// epochs 120
#[test]
fn as_many_tasks_run_at_once_as_there_are_workers() {
    for workers in [2, 4] {
        let pool = Pool::new(workers).unwrap();
        // Each blocks its worker until all of them are there.
        let all = Arc::new(Barrier::new(workers));
        let tasks: Vec<_> = (0..2 * workers)
            .map(|_| {
                let all = all.clone();
                pool.spawn(async move { all.wait().is_leader() }).unwrap()
            })
            .collect();
        let leaders = pool.block_on(async {
            let mut leaders = 0;
            for task in tasks {
                leaders += usize::from(task.await.unwrap());
            }
            leaders
        });
        assert_eq!(leaders.unwrap(), 2);
    }
}

// epochs 123
#[test]
fn a_long_chain_of_values_comes_to_its_end() {
    pools(|pool| {
        let last = pool.enter(|| {
            let mut x = Async::<u64>::ready(0);
            for _ in 0..4096 {
                x = &x + 1;
            }
            x
        });
        assert_eq!(*last.wait_on(pool).unwrap(), 4096);
    });
}

// epochs 124
#[test]
fn producers_on_six_threads_lose_nothing() {
    pools(|pool| {
        let count = Arc::new(AtomicUsize::new(0));
        let producers: Vec<_> = (0..6)
            .map(|_| {
                let (spawner, count) = (pool.spawner(), count.clone());
                std::thread::spawn(move || {
                    for n in 0..512_u64 {
                        let mut x = Async::<u64>::empty();
                        let (read, mut write) = (x.read(), x.write());
                        let count = count.clone();
                        let reader = async move {
                            drop(read);
                            count.fetch_add(1, SeqCst);
                        };
                        spawner.spawn(async move { write.set(n).await }).unwrap().detach();
                        spawner.spawn(reader).unwrap().detach();
                    }
                })
            })
            .collect();
        for producer in producers {
            producer.join().unwrap();
        }
        pool.run_all().unwrap();
        assert_eq!(count.load(SeqCst), 6 * 512);
    });
}

// epochs 126
#[test]
fn a_linear_chain_of_kernels_completes() {
    pools(|pool| {
        for _ in 0..20 {
            let values: Vec<_> = (0..20).map(|_| Async::<u64>::empty()).collect();
            let mut values = values;
            for n in 1..values.len() {
                let (before, this) = values.split_at_mut(n);
                let (input, output) = (before[n - 1].read(), this[0].write());
                let body = async |input: tidemill_core::epoch::ReadBuffer<u64>, output: &mut _| {
                    let output: &mut tidemill_core::epoch::WriteBuffer<u64> = output;
                    yield_now().await;
                    output.set(*input.get().await? + 1).await;
                    Ok(())
                };
                drop(pool.spawn(compute(input, output, body)).unwrap());
            }
            let _ = values;
        }
        pool.run_all().unwrap();
    });
}

/// Sums what these hold, two by two.
fn reduce(mut values: Vec<Async<u64>>, combined: &Arc<AtomicUsize>) -> Async<u64> {
    while values.len() > 1 {
        values = values
            .chunks(2)
            .map(|pair| match pair {
                [one, two] => {
                    let combined = combined.clone();
                    one.combine_send(two, move |one, two| {
                        combined.fetch_add(1, SeqCst);
                        one + two
                    })
                }
                [one] => one.map_send(|one| *one),
                _ => unreachable!("chunks are of one or two"),
            })
            .collect();
    }
    values.remove(0)
}

// epochs 126
#[test]
fn a_balanced_reduction_gives_the_sum() {
    pools(|pool| {
        let combined = Arc::new(AtomicUsize::new(0));
        let sum = pool.enter(|| {
            let leaves = (0..512).map(|n| Async::<u64>::ready(n).map_send(|n| n * n)).collect();
            reduce(leaves, &combined)
        });
        assert_eq!(*sum.wait_on(pool).unwrap(), (0..512).map(|n| n * n).sum::<u64>());
        assert_eq!(combined.load(SeqCst), 511);
    });
}

// epochs 126
#[test]
fn a_balanced_reduction_runs_in_parallel() {
    let pool = Pool::new(2).unwrap();
    // Two of the leaves wait for each other, each on its own worker.
    let both = Arc::new(Barrier::new(2));
    let combined = Arc::new(AtomicUsize::new(0));
    let sum = pool.enter(|| {
        let leaves = (0..64)
            .map(|n| {
                let both = both.clone();
                Async::<u64>::ready(n).map_send(move |n| {
                    if *n == 0 || *n == 63 {
                        both.wait();
                    }
                    *n
                })
            })
            .collect();
        reduce(leaves, &combined)
    });
    assert_eq!(*sum.wait_on(&pool).unwrap(), 2016);
}

fn fib(n: u64) -> Async<u64> {
    let mut result = Async::empty();
    let mut write = result.write();
    let kernel = async move {
        if n < 2 {
            write.set(n).await;
        } else {
            let sum = &fib(n - 1) + &fib(n - 2);
            let sum = *sum.read().await.unwrap();
            write.set(sum).await;
        }
    };
    spawn_send(kernel).unwrap_or_else(|_| panic!("it is called in a pool")).detach();
    result
}

// epochs 125
#[test]
fn a_kernel_per_call_computes_fibonacci() {
    pools(|pool| {
        let value = pool.enter(|| fib(12));
        assert_eq!(*value.wait_on(pool).unwrap(), 144);
    });
}

#[test]
fn gradients_are_summed_whoever_adds_first() {
    pools(|pool| {
        let mut gradient = ReverseValue::<f64>::new();
        let parts: Vec<_> = (0..32).map(|n| Async::<f64>::ready(f64::from(n))).collect();
        pool.enter(|| {
            for part in &parts {
                gradient += part;
            }
        });
        let total = pool.block_on(async { *gradient.finalize().read().await.unwrap() });
        assert_eq!(total.unwrap(), 496.0);
    });
}
