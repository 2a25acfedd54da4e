//! A handler is a task that answers for errors: it calls a function with each, in the context in which it was made.

use core::future::Future;

use crate::{
    context::{Context, Errors, Here, MaySend, Monitor, Report},
    error::Refused,
    scope::attempt::{Rest, within},
    task::{JoinHandle, spawn},
};

/// A monitor below the current one whose errors `call` gets, one after the other, in the context of this call: never inside of
/// `send_error`. Its task ends when the monitor's last handle and context are gone. If `call` panics, the current monitor is told, and gets
/// whatever comes later.
///
/// Where no executor is current, nobody can call: the errors go to the current monitor.
pub fn handler(call: impl FnMut(Report) + MaySend + 'static) -> Monitor {
    let monitor = Context::current().monitor().child();
    settle(spawn(listen(monitor.detach(), call)));
    monitor
}

/// As [`handler`], with its task on the executor of `here`.
pub fn handler_on(here: &Here, call: impl FnMut(Report) + 'static) -> Monitor {
    let monitor = Context::current().monitor().child();
    settle(here.spawn(listen(monitor.detach(), call)));
    monitor
}

async fn listen(mut errors: Errors, mut call: impl FnMut(Report)) {
    while let Some(report) = errors.next().await {
        call(report);
    }
}

fn settle<F>(spawned: Result<JoinHandle<()>, Refused<F>>) {
    match spawned {
        Ok(handle) => handle.detach(),
        // Nobody is detached any more when it is dropped.
        Err(Refused(listens)) => drop(listens),
    }
}

impl Rest {
    /// To this function, called in the context of this call.
    pub fn call(call: impl FnMut(Report) + MaySend + 'static) -> Self {
        Self::To(handler(call))
    }

    /// To this function, called in the context of this call on the executor of `here`.
    pub fn call_on(here: &Here, call: impl FnMut(Report) + 'static) -> Self {
        Self::To(handler_on(here, call))
    }
}

/// Runs `future` under a monitor all of whose errors `call` gets, those after the result too. Where `future` panics there is `None`, and
/// `call` is told.
///
/// # Cancel safety
/// As that of `future`.
///
/// Source: Async's `Monitor.handle_errors`.
pub fn handle_errors<F: Future>(
    future: F,
    call: impl FnMut(Report) + MaySend + 'static,
) -> impl Future<Output = Option<F::Output>> {
    within(handler(call), future)
}

/// As [`handle_errors`], with `call` called on the executor of `here`.
///
/// # Cancel safety
/// As that of `future`.
pub fn handle_errors_on<F: Future>(
    here: &Here,
    future: F,
    call: impl FnMut(Report) + 'static,
) -> impl Future<Output = Option<F::Output>> {
    within(handler_on(here, call), future)
}

/// Calls `hook` with each error that reaches the top of the tree of `monitor` and that nobody has detached; after the call the tree has
/// [failed](Monitor::failed), which is where shutdown begins. It lives as long as the current executor. If `hook` panics, the tree has failed
/// for that too.
///
/// Source: Async's root monitor. Changed: there all jobs are dropped.
pub fn hook(monitor: &Monitor, hook: impl FnMut(&Report) + MaySend + 'static) {
    let top = top(monitor);
    settle(spawn(listen(top.detach(), failing(top, hook))));
}

/// As [`hook`], and lives as long as the executor of `here`.
pub fn hook_on(here: &Here, monitor: &Monitor, hook: impl FnMut(&Report) + 'static) {
    let top = top(monitor);
    settle(here.spawn(listen(top.detach(), failing(top, hook))));
}

fn top(monitor: &Monitor) -> Monitor {
    let mut top = monitor;
    while let Some(above) = top.parent() {
        top = above;
    }
    top.clone()
}

fn failing(top: Monitor, mut hook: impl FnMut(&Report)) -> impl FnMut(Report) {
    move |report| hook(&Fails(&top, report).1)
}

/// Has the tree count as failed at its end, also where the hook has panicked.
struct Fails<'a>(&'a Monitor, Report);

impl Drop for Fails<'_> {
    fn drop(&mut self) {
        self.0.fail(self.1.clone());
    }
}
