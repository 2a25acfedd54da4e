//! Scopes: who waits for whom, who is cancelled, and what runs at the end. Runs with and without `std`.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use tidemill_core::{
    error::{Failure, Fault, ScopeError, ScopeFailed},
    scope::{CancelToken, Scope, after, scope},
};

use crate::{
    board::{Log, Says, yield_now},
    everywhere::everywhere,
};

const BAD: Fault = Fault::Text("bad");

pub(crate) async fn sleep(ms: u64) {
    after(Duration::from_millis(ms)).await.unwrap();
}

/// What failed first, and how many after it.
pub(crate) fn first<T>(ended: Result<T, ScopeFailed<Fault>>) -> (String, usize) {
    let Err(failed) = ended else { panic!("it did not fail") };
    let first = match failed.first {
        Some(Failure::Error(error)) => error.to_string(),
        Some(Failure::Panicked(panic)) => panic.to_string(),
        None => "cancelled".into(),
    };
    (first, failed.others.len())
}

/// Sleeps, then says a word; says another when it is dropped.
pub(crate) async fn worker(
    log: Log,
    ms: u64,
    word: &'static str,
    gone: &'static str,
) -> Result<(), Fault> {
    let _gone = Says(log.clone(), gone);
    sleep(ms).await;
    log.say(word);
    Ok(())
}

/// Says a word and is well.
pub(crate) async fn says(log: Log, word: &'static str) -> Result<(), Fault> {
    log.say(word);
    Ok(())
}

