//! An errand is a closure on its way to an executor.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tidemill_core::{
    context::Context,
    error::{Panic, WriteError},
    ivar::OnceFiller,
};

use super::error::{HandleError, OnExecutor};

/// A closure of any type, for an executor's thread.
pub(super) type Errand = Box<dyn Run>;

/// What an executor does with it.
pub(super) trait Run: Any + Send {
    /// Runs it, in a turn. It never unwinds.
    fn run(self: Box<Self>);
}

/// Who takes errands in: an executor of any kind, for any thread.
pub(super) trait Takes: Send + Sync {
    /// Takes an errand in at once, or hands it back.
    fn offer(&self, errand: Errand) -> Result<(), WriteError<Errand>>;

    /// Takes an errand in, and blocks this thread until there is room for it. One that is not taken is dropped; none is in the turn of an executor, which is an
    /// error.
    fn deliver(&self, errand: Errand) -> Result<(), HandleError>;

    /// Whether this thread is the executor's own, in a turn or not.
    fn is_own_thread(&self) -> bool;
}

/// One that nobody waits for.
pub(super) struct Posted<F>(pub(super) F);

impl<F: FnOnce() + Send + 'static> Run for Posted<F> {
    fn run(self: Box<Self>) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(self.0)) {
            let panicked = HandleError::Panicked(Panic::new(payload));
            Context::current().monitor().send_error(panicked);
        }
    }
}

/// One for which a thread waits.
pub(super) struct Asked<F, T: 'static> {
    pub(super) ask: F,
    pub(super) answer: OnceFiller<Result<T, Panic>>,
}

impl<F: FnOnce() -> T + Send + 'static, T: Send> Run for Asked<F, T> {
    fn run(self: Box<Self>) {
        let Self { ask, answer } = *self;
        let result = catch_unwind(AssertUnwindSafe(ask)).map_err(Panic::new);
        // Who waits does not go before it is answered.
        let _ = answer.fill(result);
    }
}

impl From<OnExecutor> for HandleError {
    fn from(OnExecutor: OnExecutor) -> Self {
        Self::OnExecutor
    }
}
