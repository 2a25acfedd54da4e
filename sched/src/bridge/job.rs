//! A job is a closure that a system thread will run, and the answer for who waits.
//!
//! | job      | `run`                              | `refuse`          | `cancel`                      |
//! |----------|------------------------------------|-------------------|-------------------------------|
//! | waiting  | -> runs, answers                   | -> answers so     | -> dropped, answers nobody    |
//! | running  | nothing                            | nothing           | nothing: it runs on           |
//! | over     | nothing                            | nothing           | nothing                       |
//!
//! [J1] The body is taken out once: whoever has it runs it, refuses it, or drops it.
//! [J2] What a body returns and nobody wants is dropped by the thread that ran it; its panic, which nobody awaits, goes to the monitor of who
//!      had asked for it.
//! [J3] Something is expected until who waits has been woken.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tidemill_core::{
    context::{Context, Monitor},
    error::{Filled, Panic},
    ivar::{Once, OnceFiller, once},
    share::Mvar,
};

use super::error::JobError;
use crate::pool::{Expected, expected};

/// What a thread does with a job.
pub trait Job: Send + Sync {
    /// Runs it, unless somebody has taken its body. It never unwinds.
    fn run(&self);

    /// Answers without having run it.
    fn refuse(&self, why: JobError);

    /// Drops what it would have done. Whether it was still to be done.
    fn cancel(&self) -> bool;

    /// What its thread is called meanwhile.
    fn name(&self) -> Option<&str>;
}

/// A closure on its way to a thread, and what answers for it.
pub struct Packet<F, T: 'static> {
    body: Mvar<Body<F, T>>,
    monitor: Monitor,
    name: Option<Box<str>>,
}

/// What is taken out once [J1].
struct Body<F, T: 'static> {
    run: F,
    answer: OnceFiller<Result<T, JobError>>,
    /// [J3]
    expected: Expected,
}

/// What comes of a job, for who waits.
pub(super) type Answer<T> = Once<Result<T, JobError>>;

impl<F: FnOnce() -> T, T> Packet<F, T> {
    /// A job that waits, and where its answer will be.
    pub fn new(name: Option<&str>, run: F) -> (Self, Once<Result<T, JobError>>) {
        let (answer, once) = once();
        let body = Mvar::new();
        let filled = body.try_put(Body { run, answer, expected: expected() });
        debug_assert!(filled.is_ok(), "it was empty");
        let monitor = Context::current().monitor();
        (Self { body, monitor, name: name.map(Into::into) }, once)
    }

    /// Runs `f`, whose panic nobody awaits [J2].
    fn alone(&self, f: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
            self.monitor.send_error(JobError::Panicked(Panic::new(payload)));
        }
    }

    fn answer(&self, answer: OnceFiller<Result<T, JobError>>, result: Result<T, JobError>) {
        self.alone(|| match answer.fill(result) {
            Ok(()) | Err(Filled(Err(JobError::Closed | JobError::NoThread(_)))) => {}
            Err(Filled(Ok(value))) => drop(value),
            Err(Filled(Err(panicked))) => self.monitor.send_error(panicked),
        });
    }
}

impl<F: FnOnce() -> T + Send, T: Send> Job for Packet<F, T> {
    fn run(&self) {
        let Some(Body { run, answer, expected }) = self.body.try_take() else { return };
        let result = catch_unwind(AssertUnwindSafe(run));
        self.answer(answer, result.map_err(|payload| JobError::Panicked(Panic::new(payload))));
        drop(expected);
    }

    fn refuse(&self, why: JobError) {
        let Some(Body { run, answer, expected }) = self.body.try_take() else { return };
        self.alone(|| drop(run));
        self.answer(answer, Err(why));
        drop(expected);
    }

    fn cancel(&self) -> bool {
        self.body.try_take().is_some()
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
