//! A handler of a value: what is to be done once it is there, in the context in which that was said.

use core::future::Future;

use crate::{
    context::{Context, Within},
    error::Refused,
    task::{JoinHandle, spawn},
};

/// Schedules `f` for when `value` is ready: a task of the current executor, in the current context, never inside of this call nor of what makes
/// it ready. Handlers of one value run in the order in which they were registered. The handle removes it: cancelled, it does not run, even
/// where the value has come.
///
/// # Errors
/// No executor is current: hands back what would have been its task. [`handle_upon`] makes one for an executor that is given.
///
/// Source: Async's `upon`.
pub fn upon<F, T>(
    value: F,
    f: impl FnOnce(F::Output) -> T + 'static,
) -> Result<JoinHandle<T>, Refused<impl Future<Output = T>>>
where
    F: Future + 'static,
    T: 'static,
{
    spawn(handle_upon(value, f))
}

/// What [`upon`] spawns, for whoever is given an executor: `local.spawn(handle_upon(..))`. It keeps to the context of this call.
pub fn handle_upon<F: Future, T>(
    value: F,
    f: impl FnOnce(F::Output) -> T,
) -> Within<impl Future<Output = T>> {
    Context::current().within(async move { f(value.await) })
}
