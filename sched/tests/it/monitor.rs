//! Monitors: where errors go that nobody awaits. Runs with and without `std`, where what fails sends its error instead of a panic.

use std::{future::pending, time::Duration};

#[cfg(feature = "std")]
use tidemill_core::scope::within;
use tidemill_core::{
    context::{Context, Monitor, send_error},
    error::Fault,
    scope::{Rest, after, handle_errors, handler, hook, or_send, try_with},
};
use tidemill_sched::spawn;

use crate::{
    board::{Log, yield_now},
    everywhere::everywhere,
};

/// Makes and runs a future under a monitor.
fn under<F: Future>(
    monitor: &Monitor,
    make: impl FnOnce() -> F,
) -> impl Future<Output = F::Output> {
    let context = Context::root().with_monitor(monitor.clone());
    let future = context.run(make);
    context.within(future)
}

const BAD: Fault = Fault::Text("bad");

/// Fails: with `std` by a panic.
fn trouble(word: &'static str) {
    if cfg!(feature = "std") {
        panic!("{word}");
    }
    send_error(Fault::Text(word));
}

async fn fails<T>(word: &'static str) -> T {
    trouble(word);
    pending().await
}

/// Fails after a millisecond, and ends.
async fn fails_once(word: &'static str) {
    after(Duration::from_millis(1)).await.unwrap();
    trouble(word);
}

/// Fails after a millisecond.
async fn fails_later<T>(word: &'static str) -> T {
    after(Duration::from_millis(1)).await.unwrap();
    fails(word).await
}

#[test]
fn an_attempt_answers_the_error_that_its_future_fails_with_at_once() {
    // async 35
    everywhere(|place| {
        let top = Monitor::top();
        let answer = place.run(under(&top, || try_with(fails::<()>("now"), Rest::Raise)));
        assert_eq!(answer.unwrap_err().to_string(), "now");
        assert_eq!(top.seen(), 0);
    });
}

#[test]
fn an_attempt_answers_an_error_that_comes_later_from_a_task_that_it_started() {
    // async 36
    everywhere(|place| {
        let top = Monitor::top();
        let answer = place.run(under(&top, || {
            try_with(
                async {
                    spawn(fails_later::<()>("later")).unwrap().detach();
                    pending::<()>().await
                },
                Rest::Raise,
            )
        }));
        assert_eq!(answer.unwrap_err().to_string(), "later");
        assert_eq!(top.seen(), 0);
    });
}

/// An attempt that is well, and leaves behind what fails later.
async fn leaves_trouble(rest: Rest) -> &'static str {
    let attempt = try_with(
        async {
            spawn(fails_later::<()>("late")).unwrap().detach();
            "well"
        },
        rest,
    );
    attempt.await.unwrap()
}

#[test]
fn an_error_after_the_answer_is_raised_at_the_caller() {
    // async 37
    everywhere(|place| {
        let top = Monitor::top();
        let mut errors = top.errors();
        place.run(under(&top, || async {
            assert_eq!(leaves_trouble(Rest::Raise).await, "well");
            assert_eq!(errors.next().await.unwrap().to_string(), "late");
        }));
    });
}

#[test]
fn an_error_after_the_answer_is_logged() {
    // async 37
    everywhere(|place| {
        let top = Monitor::top();
        let mut errors = Monitor::log().errors();
        place.run(under(&top, || async {
            assert_eq!(leaves_trouble(Rest::Log).await, "well");
            while errors.next().await.unwrap().to_string() != "late" {}
        }));
        assert_eq!(top.seen(), 0);
    });
}

#[test]
fn an_error_after_the_answer_is_given_to_a_function_in_the_callers_context() {
    // async 37
    everywhere(|place| {
        let top = Monitor::top();
        let (log, mut errors) = (Log::default(), top.errors());
        let said = log.clone();
        place.run(under(&top, || async {
            let rest = Rest::call(move |report| {
                said.say(report.to_string());
                trouble("the function fails too");
            });
            assert_eq!(leaves_trouble(rest).await, "well");
            assert_eq!(errors.next().await.unwrap().to_string(), "the function fails too");
        }));
        assert_eq!(log.take(), ["late"]);
    });
}

