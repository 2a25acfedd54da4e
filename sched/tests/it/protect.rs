//! Protected bodies: their end runs once, however they end. Runs with and without `std`.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tidemill_core::{
    context::{Context, Monitor},
    error::{Fault, Unwound},
    scope::protect,
    task::JoinHandle,
};

use crate::{
    board::{Log, yield_now},
    everywhere::{Place, everywhere},
};

const BAD: Fault = Fault::Text("bad");

fn ends(place: &Place, body: Result<u32, Fault>, last: Result<(), Fault>) -> (String, usize) {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = runs.clone();
    let ended = place.run(protect(
        async {
            yield_now().await;
            body
        },
        move || {
            count.fetch_add(1, SeqCst);
            async { last }
        },
    ));
    let said = match ended {
        Ok(value) => format!("{value}"),
        Err(Unwound::Body(body)) => format!("body {body}"),
        Err(Unwound::Finally(last)) => format!("finally {last}"),
        Err(Unwound::Both { body, finally }) => format!("both {body} {finally}"),
    };
    (said, runs.load(SeqCst))
}

#[test]
fn the_end_of_a_protected_body_runs_once_and_both_errors_are_told() {
    // async 46
    everywhere(|place| {
        let worse = Fault::Text("worse");
        assert_eq!(ends(place, Ok(7), Ok(())), ("7".into(), 1));
        assert_eq!(ends(place, Err(BAD), Ok(())), ("body bad".into(), 1));
        assert_eq!(ends(place, Ok(7), Err(worse.clone())), ("finally worse".into(), 1));
        assert_eq!(ends(place, Err(BAD), Err(worse)), ("both bad worse".into(), 1));
    });
}

/// A protected body under a monitor, whose body and end say that they have begun, and then fail.
fn fails_twice(place: &Place, monitor: &Monitor, log: &Log) -> JoinHandle<bool> {
    let (said, ended) = (log.clone(), log.clone());
    let protected = protect(
        async move {
            said.say("body");
            yield_now().await;
            Err::<(), Fault>(Fault::Text("body failed"))
        },
        move || async move {
            ended.say("finally");
            yield_now().await;
            yield_now().await;
            Err(Fault::Text("end failed"))
        },
    );
    let context = Context::root().with_monitor(monitor.clone());
    context.run(|| place.spawn(async { matches!(protected.await, Err(Unwound::Both { .. })) }))
}

#[test]
fn the_end_of_a_protected_body_runs_once_wherever_it_is_cancelled_and_no_error_is_lost() {
    // async 46, changed: on cancellation too.
    everywhere(|place| {
        for turns in 0.. {
            let (top, log) = (Monitor::top(), Log::default());
            let mut errors = top.errors();
            let task = fails_twice(place, &top, &log);
            for _ in 0..turns {
                place.one_turn();
            }
            let (ended, before) = (task.is_finished(), log.take());
            task.cancel();
            place.settle();
            let mut said = before.clone();
            said.extend(log.take());
            let mut told: Vec<_> =
                std::iter::from_fn(|| errors.try_next()).map(|report| report.to_string()).collect();
            told.sort();
            if ended {
                assert!(place.run(task).unwrap(), "its caller has both errors");
                assert_eq!(told, [] as [&str; 0]);
                assert!(turns > 3);
                break;
            }
            let (expected, faults): (&[&str], &[&str]) = match before.len() {
                0 => (&[], &[]),
                1 => (&["body", "finally"], &["end failed"]),
                _ => (&["body", "finally"], &["body failed", "end failed"]),
            };
            assert_eq!(said, expected, "cancelled after {turns} turns");
            assert_eq!(told, faults, "cancelled after {turns} turns");
        }
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn an_end_that_nobody_can_run_any_more_is_told_to_the_monitor() {
    use crate::board::{Board, alone};
    let _alone = alone();
    let top = Monitor::top();
    let local = tidemill_sched::Local::new(Board::default());
    let protected = protect(pending::<Result<(), Fault>>(), || async { Ok(()) });
    Context::root().with_monitor(top.clone()).run(|| drop(local.spawn(protected)));
    local.tick();
    drop(local);
    assert!(top.failed().unwrap().to_string().contains("no executor is there to run it"));
}

#[cfg(feature = "std")]
#[test]
fn the_end_of_a_body_that_panics_runs_once() {
    // async 46
    everywhere(|place| {
        let log = Log::default();
        let said = log.clone();
        let task = place.spawn(protect(
            async { if true { panic!("body") } else { Ok::<(), Fault>(()) } },
            move || async move {
                said.say("finally");
                Err(BAD)
            },
        ));
        place.settle();
        assert!(task.is_finished());
        assert_eq!(place.run(task).unwrap_err().to_string(), "the task panicked: body");
        assert_eq!(log.take(), ["finally"]);
    });
}
