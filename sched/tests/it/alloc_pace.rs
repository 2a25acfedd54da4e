//! Throttles, sequencers, delayers and what is done again and again allocate nothing: not once they are made, and warm.

use std::{
    cell::Cell,
    future::{Future, pending, ready},
    pin::pin,
    task::{Poll, Waker},
    time::Duration,
};

use tidemill_core::scope::{after, timer};
use tidemill_sched::{
    Local,
    pace::{Delayer, Sequencer, Slots, Throttle, every, intervals},
    spawn,
};

use crate::{
    alloc::allocated,
    bell::poll,
    board::{Board, yield_now},
    pace::most,
};

const STEP: Duration = Duration::from_nanos(10);

fn waits<F: Future>(future: F) -> bool {
    poll(pin!(future), Waker::noop()).is_pending()
}

/// Everything that can be done with a throttle of two slots and what they hold, waiting included.
fn operate<S: Slots>(throttle: &Throttle<S>) {
    let never = async |_: &mut S::Resource| pending::<()>().await;
    let (mut one, mut two) = (pin!(Some(throttle.run_with(never))), pin!(throttle.run_with(never)));
    assert!(poll(one.as_mut().as_pin_mut().unwrap(), Waker::noop()).is_pending());
    assert!(poll(two.as_mut(), Waker::noop()).is_pending());
    let mut next = pin!(throttle.try_run_with(async |_: &mut S::Resource| Ok::<_, ()>(3)));
    assert!(poll(next.as_mut(), Waker::noop()).is_pending());
    assert!(waits(throttle.run_exclusive(ready(()))) && waits(throttle.prior_jobs_done()));
    assert!(waits(throttle.capacity_available()) && waits(throttle.idle()));
    assert!(waits(throttle.at_kill(async |_| ())) && waits(throttle.cleaned()));
    assert_eq!((throttle.running(), throttle.waiting()), (2, 1));
    one.set(None);
    assert_eq!(poll(next, Waker::noop()), Poll::Ready(Ok(3)));
    assert!(!waits(throttle.capacity_available()));
}

#[test]
fn a_throttle_allocates_nothing_once_it_is_made() {
    let count = Throttle::new(most(2));
    let placed = Throttle::of([1, 2]);
    let counted = Throttle::of_vec(vec!["one", "two"]).unwrap();
    let sequencer = Sequencer::owning(7);
    let before = allocated();
    for round in 0..100 {
        operate(&count);
        operate(&placed);
        operate(&counted);
        assert!(!waits(count.run(ready(()))) && !waits(count.try_run(ready(Ok::<(), ()>(())))));
        let job = sequencer.run_with(async |value: &mut u32| {
            *value += 1;
            *value
        });
        assert_eq!(poll(pin!(job), Waker::noop()), Poll::Ready(Ok(8 + round)));
    }
    counted.kill();
    assert!(!waits(counted.at_kill(async |_| ())) && !waits(counted.cleaned()));
    assert_eq!(allocated() - before, 0);
}

/// What one round of paced work looks like: jobs of a throttle in tasks, delayed ones, and some that are done again and again.
async fn round(throttle: &'static Throttle, delayer: &'static Delayer) {
    let jobs = [0; 4].map(|_| spawn(throttle.run(yield_now())).unwrap());
    let delayed = [0; 4].map(|_| spawn(delayer.schedule(yield_now)).unwrap());
    let runs = Cell::new(0);
    let count = async || runs.set(runs.get() + 1);
    every(STEP).unwrap().until(after(STEP * 5)).run(count).await.unwrap();
    intervals(STEP).unwrap().until(after(STEP * 5)).run(count).await.unwrap();
    assert_eq!(runs.get(), 10);
    for job in jobs {
        assert_eq!(job.await.unwrap(), Ok(()));
    }
    for job in delayed {
        assert_eq!(job.await.unwrap(), Ok(()));
    }
    let timer = pin!(timer(STEP).unwrap());
    assert_eq!(timer.as_ref().fired().await, Ok(()));
    after(STEP).with_slack(STEP).await.unwrap();
}

#[test]
fn paced_work_on_a_warm_executor_allocates_nothing() {
    static THROTTLE: Throttle = Throttle::new(std::num::NonZeroUsize::MIN);
    static DELAYER: Delayer = Delayer::new(STEP);
    let board = Board::default();
    let local = Local::new(board.clone());
    let mut park = board.virtual_time();
    park.waits.reserve(100_000);
    let run = async {
        for _ in 0..10 {
            round(&THROTTLE, &DELAYER).await;
        }
        let before = allocated();
        for _ in 0..100 {
            round(&THROTTLE, &DELAYER).await;
        }
        allocated() - before
    };
    assert_eq!(local.run_with(pin!(run), &mut park), 0);
    assert!(park.waits.len() > 1000 && park.waits.len() < 100_000);
}
