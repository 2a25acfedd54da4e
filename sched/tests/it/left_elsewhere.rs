//! What is left behind late, elsewhere or at two places at once: it is waited for, and its errors are told. Runs with and without `std`.

use std::future::pending;

use tidemill_core::{
    context::{Context, Key, Monitor, send_error},
    error::Fault,
    scope::{Rest, Scope, handler, handler_on, scope, scope_on, shield, shield_on, try_with},
};
use tidemill_sched::Local;

use crate::{
    board::{Board, Log, Says, alone, yield_now},
    everywhere::everywhere,
    scope::{says, sleep},
};

const BAD: Fault = Fault::Text("bad");

static NAME: Key<&'static str> = Key::new();

/// Ends after some turns, and says so.
async fn slowly(log: Log, word: &'static str) {
    for _ in 0..5 {
        yield_now().await;
    }
    log.say(word);
}

/// Leaves something behind when it is dropped.
struct Leaves(Log, &'static str);

impl Drop for Leaves {
    fn drop(&mut self) {
        drop(shield(slowly(self.0.clone(), self.1)));
    }
}

#[test]
fn what_a_cancelled_daemon_leaves_behind_is_waited_for_before_the_releases() {
    everywhere(|place| {
        let log = Log::default();
        let ended = place.run(scope(async |scope: Scope| {
            let leaves = Leaves(log.clone(), "left behind");
            let daemon = async move {
                let _leaves = leaves;
                pending().await
            };
            scope.spawn_daemon(daemon).unwrap();
            scope.on_release(says(log.clone(), "released")).unwrap();
            sleep(1).await;
            Ok::<_, Fault>(())
        }));
        assert!(ended.is_ok());
        assert_eq!(log.take(), ["left behind", "released"]);
    });
}

#[test]
fn what_a_child_leaves_behind_is_waited_for_wherever_it_was_started_from() {
    everywhere(|place| {
        let log = Log::default();
        let (said, last) = (log.clone(), log.clone());
        place.run(async move {
            let ended = scope(async |inside: Scope| {
                // Outside of the scope's context.
                let outside = Context::root().run(|| {
                    let leaves = Leaves(said, "left behind");
                    inside.spawn(async move {
                        drop(leaves);
                        Ok(())
                    })
                });
                outside.unwrap();
                Ok::<_, Fault>(())
            });
            ended.await.unwrap();
            last.say("scope");
        });
        assert_eq!(log.take(), ["left behind", "scope"]);
    });
}

#[test]
fn what_is_left_behind_on_a_given_executor_is_waited_for_as_well() {
    everywhere(|place| {
        let (here, log) = (place.here(), Log::default());
        // On the same one a child of a given scope, started from outside; a shield; a scope that is dropped.
        let (said, there) = (log.clone(), here.clone());
        let outer = scope_on(&here, async move |outer| {
            let (given, leaves) = (there.clone(), slowly(said.clone(), "shielded"));
            let child = async move {
                drop(shield_on(&given, leaves));
                Ok(())
            };
            Context::root().run(|| outer.spawn(child)).unwrap();
            drop(shield_on(&there, slowly(said.clone(), "shielded by the body")));
            let (release, given) = (said.clone(), there.clone());
            let inner = outer.spawn(async move {
                let inner = scope_on(&given, async |inner| {
                    let release = async move {
                        slowly(release, "released inside").await;
                        Ok(())
                    };
                    inner.on_release(release).unwrap();
                    pending::<Result<(), Fault>>().await
                });
                let mut inner = Box::pin(inner);
                std::future::poll_fn(|cx| {
                    assert!(inner.as_mut().poll(cx).is_pending());
                    std::task::Poll::Ready(())
                })
                .await;
                drop(inner);
                Ok(())
            });
            inner.unwrap();
            Ok::<_, Fault>(())
        });
        place.run_with(std::pin::pin!(outer)).unwrap();
        let mut said = log.take();
        said.sort();
        assert_eq!(said, ["released inside", "shielded", "shielded by the body"]);
    });
}

#[cfg(feature = "std")]
#[test]
fn the_panic_of_a_release_whose_scope_was_dropped_is_told_to_the_monitor() {
    everywhere(|place| {
        let top = Monitor::top();
        let mut errors = top.errors();
        let context = Context::root().with_monitor(top.clone());
        let stays = scope(async |scope: Scope| {
            scope.on_release(async { panic!("while it was released") }).unwrap();
            pending::<Result<(), Fault>>().await
        });
        let task = context.run(|| place.spawn(async { drop(stays.await) }));
        place.settle();
        task.cancel();
        drop(task);
        place.settle();
        assert_eq!(errors.try_next().unwrap().to_string(), "while it was released");
    });
}

#[test]
fn where_nobody_can_handle_them_errors_go_to_the_monitor_above() {
    let _alone = alone();
    let top = Monitor::top();
    let context = Context::root().with_monitor(top.clone());
    // No executor is current; then, it is gone.
    context.run(|| handler(|_| unreachable!("nobody runs it"))).send_error(BAD);
    assert_eq!(top.seen(), 1);
    let local = Local::new(Board::default());
    let here = local.here();
    drop(local);
    context.run(|| handler_on(&here, |_| unreachable!("nobody runs it"))).send_error(BAD);
    assert_eq!(top.seen(), 2);
    // One whose executor goes hands on what it has not handled, and all that comes later.
    let local = Local::new(Board::default());
    let handled = context.run(|| handler_on(&local.here(), |_| unreachable!("it had no turn")));
    handled.send_error(BAD);
    assert_eq!(top.seen(), 2);
    drop(local);
    handled.send_error(BAD);
    assert_eq!(top.seen(), 4);
}

#[test]
fn a_value_that_comes_with_an_error_is_the_answer_and_the_error_goes_to_the_rest() {
    // async 37
    everywhere(|place| {
        let top = Monitor::top();
        let context = Context::root().with_monitor(top.clone());
        let attempt = context.run(|| {
            let both = async {
                send_error(BAD);
                7
            };
            try_with(both, Rest::Raise)
        });
        assert_eq!(place.run(attempt).unwrap(), 7);
        assert_eq!(top.failed().unwrap().to_string(), "bad");
    });
}

#[test]
fn of_two_who_detach_a_monitor_the_last_to_go_hands_on_what_it_has_not_read() {
    let top = Monitor::top();
    let monitor = top.child();
    let (first, mut last) = (monitor.detach(), monitor.detach());
    monitor.send_error(Fault::Text("read"));
    monitor.send_error(Fault::Text("unread"));
    drop(first);
    assert_eq!(top.seen(), 0, "the other one has it");
    assert_eq!(last.try_next().unwrap().to_string(), "read");
    drop(last);
    assert_eq!((top.seen(), top.failed().unwrap().to_string()), (1, "unread".into()));
}

#[test]
fn a_future_is_dropped_in_the_context_in_which_it_is_polled() {
    struct Asks(Log);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.say(Context::current().local(&NAME).map_or("nobody", |name| *name));
        }
    }
    let _alone = alone();
    let log = Log::default();
    let (asks, says) = (Asks(log.clone()), Says(log.clone(), "dropped"));
    let within = Context::root().with_local(&NAME, "ann").within(async move {
        let (_says, _asks) = (says, asks);
        pending::<()>().await
    });
    Context::root().with_local(&NAME, "bob").run(|| drop(within));
    let mut said = log.take();
    said.sort();
    assert_eq!(said, ["ann", "dropped"]);
}
