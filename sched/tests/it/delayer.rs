//! Delayers: each job a span after it was scheduled, in the order of scheduling.

use std::{
    cell::RefCell,
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
};

use tidemill_core::{clock::Clock, error::NoContext, scope::after};
use tidemill_sched::{pace::Delayer, spawn};

use crate::{
    everywhere::within,
    pace::{SPAN, poll},
};

// async 86
#[test]
fn delayed_jobs_start_in_the_order_in_which_they_were_scheduled() {
    within(async |place| {
        let delayer = Rc::new(Delayer::new(SPAN));
        let scheduled = Rc::new(RefCell::new(Vec::new()));
        let started = Rc::new(RefCell::new(Vec::new()));
        let begun = place.now();
        let jobs: Vec<_> = (0..5)
            .map(|number| {
                let (delayer, scheduled) = (delayer.clone(), scheduled.clone());
                let (started, home) = (started.clone(), place.shared());
                let task = async move {
                    scheduled.borrow_mut().push(number);
                    let job = delayer.schedule(async || {
                        started.borrow_mut().push(number);
                        assert_eq!(home.hooks().now() - begun, SPAN);
                        // The last to start is the first to end: they overlap.
                        after(SPAN * (5 - number)).await.expect("a clock");
                        number
                    });
                    job.await
                };
                spawn(task).unwrap()
            })
            .collect();
        for (number, job) in (0..).zip(jobs) {
            assert_eq!(job.await.expect("no panic"), Ok(number), "each gets its own result");
        }
        assert_eq!(*started.borrow(), *scheduled.borrow());
        assert_eq!((started.borrow().len(), place.now() - begun), (5, SPAN * 6));
    });
}

#[test]
fn a_delayed_job_that_is_dropped_holds_nobody_up() {
    within(async |_| {
        let delayer = Delayer::new(SPAN);
        let never = || async { unreachable!("dropped before") };
        let mut first = Box::pin(delayer.schedule(never));
        let mut let_go = Box::pin(delayer.schedule(never));
        let mut last = pin!(delayer.schedule(|| async { 3 }));
        assert!(poll::<_>(first.as_mut()).is_pending());
        assert!(poll::<_>(let_go.as_mut()).is_pending() && poll(last.as_mut()).is_pending());
        after(SPAN * 2).await.expect("a clock");
        // Both behind the first are due, and wait for it.
        assert!(poll::<_>(let_go.as_mut()).is_pending() && poll(last.as_mut()).is_pending());
        drop::<Pin<Box<dyn Future<Output = Result<(), NoContext>>>>>(first);
        // Now it is the second's turn, which is not polled again.
        assert!(poll(last.as_mut()).is_pending(), "only one is let go at a time");
        drop::<Pin<Box<dyn Future<Output = Result<(), NoContext>>>>>(let_go);
        assert_eq!(last.await, Ok(3));
    });
}

#[test]
fn a_delayer_without_an_executor_says_so() {
    let delayer = Delayer::new(SPAN);
    let job = pin!(delayer.schedule(|| async { unreachable!("it does not start") }));
    assert_eq!(poll::<_>(job), Poll::<Result<(), _>>::Ready(Err(NoContext)));
}
