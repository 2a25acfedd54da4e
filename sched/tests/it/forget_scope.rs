//! Scopes, shields, protected bodies, handlers and attempts that are forgotten half way: they leak themselves, and everybody else goes on.

use std::{
    future::{Future, pending},
    mem,
    pin::Pin,
    task::Waker,
};

use tidemill_core::{
    context::{Context, Monitor, send_error},
    error::Fault,
    ivar::Ivar,
    scope::{Rest, Scope, handler, protect, scope, shield, try_with, upon, with_timeout},
};
use tidemill_sched::spawn;

use crate::{
    bell::poll,
    board::{Log, Says, yield_now},
    everywhere::{Place, everywhere},
    scope::{says, sleep},
};

const BAD: Fault = Fault::Text("bad");

/// Gives `future` so many turns beside the tasks, then forgets it. `true`: it has ended before.
fn forget_after<F: Future>(place: &Place, turns: usize, future: F) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..turns {
        let polled = place.enter(|| poll(future.as_mut(), Waker::noop()));
        if polled.is_ready() {
            return true;
        }
        place.one_turn();
    }
    mem::forget(future);
    false
}

/// Gives up so many turns, then says a word; says another when it is dropped.
async fn steps(log: Log, turns: u32, word: &'static str, gone: &'static str) -> Result<(), Fault> {
    let _gone = Says(log.clone(), gone);
    for _ in 0..turns {
        yield_now().await;
    }
    log.say(word);
    Ok(())
}

#[test]
fn a_scope_that_is_forgotten_at_any_point_has_its_children_run_on_and_nobody_waits_for_them() {
    everywhere(|place| {
        for turns in 0.. {
            let log = Log::default();
            let said = log.clone();
            let ended = forget_after(
                place,
                turns,
                scope(async move |scope: Scope| {
                    scope.spawn(steps(said.clone(), 2, "child", "child gone")).unwrap();
                    scope.spawn_daemon(steps(said.clone(), 9, "daemon", "daemon gone")).unwrap();
                    scope.on_release(says(said.clone(), "released")).unwrap();
                    yield_now().await;
                    Ok(())
                }),
            );
            // Others have their turns, and a scope of theirs ends.
            let other = place.run(scope(async |scope: Scope| {
                scope.spawn(async { Ok(()) }).unwrap();
                sleep(5).await;
                Ok::<_, Fault>(7)
            }));
            assert_eq!(other.unwrap(), 7);
            place.run_all();
            let said = log.take();
            assert_eq!(place.live(), 0, "forgotten after {turns} turns: {said:?}");
            let count = |word: &str| said.iter().filter(|it| *it == word).count();
            assert!(["child gone", "daemon gone", "released"].iter().all(|word| count(word) < 2));
            // Nobody cancels it: it runs to its end.
            assert_eq!(
                (count("child"), count("child gone")),
                if turns > 0 { (1, 1) } else { (0, 0) }
            );
            assert!(count("released") == 0 || said.last().is_some_and(|it| it == "released"));
            if ended {
                assert_eq!(count("released"), 1, "{said:?}");
                break;
            }
            assert!(turns < 50, "it does not end");
        }
    });
}

