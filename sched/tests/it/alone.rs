//! Jobs that run alone in a throttle, and who waits for those that came before.

use std::{
    future::pending,
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::scope::after;
use tidemill_sched::pace::Throttle;

use crate::{
    bell::{self, Log},
    board,
    everywhere::{rest, within},
    pace::{SPAN, most, poll},
    sequencer::task,
};

// async 92
#[test]
fn prior_jobs_are_those_that_came_before() {
    for killed in [false, true] {
        let throttle = Throttle::new(most(2));
        let mut prior = [0; 3].map(|_| Box::pin(throttle.run(pending::<()>())));
        prior.iter_mut().for_each(|job| assert!(poll(job.as_mut()).is_pending()));
        let log = Log::default();
        let mut done = pin!(throttle.prior_jobs_done());
        assert!(bell::poll(done.as_mut(), &log.bell("done")).is_pending());
        let mut later = Box::pin(throttle.run(pending::<()>()));
        assert!(bell::poll(later.as_mut(), &log.bell("later")).is_pending());
        assert_eq!((throttle.running(), throttle.waiting()), (2, 2));
        let [one, two, three] = prior;
        drop(one);
        assert_eq!((throttle.running(), throttle.waiting()), (2, 1));
        if killed {
            throttle.kill();
            assert_eq!(log.take(), ["done", "later"]);
            assert!(bell::poll(done.as_mut(), &log.bell("done")).is_pending(), "two run on");
        }
        drop(two);
        assert!(killed || log.take().is_empty());
        assert_eq!(throttle.running(), 1, "the later job does not start yet");
        assert!(!killed || bell::poll(done.as_mut(), &log.bell("done")).is_pending());
        log.take();
        drop(three);
        let told: &[_] = if killed { &["done"] } else { &["done", "later"] };
        assert_eq!(log.take(), told);
        assert_eq!(bell::poll(done, Waker::noop()), Poll::Ready(()));
        assert_eq!(throttle.running(), usize::from(!killed));
        assert_eq!(bell::poll(later.as_mut(), Waker::noop()).is_pending(), !killed);
    }
}

#[test]
fn a_job_alone_waits_for_those_before_it_and_is_waited_for_by_those_behind_it() {
    within(async |_| {
        let throttle = Rc::new(Throttle::new(most(3)));
        let log = board::Log::default();
        let say = |begins: &'static str, ends: &'static str| {
            let (throttle, log) = (throttle.clone(), log.clone());
            async move {
                log.say(format!("{begins} beside {}", throttle.running() - 1));
                after(SPAN).await.expect("a clock");
                log.say(ends);
            }
        };
        let jobs = [
            task({
                let (throttle, job) = (throttle.clone(), say("first", "first ends"));
                async move { throttle.run(job).await }
            }),
            {
                rest().await;
                let (throttle, job) = (throttle.clone(), say("alone", "alone ends"));
                task(async move { throttle.run_exclusive(job).await })
            },
            {
                rest().await;
                let (throttle, job) = (throttle.clone(), say("last", "last ends"));
                task(async move { throttle.run(job).await })
            },
        ];
        let mut room = pin!(throttle.capacity_available());
        rest().await;
        assert!(poll(room.as_mut()).is_pending(), "two slots are free, and not to be had");
        room.await;
        for job in jobs {
            assert_eq!(job.await.unwrap(), Ok(()));
        }
        let words =
            ["first beside 0", "first ends", "alone beside 0", "alone ends", "last beside 0"];
        assert_eq!(log.take(), [&words[..], &["last ends"]].concat());
    });
}

#[test]
fn a_job_alone_that_is_dropped_in_line_lets_those_behind_it_in() {
    let throttle = Throttle::new(most(3));
    let log = Log::default();
    let mut runs = Box::pin(throttle.run(pending::<()>()));
    let mut alone = Box::pin(throttle.run_exclusive(pending::<()>()));
    let mut behind = [0; 3].map(|_| Box::pin(throttle.run(pending::<()>())));
    assert!(poll(runs.as_mut()).is_pending() && poll(alone.as_mut()).is_pending());
    for job in &mut behind {
        assert!(bell::poll(job.as_mut(), &log.bell("behind")).is_pending());
    }
    assert_eq!((throttle.running(), throttle.waiting()), (1, 4));
    drop(alone);
    assert_eq!((throttle.running(), throttle.waiting()), (3, 1));
    assert_eq!(log.take(), ["behind"; 2]);
    // Nobody else is in line: then there is room again.
    drop(behind);
    log.take();
    let mut alone = Box::pin(throttle.run_exclusive(pending::<()>()));
    let mut room = pin!(throttle.capacity_available());
    assert!(poll(alone.as_mut()).is_pending());
    assert!(bell::poll(room.as_mut(), &log.bell("room")).is_pending());
    drop(alone);
    assert_eq!((log.take(), poll(room)), (vec!["room".into()], Poll::Ready(())));
    drop(runs);
    let mut alone = Box::pin(throttle.run_exclusive(pending::<()>()));
    assert!(poll(alone.as_mut()).is_pending());
    assert_eq!((throttle.running(), throttle.waiting()), (1, 0));
    drop(alone);
    assert_eq!(throttle.running(), 0); // All three slots are there again.
    let mut jobs = [0; 4].map(|_| Box::pin(throttle.run(pending::<()>())));
    jobs.iter_mut().for_each(|job| assert!(poll(job.as_mut()).is_pending()));
    assert_eq!((throttle.running(), throttle.waiting()), (3, 1));
}
