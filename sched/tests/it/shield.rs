//! Shielded futures: they run to their end, whoever waits. Runs with and without `std`.

use std::time::Duration;

use tidemill_core::{
    context::{Context, Key, Monitor, send_error},
    error::Fault,
    scope::{CancelToken, after, shield, shield_with},
};
use tidemill_sched::{Local, spawn};

use crate::{
    board::{Board, Log, alone, yield_now},
    everywhere::everywhere,
};

const BAD: Fault = Fault::Text("bad");

static NAME: Key<&'static str> = Key::new();

async fn sleep(ms: u64) {
    after(Duration::from_millis(ms)).await.unwrap();
}

#[test]
fn what_is_shielded_goes_on_to_its_end_and_its_caller_is_cancelled_at_once() {
    // async 161, changed: cancelling is dropping, so the caller does not wait.
    everywhere(|place| {
        let (log, token) = (Log::default(), CancelToken::new());
        let (said, inner) = (log.clone(), token.clone());
        place.run(async {
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
        assert_eq!(log.take(), ["begun", "caller cancelled", "ended"]);
        assert_eq!(place.run(shield(async { 7 })), 7);
        assert_eq!(place.live(), 0, "what came to its end leaves nothing behind");
    });
}

#[test]
fn a_shield_that_was_never_polled_runs_all_the_same_in_the_context_in_which_it_was_made() {
    everywhere(|place| {
        let (log, top, other) = (Log::default(), Monitor::top(), Monitor::top());
        let said = log.clone();
        let made = Context::root().with_local(&NAME, "made").with_monitor(top.clone());
        place.run(async {
            let shielded = made.run(|| {
                shield(async move {
                    yield_now().await;
                    said.say(Context::current().local(&NAME).map_or("nobody", |name| *name));
                    send_error(BAD);
                })
            });
            Context::root().with_monitor(other.clone()).run(|| drop(shielded));
        });
        place.settle();
        assert_eq!((log.take(), top.seen(), other.seen()), (vec!["made".into()], 1, 0));
    });
}

#[cfg(feature = "std")]
#[test]
fn a_shielded_future_that_panics_tells_its_caller_or_else_the_monitor_of_its_making() {
    everywhere(|place| {
        let (top, other) = (Monitor::top(), Monitor::top());
        let made = Context::root().with_monitor(top.clone());
        let panics = || {
            shield(async {
                if true {
                    panic!("shielded")
                }
            })
        };
        let caller = place.spawn(made.run(panics));
        assert_eq!(place.run(caller).unwrap_err().to_string(), "the task panicked: shielded");
        assert_eq!(top.seen(), 0);
        let left = made.run(panics);
        place.enter(|| Context::root().with_monitor(other.clone()).run(|| drop(left)));
        place.settle();
        assert_eq!((top.seen(), other.seen()), (1, 0));
    });
}

#[test]
fn without_an_executor_the_monitor_is_told_that_nothing_can_run_it() {
    let _alone = alone();
    let (top, log) = (Monitor::top(), Log::default());
    let made = Context::root().with_monitor(top.clone());
    drop(made.run(|| shield(async {})));
    assert_eq!(top.seen(), 1);
    // One's own way to go on.
    let said = log.clone();
    let shielded = made.run(|| {
        shield_with(async {}, move |rest| {
            said.say("handed over");
            drop(rest);
        })
    });
    drop(shielded);
    assert_eq!((log.take(), top.seen()), (vec!["handed over".into()], 1));
    let local = Local::new(Board::default());
    let waits = made.run(|| shield(std::future::pending::<()>()));
    drop(local.spawn(waits));
    local.tick();
    drop(local);
    assert_eq!(top.seen(), 2, "it was being dropped");
}
