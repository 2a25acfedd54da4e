//! What a scope leaves behind when its caller is gone, and what is left behind in a scope. Runs with and without `std`.

use std::{future::pending, iter, time::Duration};

use tidemill_core::{
    context::{Context, Monitor},
    error::Fault,
    scope::{Scope, protect, scope, shield, with_timeout},
    task::JoinHandle,
};

use crate::{
    board::{Log, Says, yield_now},
    everywhere::{Place, everywhere},
    scope::{first, says, sleep, worker},
};

const BAD: Fault = Fault::Text("bad");
const MS: Duration = Duration::from_millis(1);

/// A task of a scope with a child and two releases, which fail.
fn stays(place: &Place, monitor: &Monitor, log: &Log) -> JoinHandle<(String, usize)> {
    let said = log.clone();
    let stays = scope(async move |scope: Scope| {
        let gone = Says(said.clone(), "child gone");
        let child = async move {
            let _gone = gone;
            pending().await
        };
        scope.spawn(child).unwrap();
        for word in ["second release", "first release"] {
            let said = said.clone();
            let release = async move {
                yield_now().await;
                said.say(word);
                Err(Fault::Text(word))
            };
            scope.on_release(release).unwrap();
        }
        yield_now().await;
        Err::<(), _>(BAD)
    });
    let context = Context::root().with_monitor(monitor.clone());
    context.run(|| place.spawn(async { first(stays.await) }))
}

#[test]
fn a_scope_dropped_at_any_point_cancels_its_children_and_then_runs_its_releases() {
    everywhere(|place| {
        for turns in 1.. {
            let (top, log) = (Monitor::top(), Log::default());
            let mut errors = top.errors();
            let task = stays(place, &top, &log);
            for _ in 0..turns {
                place.one_turn();
            }
            let ended = task.is_finished();
            task.cancel();
            place.settle();
            let mut said = log.take();
            if said.is_empty() {
                // Another task had those turns, so nothing had begun.
                continue;
            }
            let mut told: Vec<_> =
                iter::from_fn(|| errors.try_next()).map(|report| report.to_string()).collect();
            assert_eq!(said.remove(0), "child gone");
            assert_eq!(said, ["first release", "second release"], "after {turns} turns");
            assert_eq!(place.live(), 0);
            if ended {
                assert_eq!(place.run(task).unwrap(), ("bad".into(), 2));
                assert_eq!(told, [] as [&str; 0]);
                assert!(turns > 4);
                break;
            }
            // Its caller is gone: no failure is lost.
            told.retain(|word| word != "bad");
            assert_eq!(told, ["first release", "second release"], "after {turns} turns");
        }
    });
}

#[test]
fn a_body_that_failed_before_its_caller_went_is_told_to_the_monitor() {
    everywhere(|place| {
        let top = Monitor::top();
        let hangs = scope(async |scope: Scope| {
            let release = async {
                sleep(10).await;
                Ok(())
            };
            scope.on_release(release).unwrap();
            Err::<(), _>(BAD)
        });
        let context = Context::root().with_monitor(top.clone());
        let task = context.run(|| place.spawn(async { hangs.await.is_err() }));
        place.settle();
        task.cancel();
        place.run_all();
        assert_eq!((top.seen(), top.failed().unwrap().to_string()), (1, "bad".into()));
    });
}

#[test]
fn an_outer_scope_waits_for_the_end_of_inner_ones_that_were_dropped() {
    everywhere(|place| {
        let log = Log::default();
        let failed = place.run(scope(async |outer: Scope| {
            let said = log.clone();
            let child = async move {
                let inner = scope(async |inner: Scope| {
                    inner.spawn(worker(said.clone(), 100, "never", "grandchild gone")).unwrap();
                    inner.on_release(worker(said.clone(), 5, "inner released", "gone")).unwrap();
                    pending::<Result<(), Fault>>().await
                });
                inner.await.map_err(Fault::from)
            };
            outer.spawn(child).unwrap();
            outer.on_release(says(log.clone(), "outer released")).unwrap();
            sleep(1).await;
            Err::<(), _>(BAD)
        }));
        assert_eq!(first(failed), ("bad".into(), 0));
        assert_eq!(log.take(), ["grandchild gone", "inner released", "gone", "outer released"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_scope_waits_for_what_is_left_behind_in_it_by_body_children_and_daemons() {
    everywhere(|place| {
        let log = Log::default();
        let leaves = |word, ms| {
            let (said, shielded) = (log.clone(), worker(log.clone(), ms, word, "gone"));
            async move {
                let _gone = Says(said, "dropped");
                shield(shielded).await
            }
        };
        let ended = place.run(async {
            let ended = scope(async |scope: Scope| {
                scope.spawn(leaves("of a child", 30)).unwrap();
                scope.spawn_daemon(leaves("of a daemon", 40)).unwrap();
                scope.on_release(says(log.clone(), "released")).unwrap();
                let end = {
                    let said = log.clone();
                    async move || worker(said, 20, "of the body", "gone").await
                };
                let _ = with_timeout(MS, protect(pending::<Result<(), Fault>>(), end)).await;
                sleep(1).await;
                Err::<(), _>(BAD)
            });
            ended.await
        });
        assert_eq!(first(ended), ("bad".into(), 0));
        let mut said = log.take();
        said.retain(|word| word != "gone" && word != "dropped");
        assert_eq!(said, ["of the body", "of a child", "of a daemon", "released"]);
        assert_eq!(place.live(), 0);
    });
}
