//! Moments in tasks of a pool.

use std::time::Duration;

use tidemill_core::{clock::Clock, context, task::yield_now};
use tidemill_sched::pool::{Pool, after};

#[test]
fn a_task_that_sleeps_is_not_woken_early_and_run_all_waits_for_it() {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        let tasks: Vec<_> = (0..20_u64)
            .map(|n| {
                let sleep = async move {
                    let span = Duration::from_millis(n % 5);
                    let begun = context::current().unwrap().now();
                    after(span).await.unwrap();
                    yield_now().await;
                    let passed = context::current().unwrap().now() - begun;
                    assert!(passed >= span);
                };
                pool.spawn(sleep).unwrap()
            })
            .collect();
        pool.run_all().unwrap();
        assert_eq!(pool.live(), 0);
        for task in tasks {
            pool.block_on(task).unwrap().unwrap();
        }
    }
}

#[test]
fn a_timer_that_is_dropped_holds_nobody_up() {
    let pool = Pool::new(2).unwrap();
    let task = pool.spawn(async {
        let mut sleep = Box::pin(after(Duration::from_secs(3600)));
        let polled = futures_poll(sleep.as_mut()).await;
        drop(sleep);
        polled
    });
    assert!(!pool.block_on(task.unwrap()).unwrap().unwrap());
    pool.run_all().unwrap();
}

/// Whether the future is ready at once.
async fn futures_poll<F: Future + Unpin>(mut future: F) -> bool {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut future).poll(cx).is_ready())
    })
    .await
}
