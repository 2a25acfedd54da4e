//! Scopes: who waits for whom, who is cancelled, and what runs at the end.

use std::{future::pending, time::Duration};

use tidemill_core::{
    error::{Failure, Fault, ScopeError, ScopeFailed},
    scope::{CancelToken, Scope, after, scope, shield},
};
use tidemill_sched::spawn;

use crate::{
    board::{Log, Says, yield_now},
    orders::everywhere,
};

const BAD: Fault = Fault::Text("bad");

async fn sleep(ms: u64) {
    after(Duration::from_millis(ms)).await.unwrap();
}

fn first(failed: ScopeFailed<Fault>) -> (String, usize) {
    match failed.first {
        Some(Failure::Error(error)) => (error.to_string(), failed.others.len()),
        Some(Failure::Panicked(panic)) => (panic.to_string(), failed.others.len()),
        None => ("cancelled".into(), failed.others.len()),
    }
}

/// Sleeps, then says a word; says another when it is dropped.
async fn worker(log: Log, ms: u64, word: &'static str, gone: &'static str) -> Result<(), Fault> {
    let _gone = Says(log.clone(), gone);
    sleep(ms).await;
    log.say(word);
    Ok(())
}

#[test]
fn a_scope_waits_for_its_children_and_theirs() {
    // async 157
    everywhere(|play| {
        let log = play.log.clone();
        let value = play.run(async {
            let said = log.clone();
            let value = scope(async |scope: Scope| {
                let inner = scope.clone();
                let words = said.clone();
                scope
                    .spawn(async move {
                        inner.spawn(worker(words.clone(), 3, "grandchild", "gone")).unwrap();
                        worker(words, 1, "child", "gone").await
                    })
                    .unwrap();
                said.say("body");
                Ok(7)
            })
            .await;
            log.say("scope");
            value
        });
        assert_eq!(value.unwrap(), 7);
        assert_eq!(play.log.take(), ["body", "child", "gone", "grandchild", "gone", "scope"]);
    });
}

