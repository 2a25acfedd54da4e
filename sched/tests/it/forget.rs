//! Jobs that are forgotten in throttles, sequencers and delayers: they keep what they have, and nobody else is harmed.

use std::{
    cell::Cell,
    future::{Future, pending},
    mem,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::scope::after;
use tidemill_sched::pace::{Aborted, Delayer, Sequencer, Throttle, every};

use crate::{
    bell::{self, Log},
    everywhere::within,
    pace::{SPAN, most, poll},
};

/// Has `future` wait for ever.
fn forget_waiting<F: Future>(future: F, waker: &Waker) {
    let mut future = Box::pin(future);
    assert!(bell::poll(future.as_mut(), waker).is_pending());
    mem::forget(future);
}

#[test]
fn a_forgotten_job_keeps_its_slot_and_the_others_go_on_with_theirs() {
    let log = Log::default();
    let throttle = Box::new(Throttle::new(most(3)));
    forget_waiting(throttle.run(pending::<()>()), Waker::noop());
    let mut runs = Box::pin(throttle.run(pending::<()>()));
    let mut runs_too = Box::pin(throttle.run(pending::<()>()));
    assert!(poll(runs.as_mut()).is_pending() && poll(runs_too.as_mut()).is_pending());
    // One that is forgotten in line is given a slot in its turn.
    forget_waiting(throttle.run(async {}), &log.bell("forgotten"));
    drop(runs);
    assert_eq!((throttle.running(), log.take()), (3, vec!["forgotten".into()]));
    forget_waiting(throttle.idle(), Waker::noop());
    forget_waiting(throttle.capacity_available(), Waker::noop());
    drop(runs_too);
    // Moves out of the box, which is freed.
    let throttle = *throttle;
    for round in 0..10 {
        let mut job = pin!(throttle.run(async { round }));
        assert_eq!(poll(job.as_mut()), Poll::Ready(Ok(round)));
    }
    assert_eq!((throttle.running(), throttle.waiting()), (2, 0));
    // Forgotten in line again, and then the throttle is killed.
    let mut runs = Box::pin(throttle.run(pending::<()>()));
    assert!(poll(runs.as_mut()).is_pending());
    forget_waiting(throttle.run(async {}), &log.bell("forgotten"));
    forget_waiting(throttle.run_exclusive(async {}), &log.bell("forgotten"));
    forget_waiting(throttle.prior_jobs_done(), &log.bell("forgotten"));
    let mut behind = pin!(throttle.run(async {}));
    assert!(bell::poll(behind.as_mut(), &log.bell("behind")).is_pending());
    throttle.kill();
    assert_eq!(log.take(), ["forgotten", "forgotten", "forgotten", "behind"]);
    assert_eq!(poll(behind), Poll::Ready(Err(Aborted)));
    drop(runs);
    assert_eq!((throttle.running(), throttle.waiting()), (2, 0));
}

#[test]
fn a_forgotten_job_of_a_sequencer_keeps_its_value_and_who_waits_for_that_can_be_told() {
    let (log, sequencer) = (Log::default(), Box::new(Sequencer::owning(Box::new(1))));
    forget_waiting(
        sequencer.run_with(async |value: &mut Box<u32>| {
            **value = 2;
            pending::<()>().await;
        }),
        Waker::noop(),
    );
    let mut waits = Box::pin(sequencer.run_with(async |value: &mut Box<u32>| **value));
    assert!(bell::poll(waits.as_mut(), &log.bell("waits")).is_pending());
    sequencer.kill();
    assert_eq!(
        (log.take(), poll(waits.as_mut())),
        (vec!["waits".into()], Poll::Ready(Err(Aborted)))
    );
    drop(waits);
    // What was forgotten may yet end, for all that is known.
    let mut cleans = Box::pin(sequencer.at_kill(async |_| unreachable!("it is gone")));
    assert!(poll(cleans.as_mut()).is_pending());
    mem::forget(cleans);
    let mut cleaned = Box::pin(sequencer.cleaned());
    assert!(poll(cleaned.as_mut()).is_pending());
    drop(cleaned);
    drop(sequencer);
}

#[test]
fn a_job_that_was_forgotten_in_line_has_the_value_when_its_turn_has_come_and_others_of_many_do_not_miss_it()
 {
    let throttle = Throttle::of([Box::new(1), Box::new(2)]);
    let job = async |_: &mut Box<u32>| pending::<()>().await;
    let mut runs = [0; 2].map(|_| Box::pin(throttle.run_with(job)));
    runs.iter_mut().for_each(|job| assert!(poll(job.as_mut()).is_pending()));
    forget_waiting(throttle.run_with(job), Waker::noop());
    drop(runs);
    assert_eq!(throttle.running(), 1);
    for _ in 0..10 {
        let job = throttle.run_with(async |value: &mut Box<u32>| **value);
        assert_eq!(poll(pin!(job)), Poll::Ready(Ok(2)));
    }
    // A cleaner that is forgotten has what it holds, and no more.
    throttle.kill();
    let mut holds = Box::pin(throttle.at_kill(async |_| pending().await));
    assert!(poll(holds.as_mut()).is_pending());
    mem::forget(holds);
    assert_eq!(throttle.running(), 1);
}

#[test]
fn a_throttle_dies_with_all_who_are_forgotten_there() {
    let throttle = Box::new(Throttle::of([Box::new(1)]));
    let job = async |_: &mut Box<u32>| pending::<()>().await;
    forget_waiting(throttle.run_with(job), Waker::noop());
    forget_waiting(throttle.run_with(job), Waker::noop());
    forget_waiting(throttle.run_exclusive(async {}), Waker::noop());
    forget_waiting(throttle.at_kill(async |_| ()), Waker::noop());
    forget_waiting(throttle.cleaned(), Waker::noop());
    drop(throttle);
}

#[test]
fn a_delayed_job_that_is_forgotten_keeps_its_turn_to_start_and_those_before_it_start() {
    within(async |_| {
        let delayer = Box::new(Delayer::new(SPAN));
        let started = Cell::new(0);
        let starts = || started.set(started.get() + 1);
        let mut first = Box::pin(delayer.schedule(async || starts()));
        assert!(poll(first.as_mut()).is_pending());
        forget_waiting(delayer.schedule(async || unreachable!("it is forgotten")), Waker::noop());
        let mut behind = Box::pin(delayer.schedule(async || starts()));
        assert!(poll(behind.as_mut()).is_pending());
        after(SPAN).await.unwrap();
        assert_eq!(first.await, Ok(()));
        assert_eq!(started.get(), 1);
        // Its place is before theirs: for all that is known it may yet start.
        assert!(poll(behind.as_mut()).is_pending());
        drop(behind);
        // Moves out of the box, which is freed, and dies.
        let delayer = *delayer;
        assert!(poll(pin!(delayer.schedule(async || ()))).is_pending());
    });
}

#[test]
fn what_is_done_again_and_again_may_be_forgotten_and_its_timer_harms_nobody() {
    within(async |_| {
        let runs = Cell::new(0);
        forget_waiting(every(SPAN).unwrap().run(async || runs.set(runs.get() + 1)), Waker::noop());
        assert_eq!(runs.get(), 1);
        after(SPAN * 3).await.unwrap();
        assert_eq!(runs.get(), 1);
    });
}