#[test]
fn of_two_errors_the_first_is_the_answer_and_the_second_goes_to_the_rest() {
    // async 38
    everywhere(|place| {
        let top = Monitor::top();
        let mut errors = top.errors();
        let answer = place.run(under(&top, || {
            try_with(
                async {
                    send_error(Fault::Text("first"));
                    send_error(Fault::Text("second"));
                    pending::<()>().await
                },
                Rest::Raise,
            )
        }));
        assert_eq!(answer.unwrap_err().to_string(), "first");
        assert_eq!(errors.try_next().unwrap().to_string(), "second");
        assert!(errors.try_next().is_none());
    });
}

#[test]
fn a_stream_keeps_the_order_and_ends_with_the_monitor() {
    // async 40
    everywhere(|place| {
        let top = Monitor::top();
        let monitor = top.child();
        let mut errors = monitor.detach();
        for code in 1..=3 {
            monitor.send_error(Fault::Code(code));
        }
        drop(monitor);
        let mut seen = Vec::new();
        place.run(async {
            while let Some(report) = errors.next().await {
                seen.push(report.to_string());
            }
        });
        assert_eq!(seen, ["code 1", "code 2", "code 3"]);
        assert_eq!(top.seen(), 0);
    });
}

#[test]
fn a_stream_that_is_not_read_misses_the_oldest_and_counts_them() {
    let monitor = Monitor::top();
    let mut errors = monitor.errors();
    for code in 0..100 {
        monitor.send_error(Fault::Code(code));
    }
    assert_eq!(errors.try_next().unwrap().to_string(), "code 36");
    assert_eq!(errors.missed(), 36);
}

#[test]
fn who_waits_for_the_next_error_sees_it_and_so_does_the_parent() {
    // async 42
    everywhere(|place| {
        let parent = Monitor::top();
        let child = parent.child();
        let (next, mut above) = (child.next_error(), parent.errors());
        child.send_error(BAD);
        assert_eq!(place.run(next).unwrap().to_string(), "bad");
        assert_eq!(above.try_next().unwrap().to_string(), "bad");
    });
}

#[test]
fn errors_go_up_to_the_first_that_is_detached() {
    // async 43
    let grandparent = Monitor::top();
    let parent = grandparent.child();
    let child = parent.child();
    child.send_error(BAD);
    assert_eq!([child.seen(), parent.seen(), grandparent.seen()], [1, 1, 1]);
    let mut errors = parent.detach();
    child.send_error(BAD);
    assert_eq!([child.seen(), parent.seen(), grandparent.seen()], [2, 2, 1]);
    assert!(errors.try_next().is_some());
    child.send_error(Fault::Text("unread"));
    drop(errors);
    assert_eq!(grandparent.seen(), 2, "what is left unread goes on");
    child.send_error(BAD);
    assert_eq!(grandparent.seen(), 3, "nobody listens, so nobody is detached");
}

#[test]
fn an_error_is_handled_where_the_handler_was_made() {
    // async 44
    everywhere(|place| {
        let (here, there) = (Monitor::top(), Monitor::top());
        let (mut to_here, log) = (here.errors(), Log::default());
        let said = log.clone();
        place.run(under(&here, || async {
            let handled = handler(move |report| {
                said.say(report.to_string());
                send_error(Fault::Text("from the handler"));
            });
            under(&there, || async { handled.send_error(BAD) }).await;
            assert_eq!(to_here.next().await.unwrap().to_string(), "from the handler");
        }));
        assert_eq!((log.take(), there.seen()), (vec!["bad".into()], 0));
    });
}