#[test]
fn the_first_failure_cancels_the_others_and_the_second_is_told_with_it() {
    // async 157
    everywhere(|play| {
        let log = play.log.clone();
        let failed = play.run(scope(async |scope: Scope| {
            scope.spawn(worker(log.clone(), 100, "never", "sibling gone")).unwrap();
            for _ in 0..2 {
                scope
                    .spawn(async {
                        sleep(1).await;
                        Err(BAD)
                    })
                    .unwrap();
            }
            let _gone = Says(log.clone(), "body gone");
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed.unwrap_err()), ("bad".into(), 1));
        let mut said = play.log.take();
        said.sort();
        assert_eq!(said, ["body gone", "sibling gone"]);
    });
}

#[test]
fn a_child_that_panics_fails_the_scope() {
    everywhere(|play| {
        let failed = play.run(scope(async |scope: Scope| {
            scope.spawn(async { panic!("a child") }).unwrap();
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed.unwrap_err()), ("a child".into(), 0));
    });
}

#[test]
fn a_scope_that_has_ended_takes_nothing_in() {
    // async 157
    everywhere(|play| {
        play.run(async {
            let mut kept = None;
            scope(async |scope: Scope| {
                kept = Some(scope.clone());
                Ok(())
            })
            .await
            .unwrap();
            let scope = kept.unwrap();
            assert!(matches!(scope.spawn(async { Ok(()) }), Err(ScopeError::Ended(_))));
            assert!(matches!(scope.spawn_daemon(async { Ok(()) }), Err(ScopeError::Ended(_))));
            assert!(matches!(scope.on_release(async { Ok(()) }), Err(ScopeError::Ended(_))));
        });
    });
}

#[test]
fn what_is_spawned_in_a_cancelled_scope_never_starts() {
    // async 159
    everywhere(|play| {
        let log = play.log.clone();
        let failed = play.run(scope(async |scope: Scope| {
            let (said, late) = (log.clone(), log.clone());
            // Spawned before, and not begun.
            scope
                .spawn(async move {
                    {
                        said.say("started");
                        Ok(())
                    }
                })
                .unwrap();
            scope.cancel(BAD);
            scope
                .spawn(async move {
                    {
                        late.say("started");
                        Ok(())
                    }
                })
                .unwrap();
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed.unwrap_err()), ("cancelled".into(), 0));
        assert_eq!(play.log.take(), [] as [&str; 0]);
    });
}

#[test]
fn daemons_are_cancelled_when_the_last_child_has_ended() {
    // async 159
    everywhere(|play| {
        let log = play.log.clone();
        play.run(scope(async |scope: Scope| {
            scope.spawn_daemon(worker(log.clone(), 1000, "never", "daemon gone")).unwrap();
            scope.spawn(worker(log.clone(), 2, "child", "child gone")).unwrap();
            let said = log.clone();
            scope
                .on_release(async move {
                    {
                        said.say("released");
                        Ok(())
                    }
                })
                .unwrap();
            Ok(())
        }))
        .unwrap();
        assert_eq!(play.log.take(), ["child", "child gone", "daemon gone", "released"]);
    });
}

#[test]
fn releases_run_last_in_first_out_all_of_them_even_if_some_fail() {
    everywhere(|play| {
        let log = play.log.clone();
        let failed = play.run(scope(async |scope: Scope| {
            for word in ["first", "second", "third"] {
                let said = log.clone();
                let release = async move {
                    yield_now().await;
                    said.say(word);
                    if word == "second" { panic!("second") } else { Ok(()) }
                };
                scope.on_release(release).unwrap();
            }
            Ok(())
        }));
        assert_eq!(first(failed.unwrap_err()), ("second".into(), 0));
        assert_eq!(play.log.take(), ["third", "second", "first"]);
    });
}

#[test]
fn a_scope_dropped_at_any_point_cancels_its_children_and_then_runs_its_releases() {
    everywhere(|play| {
        for turns in 1..8 {
            let log = Log::default();
            let said = log.clone();
            let task = play.local.spawn(scope(async move |scope: Scope| {
                scope.spawn(worker(said.clone(), 1000, "never", "child gone")).unwrap();
                for word in ["second release", "first release"] {
                    let said = said.clone();
                    let release = async move {
                        yield_now().await;
                        {
                            said.say(word);
                            Ok(())
                        }
                    };
                    scope.on_release(release).unwrap();
                }
                yield_now().await;
                if turns > 4 { Err(BAD) } else { Ok(()) }
            }));
            play.local.set_budget(1);
            for _ in 0..turns {
                play.local.tick();
            }
            play.local.set_budget(256);
            task.cancel();
            play.settle();
            let mut said = log.take();
            // A child that had not begun says nothing.
            said.retain(|word| word != "child gone");
            assert_eq!(said, ["first release", "second release"], "after {turns} turns");
            assert_eq!(play.local.live(), 0);
        }
    });
}

#[test]
fn a_success_that_races_with_a_cancel_is_delivered() {
    // async 160
    everywhere(|play| {
        let value = play.run(scope(async |scope: Scope| {
            scope.cancel(BAD);
            Ok::<_, Fault>(7)
        }));
        assert_eq!(value.unwrap(), 7);
        let token = CancelToken::new();
        let value = play.run(token.run(async {
            token.cancel(BAD);
            7
        }));
        assert_eq!(value.unwrap(), 7);
    });
}

#[test]
fn what_is_shielded_goes_on_to_its_end_and_its_caller_is_cancelled_at_once() {
    // async 161, changed: cancelling is dropping, so the caller does not wait.
    everywhere(|play| {
        let (log, token) = (play.log.clone(), CancelToken::new());
        let (said, inner) = (log.clone(), token.clone());
        play.run(async {
            let shielded = async move {
                said.say("begun");
                sleep(2).await;
                said.say("ended");
            };
            let caller = spawn(async move { inner.run(shield(shielded)).await.is_err() }).unwrap();
            sleep(1).await;
            token.cancel(BAD);
            assert!(caller.await.unwrap());
            log.say("caller cancelled");
            sleep(5).await;
        });
        assert_eq!(play.log.take(), ["begun", "caller cancelled", "ended"]);
        assert_eq!(play.run(shield(async { 7 })), 7);
    });
}
