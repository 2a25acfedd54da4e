//! Timers through the ring: never early, in order, whatever else the ring does.

use std::{
    cell::RefCell,
    io::Write,
    rc::Rc,
    time::{Duration, Instant},
};

use tidemill_core::{
    error::TimeoutError,
    scope::{after, with_timeout},
};
use tidemill_uring::runtime::spawn;

use crate::stage::{Random, give_up, pair, peer, run, turn};

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_timer_is_never_early() {
    run(async {
        for span in [0, 1, 10, 100, 999, 1000, 1001, 2500, 10_000, 30_000] {
            let (start, span) = (Instant::now(), Duration::from_micros(span));
            after(span).await.expect("inside a runtime");
            assert!(start.elapsed() >= span, "{:?} after {span:?}", start.elapsed());
        }
    });
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        // Far ones first: each next one is earlier than what the kernel is set to.
        let timers: Vec<_> = [60, 50, 40, 30, 20, 10, 5, 35, 1]
            .map(|span| {
                let log = log.clone();
                spawn(async move {
                    let start = Instant::now();
                    after(millis(span)).await.expect("inside a runtime");
                    assert!(start.elapsed() >= millis(span));
                    log.borrow_mut().push(span);
                })
                .expect("inside a runtime")
            })
            .into();
        for timer in timers {
            timer.await.expect("no panic");
        }
        assert_eq!(*log.borrow(), [1, 5, 10, 20, 30, 35, 40, 50, 60]);
    });
}

#[test]
fn an_earlier_deadline_wins_over_one_that_the_kernel_already_waits_for() {
    run(async {
        let far = spawn(after(Duration::from_secs(3600))).expect("inside a runtime");
        turn().await;
        let wait = spawn(async {
            // The kernel sleeps for the far one when this comes, from another thread.
            peer(std::thread::yield_now).await;
            after(millis(2)).await
        })
        .expect("inside a runtime");
        wait.await.expect("no panic").expect("a clock");
        far.cancel();
        drop(far.await);
    });
}

#[test]
fn deadlines_that_become_later_leave_the_others_on_time() {
    run(async {
        let mut random = Random::new(1);
        for _ in 0..200 {
            // Dropped timers: what the kernel is set to comes for nothing.
            let span = Duration::from_micros(random.below(2000) as u64);
            let _gone = give_up(random.below(3), after(span)).await;
            let start = Instant::now();
            let span = Duration::from_micros(random.below(1500) as u64);
            after(span).await.expect("inside a runtime");
            assert!(start.elapsed() >= span);
        }
    });
}

#[test]
fn a_thousand_timers_all_fire() {
    run(async {
        let mut random = Random::new(2);
        let timers: Vec<_> = (0..1000)
            .map(|_| {
                let span = Duration::from_micros(random.below(100_000) as u64);
                spawn(async move {
                    let start = Instant::now();
                    after(span).await.expect("inside a runtime");
                    start.elapsed() >= span
                })
                .expect("inside a runtime")
            })
            .collect();
        for timer in timers {
            assert!(timer.await.expect("no panic"), "never early");
        }
    });
}

#[test]
fn a_read_that_times_out_loses_nothing() {
    run(async {
        let (mut ours, mut theirs) = pair().await;
        let (reader, _) = ours.both();
        for _ in 0..5 {
            let start = Instant::now();
            let told = with_timeout(millis(3), reader.fill()).await.expect_err("nothing was sent");
            assert!(matches!(told, TimeoutError::Elapsed), "{told}");
            assert!(start.elapsed() >= millis(3));
            theirs.write_all(b"late").expect("written");
            let mut into = [0; 4];
            let read = with_timeout(Duration::from_secs(60), reader.read_exact(&mut into)).await;
            read.expect("in time").expect("alive");
            assert_eq!(&into, b"late");
        }
    });
}

#[test]
fn the_farthest_deadlines_are_only_far() {
    run(async {
        for span in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(1 << 40)] {
            let _gone = give_up(3, after(span)).await;
            let (mut ours, mut theirs) = pair().await;
            let sending = peer(move || {
                theirs.write_all(b"x").expect("written");
                theirs
            });
            let read = with_timeout(span, ours.both().0.fill()).await;
            assert_eq!(read.expect("in time").expect("alive"), b"x");
            drop(sending.await);
        }
        after(millis(1)).await.expect("near ones still come");
    });
}
