//! Errors that somebody answers for end nothing: handlers, hooks, whoever detaches a monitor, another runtime.

use std::future::pending;

use tidemill_core::{
    context::{Monitor, Report, send_error},
    error::JoinError,
    scope::{handle_errors, hook},
};
use tidemill_uring::runtime::{Runtime, current_worker, spawn, spawn_on};

use crate::{
    stage::{Watch, turn, until},
    strays::{BAD, Log, ended, said, several},
};

#[test]
fn what_a_handler_answers_for_ends_nothing_whichever_worker_it_comes_from() {
    let (_watch, log) = (Watch::new(), Log::default());
    let runtime = several(3).build().expect("a runtime");
    let heard = log.clone();
    let run = runtime.run(async {
        let work = async {
            drop(spawn_on(2, async || panic!("on {}", current_worker().expect("a worker"))));
            // What is started from there is answered for as well.
            let starts = async || drop(spawn_on(1, async || send_error(BAD)));
            spawn_on(2, starts).expect("there is room").await.expect("no panic");
        };
        let heard = move |report: Report| {
            heard.say(report.stray().to_string());
        };
        handle_errors(work, heard).await;
        until("both were told", || log.0.lock().unwrap().len() == 2).await;
    });
    run.expect("somebody answered");
    let mut heard = log.take();
    heard.sort();
    assert_eq!(heard[0], "worker 1: bad");
    assert!(heard[1].starts_with("worker 2: task "), "{heard:?}");
    assert!(heard[1].ends_with(" panicked: on 2"), "{heard:?}");
    runtime.shutdown().expect("nothing went wrong");
}

#[test]
fn a_handler_that_fails_is_nobodys_answer_and_ends_the_runtime() {
    let _watch = Watch::new();
    let runtime = several(2).build().expect("a runtime");
    let told = ended(runtime.run(async {
        let work = async {
            drop(spawn_on(1, async || send_error(BAD)));
            pending::<()>().await
        };
        handle_errors(work, |report| panic!("while it handled {report}")).await
    }));
    let first = told.failed.first();
    assert_eq!((first.fault.to_string(), first.worker), ("while it handled bad".into(), Some(0)));
}

// async 45, changed: it ends in order.
#[test]
fn a_hook_sees_the_error_first_and_one_that_panics_hides_nothing() {
    let (_watch, log) = (Watch::new(), Log::default());
    let runtime = Runtime::new().expect("a runtime");
    let heard = log.clone();
    let told = ended(runtime.run(async {
        hook(&Monitor::root(), move |report| heard.say(report.to_string()));
        drop(spawn(async { send_error(BAD) }));
        pending::<()>().await
    }));
    assert_eq!((log.take(), told.failed.others().len()), (vec!["bad".to_owned()], 0));
    let runtime = Runtime::new().expect("a runtime");
    let told = ended(runtime.run(async {
        hook(&Monitor::root(), |_| panic!("the hook fails too"));
        drop(spawn(async { send_error(BAD) }));
        pending::<()>().await
    }));
    assert_eq!(told.failed.first().to_string(), "worker 0: bad");
    assert!(said(told.failed.others())[0].ends_with("the hook fails too"), "{told}");
}

#[test]
fn what_is_detached_at_the_root_or_cancelled_ends_nothing() {
    let _watch = Watch::new();
    let runtime = several(2).build().expect("a runtime");
    runtime
        .run(async {
            let mut errors = Monitor::root().detach();
            drop(spawn_on(1, async || send_error(BAD)));
            assert_eq!(errors.next().await.expect("an error").to_string(), "bad");
            for worker in 0..2 {
                let waits = spawn_on(worker, pending::<()>).expect("there is room");
                waits.cancel();
                assert!(matches!(waits.await, Err(JoinError::Cancelled)));
                let left = spawn_on(worker, pending::<()>).expect("there is room");
                left.cancel();
                drop(left);
                spawn_on(worker, turn).expect("there is room").await.expect("no panic");
            }
        })
        .expect("nobody is without an answer");
    runtime.shutdown().expect("nothing went wrong");
}

#[test]
fn a_runtime_that_fails_leaves_others_of_the_process_alone() {
    let _watch = Watch::new();
    let outer = Runtime::new().expect("a runtime");
    let told = outer.run(async {
        let told = ended(Runtime::new().expect("another").run(async {
            send_error(BAD);
            pending::<()>().await
        }));
        turn().await;
        told.to_string()
    });
    assert_eq!(told.expect("it goes on"), "nobody answered for an error: worker 0: bad");
    assert!(outer.handle().monitor().failed().is_none());
    assert!(Monitor::root() != outer.handle().monitor());
    outer.shutdown().expect("nothing went wrong");
}