#[test]
fn forgotten_handles_of_a_scope_keep_it_in_memory_and_not_from_its_end() {
    everywhere(|place| {
        let log = Log::default();
        let ended = place.run(scope(async |scope: Scope| {
            mem::forget(scope.clone());
            mem::forget(scope.token());
            let (inner, said) = (scope.clone(), log.clone());
            let child = async move {
                mem::forget(inner);
                said.say("child");
                Ok(())
            };
            scope.spawn(child).unwrap();
            scope.on_release(says(log.clone(), "released")).unwrap();
            Ok::<_, Fault>(())
        }));
        assert!(ended.is_ok());
        assert_eq!(log.take(), ["child", "released"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn what_is_forgotten_inside_a_scope_holds_up_neither_its_end_nor_its_cancellation() {
    everywhere(|place| {
        let log = Log::default();
        let said = log.clone();
        let ended = place.run(scope(async move |outer: Scope| {
            for ends in [true, false] {
                let said = said.clone();
                let child = async move {
                    // An inner scope, something shielded, something protected: each half way.
                    let mut inner: [Pin<Box<dyn Future<Output = ()>>>; 3] = [
                        Box::pin(shield(pending::<()>())),
                        Box::pin(async {
                            let never = async |_: Scope| pending::<Result<(), Fault>>().await;
                            drop(scope(never).await)
                        }),
                        Box::pin(async {
                            let body = pending::<Result<(), Fault>>();
                            drop(protect(body, async || unreachable!("it is forgotten")).await)
                        }),
                    ];
                    for inner in &mut inner {
                        assert!(poll(Pin::new(inner), Waker::noop()).is_pending());
                    }
                    inner.into_iter().for_each(mem::forget);
                    let _gone = Says(said, "child gone");
                    if !ends {
                        pending::<()>().await;
                    }
                    Ok(())
                };
                outer.spawn(child).unwrap();
            }
            sleep(1).await;
            outer.cancel(BAD);
            pending::<Result<(), Fault>>().await
        }));
        assert!(ended.is_err());
        assert_eq!(log.take(), ["child gone", "child gone"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn what_is_shielded_and_forgotten_goes_no_further_and_its_timer_harms_nobody() {
    everywhere(|place| {
        for turns in 0..2 {
            let log = Log::default();
            let said = log.clone();
            forget_after(
                place,
                turns,
                shield(async move {
                    said.say("begun");
                    sleep(1).await;
                    said.say("it is forgotten, and goes on");
                }),
            );
            place.run(sleep(5));
            assert_eq!(log.take().len(), usize::from(turns > 0));
            assert_eq!(place.live(), 0);
        }
    });
}

#[test]
fn a_protected_body_that_is_forgotten_at_any_point_ends_no_more_often_than_once() {
    everywhere(|place| {
        for turns in 0.. {
            let (top, log) = (Monitor::top(), Log::default());
            let (said, last) = (log.clone(), log.clone());
            let protected = protect(
                async move {
                    yield_now().await;
                    said.say("body");
                    Err::<(), Fault>(BAD)
                },
                move || async move {
                    last.say("finally");
                    yield_now().await;
                    Ok(())
                },
            );
            let context = Context::root().with_monitor(top.clone());
            let ended = forget_after(place, turns, context.within(protected));
            place.run_all();
            let said = log.take();
            assert!(said.len() <= 2 && said == ["body", "finally"][..said.len()], "{said:?}");
            assert_eq!((place.live(), top.seen()), (0, 0), "nobody is told");
            if ended {
                assert!(turns > 1 && said.len() == 2);
                break;
            }
        }
    });
}

#[test]
fn a_forgotten_handle_of_a_handler_lets_it_run_and_one_forgotten_in_line_is_passed_over() {
    everywhere(|place| {
        let log = Log::default();
        let value: &'static Ivar<u32> = Box::leak(Box::new(Ivar::new()));
        let mut forgotten = Box::pin(value.read());
        assert!(poll(forgotten.as_mut(), Waker::noop()).is_pending());
        mem::forget(forgotten);
        place.run(async {
            for word in ["first", "second"] {
                let said = log.clone();
                let handle = upon(value.read(), move |_| said.say(word));
                mem::forget(handle.unwrap_or_else(|_| panic!("an executor is current")));
            }
            // Both wait in line.
            sleep(1).await;
            value.fill(1).unwrap();
        });
        place.settle();
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["first", "second"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_monitor_that_is_forgotten_keeps_its_handler_until_the_executor_goes() {
    everywhere(|place| {
        let log = Log::default();
        let said = log.clone();
        let handled = place.run(async move { handler(move |report| said.say(report.to_string())) });
        let kept = handled.clone();
        mem::forget(kept);
        handled.send_error(BAD);
        drop(handled);
        place.settle();
        assert_eq!((log.take(), place.live()), (vec!["bad".to_owned()], 1));
    });
}

#[test]
fn an_attempt_that_is_forgotten_keeps_the_errors_of_what_it_started_and_no_others() {
    everywhere(|place| {
        let top = Monitor::top();
        let context = Context::root().with_monitor(top.clone());
        let attempt = context.run(|| {
            try_with(
                async {
                    let late = async {
                        sleep(1).await;
                        send_error(BAD);
                    };
                    drop(spawn(late));
                    pending::<()>().await
                },
                Rest::Raise,
            )
        });
        assert!(!forget_after(place, 1, attempt));
        let answer = place.run(context.within(async {
            sleep(2).await;
            let attempt = try_with(
                async {
                    send_error(Fault::Text("its own"));
                    pending::<()>().await
                },
                Rest::Raise,
            );
            // A timeout that is forgotten leaves its timer, which wakes nobody.
            let mut timeout =
                Box::pin(with_timeout(std::time::Duration::from_nanos(1), pending::<()>()));
            assert!(poll(timeout.as_mut(), Waker::noop()).is_pending());
            mem::forget(timeout);
            attempt.await
        }));
        assert_eq!(answer.unwrap_err().to_string(), "its own");
        assert_eq!(top.seen(), 0);
    });
}