#[test]
fn a_scope_waits_for_its_children_and_theirs() {
    // async 157
    everywhere(|place| {
        let log = Log::default();
        let value = place.run(async {
            let value = scope(async |scope: Scope| {
                let (inner, words) = (scope.clone(), log.clone());
                let child = async move {
                    inner.spawn(worker(words.clone(), 3, "grandchild", "gone")).unwrap();
                    worker(words, 1, "child", "gone").await
                };
                scope.spawn(child).unwrap();
                log.say("body");
                Ok(7)
            })
            .await;
            log.say("scope");
            value
        });
        assert_eq!(value.unwrap(), 7);
        assert_eq!(log.take(), ["body", "child", "gone", "grandchild", "gone", "scope"]);
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn the_first_failure_cancels_the_others_and_the_second_is_told_with_it() {
    // async 157
    everywhere(|place| {
        let log = Log::default();
        let failed = place.run(scope(async |scope: Scope| {
            scope.spawn(worker(log.clone(), 100, "never", "sibling gone")).unwrap();
            for _ in 0..2 {
                let fails = async {
                    sleep(1).await;
                    Err(BAD)
                };
                scope.spawn(fails).unwrap();
            }
            let _gone = Says(log.clone(), "body gone");
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed), ("bad".into(), 1));
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["body gone", "sibling gone"]);
    });
}

#[test]
fn a_body_that_fails_cancels_the_children() {
    // async 157
    everywhere(|place| {
        let log = Log::default();
        let failed = place.run(scope(async |scope: Scope| {
            scope.spawn(worker(log.clone(), 100, "never", "child gone")).unwrap();
            sleep(1).await;
            Err::<(), _>(BAD)
        }));
        assert_eq!(first(failed), ("bad".into(), 0));
        assert_eq!(log.take(), ["child gone"]);
    });
}

#[cfg(feature = "std")]
#[test]
fn a_child_that_panics_fails_the_scope() {
    everywhere(|place| {
        let failed = place.run(scope(async |scope: Scope| {
            scope.spawn(async { panic!("a child") }).unwrap();
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed), ("a child".into(), 0));
    });
}

#[test]
fn a_scope_that_has_ended_takes_nothing_in() {
    // async 157
    everywhere(|place| {
        place.run(async {
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
    everywhere(|place| {
        let log = Log::default();
        let failed = place.run(scope(async |scope: Scope| {
            // Spawned before, and not begun.
            scope.spawn(says(log.clone(), "started")).unwrap();
            scope.spawn_daemon(says(log.clone(), "started")).unwrap();
            scope.cancel(BAD);
            scope.spawn(says(log.clone(), "started")).unwrap();
            scope.spawn_daemon(says(log.clone(), "started")).unwrap();
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed), ("cancelled".into(), 0));
        assert_eq!(log.take(), [] as [&str; 0]);
    });
}

#[test]
fn daemons_are_cancelled_when_the_last_child_has_ended() {
    // async 159
    everywhere(|place| {
        let log = Log::default();
        let ended = place.run(scope(async |scope: Scope| {
            scope.spawn_daemon(worker(log.clone(), 1000, "never", "daemon gone")).unwrap();
            scope.spawn(worker(log.clone(), 2, "child", "child gone")).unwrap();
            scope.on_release(says(log.clone(), "released")).unwrap();
            Ok(())
        }));
        ended.unwrap();
        assert_eq!(log.take(), ["child", "child gone", "daemon gone", "released"]);
    });
}

#[test]
fn a_daemon_may_start_children_and_fails_the_scope_as_they_do() {
    everywhere(|place| {
        let log = Log::default();
        let ended = place.run(scope(async |scope: Scope| {
            let (inner, words) = (scope.clone(), log.clone());
            let daemon = async move {
                inner.spawn(worker(words.clone(), 5, "child of a daemon", "gone")).unwrap();
                sleep(3).await;
                Err(BAD)
            };
            scope.spawn_daemon(daemon).unwrap();
            scope.spawn(worker(log.clone(), 1, "child", "gone")).unwrap();
            Ok(())
        }));
        assert_eq!(first(ended), ("bad".into(), 0));
        assert_eq!(log.take(), ["child", "gone", "gone"]);
    });
}

#[test]
fn releases_run_last_in_first_out_all_of_them_even_if_some_fail() {
    everywhere(|place| {
        let log = Log::default();
        let failed = place.run(scope(async |scope: Scope| {
            for word in ["first", "second", "third"] {
                let said = log.clone();
                let release = async move {
                    yield_now().await;
                    said.say(word);
                    if word != "second" {
                        return Ok(());
                    }
                    if cfg!(feature = "std") { panic!("second") } else { Err(Fault::Text(word)) }
                };
                scope.on_release(release).unwrap();
            }
            Ok(())
        }));
        assert_eq!(first(failed), ("second".into(), 0));
        assert_eq!(log.take(), ["third", "second", "first"]);
    });
}

#[test]
fn a_token_of_a_scope_is_cancelled_with_it_and_does_not_cancel_it() {
    everywhere(|place| {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let failed = place.run(scope(async |scope: Scope| {
            let (one, two) = (scope.token(), scope.token());
            two.cancel(Fault::Text("one's own"));
            assert!(!scope.is_cancelled() && !one.is_cancelled());
            let waits: (CancelToken, _) = (one.clone(), kept.clone());
            let waits = async move {
                let reason = waits.0.cancelled().await;
                waits.1.lock().unwrap().push(reason.to_string());
            };
            let outside = place.spawn(waits);
            yield_now().await;
            scope.cancel(BAD);
            outside.await.unwrap();
            pending::<Result<(), Fault>>().await
        }));
        assert_eq!(first(failed), ("cancelled".into(), 0));
        place.settle();
        assert_eq!(*kept.lock().unwrap(), ["bad"]);
    });
}

#[test]
fn a_success_that_races_with_a_cancel_is_delivered() {
    // async 160
    everywhere(|place| {
        let value = place.run(scope(async |scope: Scope| {
            scope.cancel(BAD);
            Ok::<_, Fault>(7)
        }));
        assert_eq!(value.unwrap(), 7);
        let token = CancelToken::new();
        let value = place.run(token.run(async {
            token.cancel(BAD);
            7
        }));
        assert_eq!(value.unwrap(), 7);
    });
}