#[test]
fn an_error_that_nobody_detached_is_given_to_the_hook_and_then_the_tree_has_failed() {
    // async 45, changed: no job is dropped; whoever runs the tree shuts down in order.
    everywhere(|place| {
        let (top, log) = (Monitor::top(), Log::default());
        let said = log.clone();
        place.run(under(&top, || async {
            hook(&Monitor::top().child(), |_| unreachable!("of another tree"));
            let hooked = top.clone();
            hook(&top.child(), move |report| {
                assert!(hooked.failed().is_none(), "the hook comes first");
                said.say(format!("hook: {report}"));
            });
            spawn(fails::<()>("stray")).unwrap().detach();
            let failed = top.failing().await;
            log.say(format!("failed: {failed}"));
            let said = log.clone();
            spawn(async move { said.say("still runs") }).unwrap().await.unwrap();
        }));
        assert_eq!(log.take(), ["hook: stray", "failed: stray", "still runs"]);
    });
    let bare = Monitor::top();
    bare.child().send_error(BAD);
    assert_eq!(bare.failed().unwrap().to_string(), "bad", "without a hook at once");
}

#[cfg(feature = "std")]
#[test]
fn a_panic_under_another_monitor_is_told_to_it() {
    // async 48, changed: there is an answer, `None`.
    everywhere(|place| {
        let (top, other) = (Monitor::top(), Monitor::top());
        let panics = async { if true { panic!("inside") } else { 5 } };
        let answer = place.run(under(&top, || within(other.clone(), panics)));
        assert_eq!((answer, other.seen(), top.seen()), (None, 1, 0));
        assert_eq!(place.run(within(other.clone(), async { 5 })), Some(5));
    });
}

#[test]
fn an_error_that_crosses_three_monitors_is_wrapped_once() {
    // async 49
    let top = Monitor::top();
    let origin = top.child().child();
    let mut errors = top.detach();
    origin.send_error(BAD);
    let report = errors.try_next().unwrap();
    assert!(report.monitor() == origin);
    let elsewhere = Monitor::top();
    let mut there = elsewhere.detach();
    elsewhere.send_error(report);
    let again = there.try_next().unwrap();
    assert!(again.monitor() == origin, "it carries the monitor that was told first");
    assert!(matches!(again.fault(), Fault::Text("bad")));
}

#[test]
fn sending_returns_before_any_handler_runs() {
    // async 52
    everywhere(|place| {
        let log = Log::default();
        place.run(async {
            let said = log.clone();
            let monitor = handler(move |report| said.say(report.to_string()));
            yield_now().await;
            monitor.send_error(BAD);
            log.say("sent");
        });
        place.settle();
        assert_eq!(log.take(), ["sent", "bad"]);
    });
}

#[test]
fn every_error_is_handled_those_after_the_result_too_and_the_handler_ends() {
    everywhere(|place| {
        let log = Log::default();
        let said = log.clone();
        let answer = place.run(async {
            let work = async {
                spawn(fails_once("late")).unwrap().detach();
                assert_eq!(or_send(async { Err::<(), _>(std::fmt::Error) }).await, None);
                7
            };
            let answer = handle_errors(work, move |report| said.say(report.to_string())).await;
            after(Duration::from_millis(2)).await.unwrap();
            answer
        });
        assert_eq!(answer, Some(7));
        place.settle();
        assert_eq!(log.take(), [&std::fmt::Error.to_string(), "late"]);
        assert_eq!(place.live(), 0, "no handler is left");
    });
}

#[cfg(feature = "std")]
#[test]
fn a_panic_is_the_handles_where_there_is_one_and_else_the_monitors() {
    everywhere(|place| {
        let top = Monitor::top();
        let joined =
            place.run(under(&top, || async { spawn(async { panic!("joined") }).unwrap().await }));
        let joined: Result<(), _> = joined;
        assert!(joined.is_err());
        assert_eq!(top.seen(), 0);
        place.run(under(&top, || async {
            let handle = spawn(async { panic!("dropped late") }).unwrap();
            while !handle.is_finished() {
                yield_now().await;
            }
            drop(handle);
        }));
        assert_eq!(top.seen(), 1);
    });
}
