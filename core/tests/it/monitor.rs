//! Monitors without an executor: roots, and why a tree has failed.

use std::pin::pin;

use tidemill_core::{context::Monitor, error::Fault};

use crate::bell::{Log, poll};

const BAD: Fault = Fault::Text("bad");

#[test]
fn who_waits_for_a_tree_to_fail_is_woken_when_it_has_and_for_no_error_before() {
    let (top, log) = (Monitor::top(), Log::default());
    let below = top.child();
    let mut failing = pin!(below.failing());
    assert!(poll(failing.as_mut(), &log.bell("failed")).is_pending());
    let mut errors = top.detach();
    below.send_error(BAD);
    assert!(log.take().is_empty() && !below.has_failed() && top.failures().is_none());
    let report = errors.try_next().unwrap();
    assert!(report.stray().worker.is_none() && report.stray().task.is_none());
    top.fail(report);
    assert_eq!(log.take(), ["failed"]);
    assert!(below.has_failed() && poll(failing, &log.bell("again")).is_ready());
    assert_eq!(below.failures().unwrap().to_string(), "nobody answered for an error: bad");
}

#[test]
fn of_many_errors_for_which_a_tree_has_failed_eight_are_kept_and_the_rest_counted() {
    let top = Monitor::top();
    (0..10).for_each(|code| top.child().send_error(Fault::Code(code)));
    let failed = top.failures().unwrap();
    assert!(matches!(failed.first().fault, Fault::Code(0)));
    let others: Vec<_> = failed.others().iter().map(ToString::to_string).collect();
    assert_eq!(others, (1..8).map(|code| format!("code {code}")).collect::<Vec<_>>());
    assert_eq!(failed.more(), 2);
}

#[test]
fn why_a_tree_has_failed_names_the_error_as_its_source() {
    let top = Monitor::top();
    top.send_error(std::fmt::Error);
    let failed = top.failures().unwrap();
    let source = std::error::Error::source(&failed).unwrap();
    assert!(source.is::<std::fmt::Error>());
    let plain = Monitor::top();
    plain.send_error(BAD);
    assert!(std::error::Error::source(&plain.failures().unwrap()).is_none());
}

#[cfg(feature = "std")]
#[test]
fn a_thread_has_the_root_that_it_runs_under_and_the_one_before_also_after_a_panic() {
    use tidemill_core::context::{Context, send_error};
    let (process, outer, inner) = (Monitor::root(), Monitor::top(), Monitor::top());
    outer.as_root(3, || {
        assert!(Monitor::root() == outer && Context::current().monitor() == outer);
        let panics = std::panic::AssertUnwindSafe(|| {
            inner.as_root(4, || {
                send_error(BAD);
                panic!("of the test")
            })
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        send_error(BAD);
        // Another thread has the process's.
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(Monitor::root() == process));
        });
    });
    assert!(Monitor::root() == process);
    let told = |root: &Monitor| root.failures().unwrap().first().worker;
    assert_eq!((told(&outer), told(&inner)), (Some(3), Some(4)));
    let mut errors = outer.errors();
    outer.send_error(BAD);
    assert_eq!(errors.try_next().unwrap().stray().worker, None);
}
